"""What was: a project as of any position is the fold of its events up to there, whatever was kept meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from app.config import Settings
from app.history.checkpoints import write_checkpoints
from tests.client import JSON
from tests.conftest import Template
from tests.databases import Databases
from tests.folding import Copy
from tests.history.past import beginning, compare, then
from tests.invariants import events_over_http
from tests.service import Doors, Service, serve
from tests.test_sequences import OPERATIONS, Board
from tests.world import World


async def folded(world: World, project: JSON) -> tuple[Copy, list[JSON]]:
    """A copy that knows nothing yet, and all events of a project."""
    cursor = beginning(project)
    return Copy(project["scope"], cursor, 0), await events_over_http(world.owner, project["scope"], cursor)


async def every_moment(world: World, project: JSON, step: int = 1) -> None:
    """Compares at every so many positions, and at the last one."""
    copy, events = await folded(world, project)
    for event in events:
        copy.apply(event)
        if event["seq"] % step == 0 or event is events[-1]:
            compare(copy, await then(world.owner, project["id"], {"seq": event["seq"]}))


EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "1"))


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(operations=OPERATIONS)
async def test_any_history_as_of_every_position(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    operations: list[Any],
) -> None:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        board = Board(world)
        for place, operation in enumerate(operations):
            await board.run(operation)
            if place == len(operations) // 2:
                await write_checkpoints(service.application.store, every=4)
        await every_moment(world, world.eng)
        await every_moment(world, world.ops, step=5)


async def test_checkpoints_change_nothing_that_is_told(world: World, service: Service) -> None:
    """The same answers with none, with some, and with one at every event."""
    await world.hidden(world.eng, "owner")
    asked = [{"seq": seq} for seq in (1, 7, 12, (await world.position())["seq"])]
    store = service.application.store
    told = [await then(world.owner, world.eng["id"], at) for at in asked]
    assert await write_checkpoints(store, every=5) > 0
    assert [await then(world.owner, world.eng["id"], at) for at in asked] == told
    assert await write_checkpoints(store, every=1) > 0
    assert await write_checkpoints(store, every=1) == 0, "written once"
    assert [await then(world.owner, world.eng["id"], at) for at in asked] == told


async def test_all_that_a_project_plans_and_shows(world: World, service: Service) -> None:
    """Sprints, milestones, custom fields, transitions, views and boards, while they come, change and go."""
    made = await world.hidden(world.eng, "owner")
    sprint, milestone = await world.sprint(), await world.milestone()
    task = await world.task(sprintId=sprint["id"], milestoneId=milestone["id"])
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    await write_checkpoints(service.application.store, every=7)
    await world.owner.do("boardUpdate", id=made["Board"], expectedVersion=1, swimlanes="LABEL")
    await world.owner.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"milestoneId": None})
    for name in ("Board", "Transition"):
        version = 2 if name == "Board" else 1
        await world.owner.do(f"{name.lower()}Delete", id=made[name], expectedVersion=version)
    await world.owner.do("milestoneDelete", id=milestone["id"], expectedVersion=1)
    await every_moment(world, world.eng, step=3)


ASKED = """query($id: ID!, $at: AsOfInput!, $filter: TaskFilter!) { node(id: $id) { ... on Project { asOf(at: $at) {
  tasks(filter: $filter) { nodes { state { title } } totalCount } } } } }"""


async def test_filters_of_today_choose_among_the_tasks_of_then(world: World, service: Service) -> None:
    """By words, people and labels of then, in the checkpoint and after it."""
    label = await world.label("Urgent")
    first = await world.task("First", labelIds=[label["id"]], assigneeIds=[world.viewer.user_id], priority=2)
    await write_checkpoints(service.application.store, every=3)
    await world.task("Second", statusId=world.status("Done"))
    seq = (await world.position())["seq"]
    await world.member.do(
        "taskUpdate", id=first["id"], expectedVersion=1,
        patch={"title": "Else", "removeLabelIds": [label["id"]], "statusId": world.status("Done"), "priority": 0},
    )  # fmt: skip

    async def found(**filter: Any) -> list[str]:
        answer = await world.viewer.query(ASKED, id=world.eng["id"], at={"seq": seq}, filter=filter)
        page = answer["node"]["asOf"]["tasks"]
        assert page["totalCount"] == len(page["nodes"])
        return [node["state"]["title"] for node in page["nodes"]]

    assert await found(label={"eq": label["id"]}) == ["First"]
    assert await found(assignee={"eq": world.viewer.user_id}) == ["First"]
    assert await found(statusCategory={"eq": "COMPLETED"}) == ["Second"]
    assert await found(title={"contains": "irs"}, priority={"gte": 1}) == ["First"]
    assert await found() == ["First", "Second"]
    refused = await world.viewer.ask(
        ASKED, {"id": world.eng["id"], "at": {"seq": seq}, "filter": {"blocked": {"eq": True}}}
    )
    assert refused.codes == ["BAD_USER_INPUT"], "what other projects held then is not known"


async def test_moments_that_are_none(world: World) -> None:
    head, project = (await world.position())["seq"], world.eng["id"]
    assert await then(world.owner, project, {"time": "1999-01-01T00:00:00Z"}) is None
    assert (await then(world.owner, project, {"time": "2999-01-01T00:00:00Z"}))["position"]["seq"] == head
    cursor = (await world.position())["cursor"]
    assert (await then(world.owner, project, {"cursor": cursor}))["position"]["cursor"] == cursor
    document = "query($id: ID!, $at: AsOfInput!) { node(id: $id) { ... on Project { asOf(at: $at) { recordedAt } } } }"
    for at in (
        {"seq": head + 1},
        {"seq": -1},
        {"cursor": "x"},
        {"cursor": (await world.position(world.ops))["cursor"]},
    ):
        answer = await world.owner.ask(document, {"id": project, "at": at})
        assert answer.codes == ["BAD_USER_INPUT"], at
    hidden = await world.member.query(document, id=world.secret["id"], at={"seq": 1})
    assert hidden["node"] is None


async def test_who_has_left_sees_no_moment_of_before(world: World) -> None:
    """Hidden equals missing, also of the time in which they saw it."""
    secret, person = world.secret["id"], world.viewer
    await world.owner.do("projectMemberAdd", projectId=secret, userId=person.user_id, role="VIEWER")
    document = """query($id: ID!, $at: AsOfInput!) { node(id: $id) {
      ... on Project { asOf(at: $at) { state { name } tasks(first: 5) { nodes { key } } } } } }"""
    at = {"seq": 1}
    before = await person.query(document, id=secret, at=at)
    assert before["node"]["asOf"]["state"]["name"]
    await world.owner.do("projectMemberRemove", projectId=secret, userId=person.user_id)
    assert await person.query(document, id=secret, at=at) == {"node": None}
    assert await world.owner.query(document, id=secret, at=at) == before
