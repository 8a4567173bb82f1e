"""The shared proofs catch what they are for: each with a fault planted."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app import work
from app.events.deltas import delta_between
from app.tasks import decisions
from tests.client import JSON
from tests.folding import Scope
from tests.invariants import one_effect, one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World


async def test_an_event_that_tells_less_than_was_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await world.task(description="Words")

    def forgetful(*arguments: Any) -> Any:
        delta = delta_between(*arguments)
        delta.get("set", {}).pop("due_date", None)
        return delta

    async def edit() -> None:
        async with verify_events(world.owner, Scope("project", world.eng["id"])):
            patch = {"title": f"Title {uuid4()}", "dueDate": "2030-01-31"}
            await world.member.do("taskUpdate", id=task["id"], patch=patch, onConflict="OVERWRITE")

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "delta_between", forgetful)
        # What is not in the event is not written either: the delta decides on both. The fold of it holds.
        await edit()
    await edit()

    def lying(*arguments: Any) -> Any:
        delta = delta_between(*arguments)
        if "due_date" in delta.get("set", {}):
            delta["set"]["due_date"] = {"old": None, "new": "2031-12-31"}
        return delta

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "delta_between", lying)
        await world.member.do("taskUpdate", id=task["id"], patch={"dueDate": None}, onConflict="OVERWRITE")
        with pytest.raises(AssertionError):
            await edit()


async def test_an_event_that_changes_nothing(world: World) -> None:
    async def nothing() -> None:
        async with verify_events(world.owner, Scope("project", world.eng["id"])):
            await world.member.query("{ viewer { email } }")

    with pytest.raises(AssertionError, match="nothing happened"):
        await nothing()


async def test_a_key_that_is_not_looked_up(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget(*_: Any) -> None:
        return None

    given = {"projectId": world.eng["id"], "title": "Twice"}
    await one_effect(log, world.member, "taskCreate", given, {**given, "title": "Else"})
    monkeypatch.setattr(work, "kept_outcome", forget)
    monkeypatch.setattr(work, "keeping", lambda *_: None)
    with pytest.raises(AssertionError):
        await one_effect(log, world.member, "taskCreate", given, {**given, "title": "Else"})


async def test_a_refusal_that_leaves_something_behind(world: World, log: Log) -> None:
    async def refuse() -> JSON:
        await log.connection.execute("UPDATE users SET time_zone = 'Europe/Helsinki'")
        return await world.viewer.refused("taskCreate", projectId=world.eng["id"], title="x")

    with pytest.raises(AssertionError, match="users"):
        await refused_unchanged(log, refuse())


async def test_two_winners(world: World) -> None:
    async def made() -> JSON:
        return await world.member.answer("taskCreate", projectId=world.eng["id"], title="x")

    with pytest.raises(AssertionError, match="2 of 2"):
        await one_winner(made(), made())


@pytest.mark.parametrize(
    "fault",
    [
        "DELETE FROM events WHERE seq = 3",
        "UPDATE events SET recorded_at = recorded_at - interval '1 day' WHERE seq = 3",
        "UPDATE scopes SET seq = seq + 1 WHERE kind = 'project'",
    ],
)
async def test_a_log_with_a_hole(world: World, log: Log, fault: str) -> None:
    await log.check_order()
    await log.connection.execute("SET session_replication_role = replica")
    await log.connection.execute(fault)
    with pytest.raises(AssertionError):
        await log.check_order()
