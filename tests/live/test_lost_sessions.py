"""A session of the database that ends while a frame is read: the frame is read again by another, whole."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

import app.db
from app import beginnings
from lockstep.embedded import Servers
from tests.world import World

WHO = "kind events { seq actor { name } ... on TaskEvent { task { title creator { name } } } }"


@pytest.fixture
async def ending(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Statements that hold one of these texts have their session ended under them, once for each."""
    texts: list[str] = []
    other = await asyncpg.connect(servers.admin_url)
    fetch = beginnings.fetch

    async def ended(connection: Any, text: str, *rest: Any) -> Any:
        if one := next((one for one in texts if one in text), None):
            texts.remove(one)
            pid = connection.get_server_pid()
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            while await other.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid):
                pass
        return await fetch(connection, text, *rest)

    monkeypatch.setattr(app.db, "fetch", ended)
    yield texts
    with contextlib.suppress(asyncpg.PostgresError):
        await other.close()


@pytest.mark.parametrize("text", ["FROM users", "FROM task_locations l"])
async def test_a_frame_is_read_again(world: World, ending: list[str], text: str) -> None:
    """Its first statement met the end, or another one in the middle."""
    async with world.viewer.socket() as socket:
        stream = await socket.follow(world.eng["scope"], selection=WHO)
        ending.append(text)
        # Nothing is read for the mutation's answer: only the frame asks for people and tasks.
        create = "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { errors { code } } }"
        answer = await world.member.ask(create, {"input": {"projectId": world.eng["id"], "title": "One"}})
        assert answer.data["taskCreate"]["errors"] == []
        [event] = (await stream.frame())["events"]
        assert (event["actor"], event["task"]["title"], ending) == ({"name": "Member"}, "One", [])


async def test_it_is_read_again_once(world: World, ending: list[str]) -> None:
    """Then the frame says which field could not be read, and the stream goes on."""
    async with world.viewer.socket() as socket:
        identifier = await socket.start(
            f"subscription($s: ID!) {{ events(scope: $s) {{ {WHO} }} }}", s=world.eng["scope"]
        )
        await socket.message(identifier)
        ending += ["FROM users"] * 2
        create = "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { errors { code } } }"
        for title in ("One", "Two"):
            await world.member.ask(create, {"input": {"projectId": world.eng["id"], "title": title}})
            payload = (await socket.message(identifier))["payload"]
            [event] = payload["data"]["events"]["events"]
            if title == "One":
                assert event["actor"] is None
                assert payload["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
                assert payload["errors"][0]["path"] == ["events", "events", 0, "actor"]
            else:
                assert (event["actor"], "errors" in payload) == ({"name": "Member"}, False)
