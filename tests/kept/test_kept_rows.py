"""Rows that are kept are those that would be read: after any write, for everybody who may read them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import kept_rows
from app.accounts.models import User
from app.config import Settings
from app.kept_rows import MET, KeptRows
from app.statements import row_class
from tests.conftest import Template
from tests.service import Doors, serve
from tests.world import World

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "6"))
PERSON = "id name avatarUrl kind version mention"
TASKS = f"""{{ project(key: "ENG") {{ statuses {{ id name color }} labels {{ name }} taskTypes {{ name }}
  tasks(first: 20) {{ nodes {{ key status {{ id name category }} type {{ name }} creator {{ {PERSON} }}
    assignees {{ {PERSON} }} labels {{ id name color }} comments(first: 5) {{ nodes {{ author {{ {PERSON} }} }} }}
  }} }} }} }}"""
TASK = f'{{ task(key: "ENG-1") {{ status {{ name }} assignees {{ {PERSON} }} labels {{ name version }} }} }}'


@pytest.fixture
async def worlds(
    doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template, logged: list[Any]
) -> AsyncIterator[tuple[World, World]]:
    """Behind one process that keeps rows and foresees what it is asked again, and one that keeps nothing."""
    async with AsyncExitStack() as stack:
        made = []
        for rows in (1000, 0):
            given = make_settings(database, kept_bytes=0, kept_rows=rows, foreseen_questions=rows)
            made.append(World(await stack.enter_async_context(serve(doors, given)), template.kept))
        yield made[0], made[1]


async def _who(world: World, of: str) -> tuple[str, str, int]:
    found = (await world.person(of).ask("{ viewer { user { id name version } } }")).data["viewer"]["user"]
    return found["id"], found["name"], found["version"]


async def _rename(world: World, number: int) -> None:
    who = ("member", "guest", "viewer")[number % 3]
    _, _, version = await _who(world, who)
    name = f"{'ÅbzA'[number % 4]} {number % 7}"
    await world.person(who).do("profileUpdate", name=name, expectedVersion=version)


async def _words(world: World, number: int) -> None:
    project = (
        await world.owner.ask('{ project(key: "ENG") { labels { id version } statuses { id version } } }')
    ).data["project"]
    kind = ("label", "status")[number % 2]
    word = project[f"{kind}{'s' if kind == 'label' else 'es'}"][0]
    if kind == "label" and number % 4 == 0:
        await world.owner.do("labelDelete", id=word["id"], expectedVersion=word["version"])
        await world.label(f"New {uuid4()}")
        return
    given = {"id": word["id"], "expectedVersion": word["version"], "name": f"Word {uuid4()}"}
    await world.owner.do(f"{kind}Update", **given)


async def _leave(world: World, number: int) -> None:
    place = {"workspaceId": world.workspace["id"]}
    await world.owner.answer("workspaceMemberRemove", **place, userId=world.guest.user_id)


async def _return(world: World, number: int) -> None:
    place = {"workspaceId": world.workspace["id"]}
    await world.owner.answer("workspaceMemberAdd", **place, email=world.guest.email)
    given = {"projectId": world.eng["id"], "userId": world.guest.user_id, "role": "MEMBER"}
    await world.owner.answer("projectMemberAdd", **given)


async def _task(world: World, number: int) -> None:
    labels = (await world.owner.ask('{ project(key: "ENG") { labels { id } } }')).data["project"]["labels"]
    people = [world.member.user_id, world.viewer.user_id, world.manager.user_id]
    made = await world.task(f"{number}", assigneeIds=people, labelIds=[one["id"] for one in labels[:2]])
    await world.comment(made, "Words", by=("member", "manager")[number % 2])


WRITES = (_rename, _words, _leave, _return, _task)
READERS = ("owner", "member", "viewer", "guest", "colleague")


@settings(
    deadline=None, max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(st.tuples(st.integers(0, len(WRITES) - 1), st.integers(0, 20)), min_size=3, max_size=8))
async def test_whatever_is_written_what_is_kept_is_what_would_be_read(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, steps: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(kept_rows, "MET", 0)
    keeping, fresh = worlds
    await keeping.label(f"First {uuid4()}")
    task = await keeping.task("One", assigneeIds=[keeping.member.user_id, keeping.guest.user_id])
    await keeping.comment(task, "Mine", by="guest")
    for what, number in steps:
        await WRITES[what](fresh, number)
        for _ in range(3):
            for name in READERS:
                for document in (TASKS, TASK):
                    one = await keeping.person(name).ask(document)
                    other = await fresh.person(name).ask(document)
                    for part in ("data", "extensions"):
                        assert orjson.dumps(one.json.get(part)) == orjson.dumps(other.json.get(part)), name
        await _return(fresh, 0)


async def test_what_is_kept_is_not_read(worlds: tuple[World, World]) -> None:
    keeping, fresh = worlds
    label = await keeping.label("A label")
    task = await keeping.task("One", assigneeIds=[keeping.member.user_id], labelIds=[label["id"]])
    await keeping.comment(task, "Words")
    counts = []
    for world in (keeping, fresh):
        for _ in range(MET + 2):
            await world.member.ask(TASKS)
        with world.service.statements() as counted:
            await world.member.ask(TASKS)
        counts.append(_told(counted))
    assert " users " in counts[1]
    assert " users " not in counts[0]
    assert len(counts[0]) < len(counts[1])


async def test_a_guests_people_are_read(worlds: tuple[World, World]) -> None:
    """They are not told where the directory's log stands."""
    keeping, _ = worlds
    await keeping.task("One", assigneeIds=[keeping.member.user_id])
    for name in ("member", "guest"):
        for _ in range(MET + 2):
            await keeping.person(name).ask(TASKS)
        with keeping.service.statements() as counted:
            await keeping.person(name).ask(TASKS)
        assert (" users " in _told(counted)) == (name == "guest")


def _told(counted: Any) -> str:
    return " ".join(" ".join(str(one).split()) for one in counted.texts)


def _rows(number: int) -> list[Any]:
    made = type("Row", (tuple,), {"model": row_class(User).model})
    return [made((uuid4(),)) for _ in range(number)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 40)), max_size=60))
def test_never_more_rows_than_there_is_room_for(steps: list[tuple[int, int, int]]) -> None:
    kept = KeptRows(100)
    for where, stamp, number in steps:
        if kept.wanted(where, stamp):
            kept.put(where, stamp, ("id",), _rows(number))
            assert kept.find(where, stamp) is not None
        assert kept.find(where, stamp + 1) is None
        held = [place.listing for place in kept._places.values() if place.listing is not None]
        assert kept.size == sum(len(listing.rows) for listing in held) <= 100


def test_large_places_are_not_kept() -> None:
    kept = KeptRows(10_000)
    assert [kept.wanted("place", 1) for _ in range(MET + 1)] == [False] * MET + [True]
    kept.put("place", 1, ("id",), _rows(kept_rows.MOST + 1))
    assert kept.find("place", 1) is None
    assert not kept.wanted("place", 1)
