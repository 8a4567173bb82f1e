"""Snapshots begin and end by the way: whoever reads next on a connection sees none of the one before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

import app.connections
from app.db import Database, Reader
from app.errors import BadInput
from app.statements import sql
from lockstep.embedded import Servers
from tests.databases import Databases, named

WHO = sql("SELECT current_setting('transaction_isolation'), declared_scopes()::text, pg_sleep(0)")
FAILS = sql("SELECT 1 / $1::int", "n")
LATEST = sql("SELECT max(name) FROM readers_tests")
MORE = "INSERT INTO readers_tests SELECT max(name) + 1 FROM readers_tests RETURNING name"
SECONDS = app.connections.OPEN_SECONDS


@pytest.fixture(scope="module")
async def url(databases: Databases, blank: str, servers: Servers) -> AsyncIterator[str]:
    async with databases.copy_of(blank) as name:
        owner = await asyncpg.connect(named(servers.owner_url, name))
        await owner.execute(
            "CREATE TABLE readers_tests (name int); GRANT SELECT, INSERT ON readers_tests TO PUBLIC"
        )
        await owner.execute("INSERT INTO readers_tests VALUES (0)")
        await owner.close()
        yield named(servers.database_url, name)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = await Database.open(url, size=3)
    yield made
    await made.close()


async def _check(reader: Reader, viewer_id: UUID | None) -> None:
    [(isolation, scopes, _)] = await reader.rows(WHO)
    assert isolation == "repeatable read"
    assert scopes == ("{}" if viewer_id is None else f"{{{viewer_id}}}")


async def _snapshot(database: Database, chance: random.Random) -> None:
    viewer_id = chance.choice([None, uuid4()])
    reader = await database.begin(viewer_id, shared=chance.random() < 0.3, at_once=chance.random() < 0.3)
    try:
        for _ in range(chance.randrange(4)):
            await _check(reader, viewer_id)
            seen = await reader.value(LATEST)
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            assert await reader.value(LATEST) == seen, "all is of one moment"
        if chance.random() < 0.2:
            with pytest.raises(BadInput):
                await reader.row(FAILS, n=0)
    finally:
        await database.end(reader)


async def _lend(database: Database, chance: random.Random) -> None:
    reader = await database.lend()
    try:
        [(isolation, scopes, _)] = await reader.rows(WHO)
        assert (isolation, scopes) == ("read committed", "{}")
    finally:
        await database.take_back(reader)


async def _write(database: Database, chance: random.Random) -> None:
    async with database.connection() as connection:
        number = await connection.fetchval(
            "INSERT INTO readers_tests SELECT max(name) + 1 FROM readers_tests RETURNING name"
        )
    reader = await database.lend()
    try:
        assert await reader.value(LATEST) >= number, "what was committed is seen by who asks afterwards"
    finally:
        await database.take_back(reader)


async def _given_up(database: Database, chance: random.Random) -> None:
    """In the middle of whatever it was."""
    task = asyncio.create_task(_snapshot(database, chance))
    await asyncio.sleep(chance.choice([0, 0, 0.0005, 0.001, 0.002]))
    task.cancel()
    await asyncio.wait([task])


async def _pause(database: Database, chance: random.Random) -> None:
    """Long enough for what is open to be ended."""
    await asyncio.sleep(chance.choice([0, SECONDS / 2, SECONDS * 1.5]))


@pytest.mark.parametrize("seed", range(4))
async def test_readers_do_not_see_one_another(database: Database, seed: int) -> None:
    chance = random.Random(seed)

    async def somebody() -> None:
        for _ in range(25):
            await chance.choice([_snapshot, _snapshot, _snapshot, _lend, _write, _given_up, _pause])(
                database, chance
            )

    await asyncio.gather(*(somebody() for _ in range(8)))


async def test_a_first_value_that_cannot_be_sent(database: Database) -> None:
    """Nothing of the snapshot that was to begin with it is left for whoever has the connection next."""
    for viewer_id in (None, uuid4(), uuid4(), uuid4()):
        for still in (False, True):
            async with database.snapshot(viewer_id) as before:
                await _check(before, viewer_id)
            if not still:  # the connection comes without a snapshot that is over
                async with database.connection() as connection:
                    await connection.execute("SELECT")
            reader = await database.begin(viewer_id, shared=False, at_once=False)
            with pytest.raises(BadInput):
                await reader.row(FAILS, n=1 << 40)
            await database.end(reader)
            async with database.connection() as connection:
                latest = await connection.fetchval(MORE)
            async with database.snapshot(viewer_id) as after:
                assert await after.value(LATEST) == latest, "it is of now"
                await _check(after, viewer_id)


SESSION = sql("SELECT pg_backend_pid()")


@pytest.mark.parametrize("is_open", [False, True])
async def test_who_glances_after_a_session_was_ended_is_answered_by_another(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    """The connection at hand was lost while nobody used it, in a snapshot that was over or in none."""
    monkeypatch.setattr(app.connections, "OPEN_SECONDS", 60)
    reader = await database.begin() if is_open else await database.lend()
    ended = await reader.value(SESSION)
    gone = asyncio.Event()
    reader.connection.add_termination_listener(lambda _: gone.set())
    await (database.end(reader) if is_open else database.take_back(reader))
    other = await asyncpg.connect(url)
    await other.execute("SELECT pg_terminate_backend($1)", ended)
    await gone.wait()
    await other.close()
    assert [row[0] for row in await database.glance(SESSION)] != [ended]


async def test_who_glances_while_the_server_says_goodbye_is_answered_by_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncpg has read that the session ends, and not yet that it has: it refuses in its own words."""
    await database.take_back(await database.lend())

    async def refuse(*_: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    monkeypatch.setattr(app.connections, "fetch", refuse)
    assert await database.glance(SESSION)
