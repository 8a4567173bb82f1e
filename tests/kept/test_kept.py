"""An answer is given again exactly while it is what would be read: never after a commit that changes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Answer, Client
from tests.kept.conftest import Processes, outcomes
from tests.world import World

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "12"))
BOARD = """query($id: ID!) { node(id: $id) { ... on Project { name viewerRole viewerCanUpdate
  statuses { name tasks(first: 20) { nodes { key title version assignees { name } labels { name } commentCount
    viewerCanUpdate } } } } } }"""
TASK = """query($id: ID!) { node(id: $id) { ... on Task { title status { name } project { name workspace { name } }
  comments(first: 5) { nodes { body author { name } viewerCanUpdate } } } } }"""
TITLES = "query($id: ID!) { node(id: $id) { ... on Project { tasks(first: 5) { nodes { title } } } } }"


async def seen(client: Client, id_: str, document: str = BOARD) -> Answer:
    return await client.ask(document, {"id": id_})


async def hit(client: Client, id_: str, document: str = BOARD) -> bool:
    """Whether asking again is answered by what was kept."""
    before = outcomes("hit")
    await seen(client, id_, document)
    return outcomes("hit") > before


@pytest.mark.parametrize("reader", ["one", "other"])
async def test_who_asks_after_a_commit_sees_it(processes: Processes, reader: str) -> None:
    """Written by one process, read from each; nothing is waited for in between."""
    one, world = processes.one, getattr(processes, reader)
    task = await one.task("0")
    version = task["version"]
    for number in range(1, 15):
        edited = await one.member.do(
            "taskUpdate", id=task["id"], expectedVersion=version, patch={"title": str(number)}
        )
        version = edited["task"]["version"]
        nodes = (await seen(world.viewer, one.eng["id"], TITLES)).data["node"]["tasks"]["nodes"]
        assert {"title": str(number)} in nodes
        assert await hit(world.viewer, one.eng["id"], TITLES)


@pytest.mark.parametrize("reader", ["one", "other"])
async def test_a_role_that_was_taken_away_counts_at_once(processes: Processes, reader: str) -> None:
    one, world = processes.one, getattr(processes, reader)
    eng, guest = one.eng["id"], one.guest.user_id
    for _ in range(5):
        assert (await seen(world.guest, eng)).data["node"]["viewerRole"] == "MEMBER"
        assert await hit(world.guest, eng)
        await one.owner.do("projectMemberUpdate", projectId=eng, userId=guest, role="VIEWER")
        assert (await seen(world.guest, eng)).data["node"]["viewerCanUpdate"] is False
        assert await hit(world.guest, eng)
        await one.owner.do("projectMemberRemove", projectId=eng, userId=guest)
        assert (await seen(world.guest, eng)).data == {"node": None}
        assert (await seen(world.viewer, eng)).data["node"]
        await one.owner.do("projectMemberAdd", projectId=eng, userId=guest, role="MEMBER")


async def test_an_answer_is_shared_by_who_may_do_the_same(processes: Processes) -> None:
    world = processes.one
    await world.task("One")
    answer = await seen(world.member, world.eng["id"])
    assert not await hit(world.viewer, world.eng["id"])
    await world.owner.do(
        "projectMemberAdd", projectId=world.eng["id"], userId=world.colleague.user_id, role="MEMBER"
    )
    await seen(world.member, world.eng["id"])
    assert await hit(world.colleague, world.eng["id"])
    assert not await hit(world.outsider, world.eng["id"])
    assert answer.json["extensions"]["cost"]["spent"] > 5


async def test_what_is_the_viewers_own_is_shared_with_nobody(processes: Processes) -> None:
    """A member's own comment: others in the same role may not edit it."""
    world = processes.one
    await world.owner.do(
        "projectMemberAdd", projectId=world.eng["id"], userId=world.colleague.user_id, role="MEMBER"
    )
    task = await world.task("One")
    await world.comment(task, "Mine", by="member")
    answers = [
        await seen(person, task["id"], TASK) for person in (world.member, world.colleague) for _ in range(2)
    ]
    told = [answer.data["node"]["comments"]["nodes"][0]["viewerCanUpdate"] for answer in answers]
    assert told == [True, True, False, False]
    assert await hit(world.member, task["id"], TASK)


async def test_who_has_left_is_shown_under_their_name_of_now(processes: Processes) -> None:
    """No log of the workspace tells of them any more, but their name is in its answers."""
    one, other = processes.one, processes.other
    task = await one.task("One")
    await one.comment(task, "Bye", by="guest")
    await one.owner.do("workspaceMemberRemove", workspaceId=one.workspace["id"], userId=one.guest.user_id)
    assert (await seen(other.member, task["id"], TASK)).data
    assert await hit(other.member, task["id"], TASK)
    await one.guest.do("profileUpdate", name="Somebody Else", expectedVersion=1)
    nodes = (await seen(other.member, task["id"], TASK)).data["node"]["comments"]["nodes"]
    assert nodes[0]["author"]["name"] == "Somebody Else"


