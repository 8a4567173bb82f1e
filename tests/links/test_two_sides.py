"""Links between projects, for who sees one side: nothing of the other, in lists, counts, refusals and events."""

from __future__ import annotations

from typing import Any

import pytest

from app.links import actions
from app.tasks.reads import locate_tasks
from tests.client import JSON, mutation_document
from tests.invariants import events_over_http, hidden_equals_missing, missing
from tests.service import Service
from tests.world import World, uuids

LINKS = """query($id: ID!) { node(id: $id) { ... on Task {
  links { direction task { id } link { id source { id } target { id } viewerCanRemove } } } } }"""
NODE = "query($id: ID!) { node(id: $id) { id } }"


async def across(world: World) -> tuple[JSON, JSON, str]:
    """A task of ENG that blocks one of OPS, and the link: `member` sees both sides, `manager` ENG alone."""
    here = await world.task("Here")
    there = await world.task("There", projectId=world.ops["id"])
    payload = await world.member.do("linkAdd", sourceId=here["id"], kind="blocks", targetId=there["id"])
    return here, there, payload["link"]["id"]


async def test_both_ends_or_no_link(world: World, service: Service) -> None:
    here, there, link = await across(world)
    (seen,) = (await world.member.query(LINKS, id=here["id"]))["node"]["links"]
    assert seen["task"] == {"id": there["id"]}
    assert seen["link"] == {
        "id": link, "source": {"id": here["id"]}, "target": {"id": there["id"]}, "viewerCanRemove": True,
    }  # fmt: skip
    for person in (world.manager, world.viewer, world.guest):
        assert (await person.query(LINKS, id=here["id"]))["node"]["links"] == []
        assert (await person.query(NODE, id=link))["node"] is None
        await hidden_equals_missing(service, person, NODE, {"id": ""}, ("id",), link)
        await hidden_equals_missing(
            service, person, mutation_document("linkRemove"), {"input": {"id": ""}}, ("input", "id"), link
        )
    # Who sees the far side alone sees as little of it.
    await world.owner.do("projectMemberAdd", projectId=world.ops["id"], userId=world.colleague.user_id)
    assert (await world.colleague.query(LINKS, id=there["id"]))["node"]["links"] == []
    assert (await world.colleague.refused("linkRemove", id=link))["code"] == "NOT_FOUND"


async def test_its_events_name_nothing_of_the_other_side(world: World) -> None:
    cursor = (await world.position())["cursor"]
    here, there, _ = await across(world)
    events = await events_over_http(world.manager, world.eng["scope"], cursor)
    (added,) = [one for one in events if one["kind"] == "LinkAdded"]
    state = added["LinkState"]
    assert (state["sourceTaskId"], state["targetTaskId"]) == (here["id"], None)
    hidden = [
        there["id"],
        world.ops["id"],
        *(one.hex for one in uuids(there["id"])),
        str(uuids(there["id"])[0]),
    ]
    assert not any(one in str(events) for one in hidden)


async def test_it_appears_and_disappears_with_the_far_side(world: World) -> None:
    here, _, link = await across(world)
    team = await world.team("manager", roles={"ops": "VIEWER"})
    (seen,) = (await world.manager.query(LINKS, id=here["id"]))["node"]["links"]
    assert seen["link"]["viewerCanRemove"], "they may edit one of its ends"
    await world.owner.do("teamMemberRemove", teamId=team["id"], userId=world.manager.user_id)
    assert (await world.manager.query(LINKS, id=here["id"]))["node"]["links"] == []
    await world.owner.do("teamMemberAdd", teamId=team["id"], userId=world.manager.user_id)
    await world.manager.do("linkRemove", id=link)
    assert (await world.member.query(LINKS, id=here["id"]))["node"]["links"] == []


async def chain(world: World, hidden: int) -> tuple[str, str, str]:
    """(first, last, key): a first task of ENG blocks a last one through so many of OPS."""
    first, last = (await world.task("First"))["id"], (await world.task("Last"))["id"]
    steps = [(await world.task("Between", projectId=world.ops["id"]))["id"] for _ in range(hidden)]
    for source, target in zip([first, *steps], [*steps, last], strict=True):
        await world.member.do("linkAdd", sourceId=source, kind="blocks", targetId=target)
    return first, last, steps[0]


async def refusal(world: World, person: str, first: str, last: str) -> JSON:
    """The error that answers a link that would close a cycle, with its two ends told by name."""
    error = await world.person(person).refused("linkAdd", sourceId=last, kind="blocks", targetId=first)
    names = {first: "first", last: "last"}
    return {**error, "cycle": [names.get(one, "between") for one in error["cycle"]]}


async def test_a_cycle_through_what_is_hidden_tells_nothing_of_it(world: World) -> None:
    """Neither which tasks are between, nor how many, nor which visible ones they lead through."""
    answers: list[JSON] = []
    for hidden in (1, 3):
        first, last, _ = await chain(world, hidden)
        answers.append(await refusal(world, "manager", first, last))
        assert (await refusal(world, "member", first, last))["cycle"] == [
            "last", "first", *["between"] * hidden, "last",
        ]  # fmt: skip
    assert answers[0] == answers[1]
    assert (answers[0]["code"], answers[0]["cycle"]) == ("CYCLE_REFUSED", ["last", "first", "last"])


async def test_a_visible_task_beyond_hidden_ones_is_not_told_either(world: World) -> None:
    first, last, between = await chain(world, 1)
    beyond = (await world.task("Beyond"))["id"]
    await world.member.do("linkAdd", sourceId=last, kind="blocks", targetId=beyond)
    error = await world.manager.refused("linkAdd", sourceId=beyond, kind="blocks", targetId=first)
    assert error["cycle"] == [beyond, first, beyond], (
        "`last` is visible, but it is reached through what is not"
    )
    assert between not in str(error)


async def test_a_link_to_what_is_hidden_is_a_link_to_nothing(world: World, service: Service) -> None:
    here, there, _ = await across(world)
    for end in ("sourceId", "targetId"):
        given = {"sourceId": here["id"], "kind": "relates", "targetId": here["id"], end: ""}
        document = mutation_document("linkAdd")
        await hidden_equals_missing(
            service, world.manager, document, {"input": given}, ("input", end), there["id"]
        )
    assert missing(there["id"]) != there["id"]


async def test_a_planted_path_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the whole path told, as far as it is visible, the proofs above would fail."""

    async def everything(work: Any, viewer_id: Any, task_ids: Any) -> dict[Any, None]:
        return dict.fromkeys(task_ids)

    first, last, between = await chain(world, 1)
    with monkeypatch.context() as patch:
        patch.setattr(actions, "locate_tasks", _both(locate_tasks, everything))
        error = await world.manager.refused("linkAdd", sourceId=last, kind="blocks", targetId=first)
    assert between in error["cycle"]


def _both(real: Any, planted: Any) -> Any:
    """The real one for the two ends that are asked for first, the planted one after."""
    rounds = iter([real])

    async def one(*arguments: Any) -> Any:
        return await next(rounds, planted)(*arguments)

    return one
