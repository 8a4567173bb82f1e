"""Ways for what is in a sprint at some stage."""

from __future__ import annotations

from tests.client import JSON
from tests.workflows.test_transitions import available, move, way
from tests.world import World


async def test_a_way_for_what_is_in_a_sprint_at_work(world: World) -> None:
    """Also one that the same edit brings it to; a sprint that ended counts no more."""
    conditions = [{"sprintStages": ["ACTIVE", "ACTIVE"]}]
    made = await way(world, "Start", None, "In progress", conditions=conditions)
    assert [(one["kind"], one["sprintStages"]) for one in made["conditions"]] == [
        ("SPRINT_STAGES", ["ACTIVE"])
    ]
    sprint, task, started = await world.sprint(), await world.task(), world.status("In progress")
    planned = await world.task(sprintId=sprint["id"])
    for one in (task, planned):
        (error,) = (await move(world.member, one, started))["errors"]
        assert [(one["kind"], one["sprintStages"]) for one in error["reasons"]] == [
            ("SPRINT_STAGES", ["ACTIVE"])
        ]
        assert not (await available(world.member, one))["In progress"]["allowed"]
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    assert (await available(world.member, planned))["In progress"]["allowed"]
    assert (await move(world.member, planned, started))["errors"] == []
    patch = {"statusId": started, "sprintId": sprint["id"]}
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
    error = await world.owner.refused("transitionCreate", projectId=world.eng["id"], name="None",
        toStatusId=started, conditions=[{"sprintStages": []}])  # fmt: skip
    assert error["code"] == "VALIDATION_FAILED"
    items = [{"id": (await world.task())["id"], "expectedVersion": 1}]
    bulk: JSON = {"items": items, "atomic": False, "clientMutationId": "018f0000-0000-7000-8000-000000000003"}
    first = await world.member.do("taskBulkUpdate", patch={"statusId": started}, **bulk)
    again = await world.member.do("taskBulkUpdate", patch={"statusId": started}, **bulk)
    assert first == again
    assert again["results"][0]["error"]["reasons"][0]["sprintStages"] == ["ACTIVE"]