NOBODY = "VXNlcjowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA"
FILTERED = '... on Project {{ tasks(filter: {{dueDate: {{lt: "{}"}}}}) {{ nodes {{ id }} }} }}'


@pytest.mark.parametrize(
    ("within", "beside", "reason"),
    [
        ("... on Task { links { __typename } }", "", None),  # it is no task
        ("", "viewer { email }", "field"),
        ("", "rateLimit { remaining }", "field"),
        ("", "__schema { queryType { name } }", "field"),
        ("", 'none: task(key: "ENG-999") { id }', None),
        ("", f'none: nodes(ids: ["{NOBODY}"]) {{ id }}', "missing"),
        ("... on Project { tasks(first: 501) { nodes { id } } }", "", "errors"),
        (FILTERED.format("today"), "", "time"),
        (FILTERED.format("2030-01-01"), "", None),
    ],
)
async def test_what_may_change_unnoticed_is_not_kept(
    processes: Processes, within: str, beside: str, reason: str | None
) -> None:
    world = processes.one
    document = f"query($id: ID!) {{ node(id: $id) {{ id {within} }} {beside} }}"
    before = outcomes(f"not kept: {reason}")
    await seen(world.member, world.eng["id"], document)
    again = await hit(world.member, world.eng["id"], document)
    assert again == (reason is None)
    assert (outcomes(f"not kept: {reason}") - before == 2) == (reason is not None)


async def test_who_signed_out_is_given_nothing(processes: Processes) -> None:
    world = processes.one
    client = await world.service.client().sign_in(world.member.email)
    assert (await seen(client, world.eng["id"])).data
    assert await hit(client, world.eng["id"])
    await client.do("signOut")
    assert (await seen(client, world.eng["id"])).codes == ["UNAUTHENTICATED"]


@dataclass(frozen=True)
class Step:
    """Somebody writes at one process, or reads at another."""

    what: int
    place: int
    who: int
    which: int


STEPS = st.lists(
    st.builds(Step, st.integers(0, 13), st.integers(0, 1), st.integers(0, 3), st.integers(0, 1)),
    min_size=8,
    max_size=30,
)
READERS = ("member", "viewer", "guest", "colleague")


@settings(
    deadline=None, max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=STEPS)
async def test_kept_and_fresh_answers_are_the_same(processes: Processes, steps: list[Step]) -> None:
    """Random writes and reads at two processes: each read is what a process without kept answers says."""
    one, other, forgetful = processes.all
    tasks = [await one.task(f"Task {number}") for number in range(2)]
    for number, step in enumerate(steps):
        world = (one, other)[step.place]
        task = tasks[step.which]
        if step.what < len(WRITES):
            await WRITES[step.what](world, task, number)
            continue
        name = READERS[step.who]
        for id_, document in ((one.eng["id"], BOARD), (task["id"], TASK), (one.eng["id"], TITLES)):
            kept = await seen(world.person(name), id_, document)
            fresh = await seen(forgetful.person(name), id_, document)
            for part in ("data", "extensions"):
                assert orjson.dumps(kept.json.get(part)) == orjson.dumps(fresh.json.get(part))


async def _title(world: World, task: Any, number: int) -> None:
    patch = {"title": f"Title {number}"}
    await world.member.answer(
        "taskUpdate", id=task["id"], expectedVersion=None, onConflict="OVERWRITE", patch=patch
    )


async def _comment(world: World, task: Any, number: int) -> None:
    await world.comment(task, f"Comment {number}", by="member")


async def _rename(world: World, task: Any, number: int) -> None:
    await world.member.answer("profileUpdate", name=f"Member {number}", expectedVersion=1)


async def _project(world: World, task: Any, number: int) -> None:
    await world.owner.answer("projectUpdate", id=world.eng["id"], name=f"Engine {number}", expectedVersion=1)


async def _workspace(world: World, task: Any, number: int) -> None:
    await world.owner.answer(
        "workspaceUpdate", id=world.workspace["id"], name=f"Works {number}", expectedVersion=1
    )


async def _demote(world: World, task: Any, number: int) -> None:
    role = ("VIEWER", "MEMBER", "MANAGER")[number % 3]
    await world.owner.answer(
        "projectMemberUpdate", projectId=world.eng["id"], userId=world.guest.user_id, role=role
    )


async def _remove(world: World, task: Any, number: int) -> None:
    await world.owner.answer("projectMemberRemove", projectId=world.eng["id"], userId=world.guest.user_id)


async def _add(world: World, task: Any, number: int) -> None:
    given = {"projectId": world.eng["id"], "userId": world.guest.user_id, "role": "MEMBER"}
    await world.owner.answer("projectMemberAdd", **given)


async def _label(world: World, task: Any, number: int) -> None:
    await world.label(f"Label {number} {datetime.now(UTC) + timedelta(0)}")


WRITES = (_title, _comment, _rename, _project, _workspace, _demote, _remove, _add, _label)
