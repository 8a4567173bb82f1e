"""Statements that are collected answer as they do one by one, whoever waits for what, and whichever of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import app.collecting
from app.collecting import Collector, Combinations, Combined, Together, side_by_side
from app.db import Database, Reader
from app.errors import BadInput, ClientError
from app.statements import Statement, sql
from lockstep.embedded import Servers
from tests.databases import Databases, named

Ask = tuple[str, int, dict[str, Any]]
"""A statement: ("ask", which one, its parameters)."""
Node = Any
"""What one coroutine does: statements, waiting (for the loop, or a while) and nodes side by side, in their order."""

COUNTED = sql(
    "SELECT n, n * $1::int AS times, NULL::text AS nothing FROM generate_series(1, $2::int) n", "by", "most"
)
SAID = sql("SELECT $1::text AS said, $2::text AS again", "said", "again")
LISTED = sql("SELECT id, ordinal FROM unnest($1::uuid[]) WITH ORDINALITY AS given(id, ordinal)", "ids")
SHAPED = sql(
    """SELECT '{"a": [1]}'::jsonb AS json, now() AS at, ARRAY[1, NULL] AS list, 1.5::float8 AS real"""
)
NOBODY = sql("SELECT 1 AS one WHERE $1::int < 0", "n")
ALIKE = sql("SELECT $1::int AS same, 2 AS same", "n")
"""Cannot be put together with others: its columns cannot be told apart."""
REFUSED = sql("SELECT 1 / $1::int AS one", "n")

LONG = "words " * 30
WORDS = st.sampled_from(["", "a", "ä\n'\"$1", LONG])
IDS = st.lists(st.uuids(), max_size=3)
STATEMENTS: dict[str, tuple[Statement[Any], st.SearchStrategy[dict[str, Any]]]] = {
    "counted": (COUNTED, st.fixed_dictionaries({"by": st.integers(-5, 5), "most": st.integers(0, 4)})),
    "said": (SAID, st.fixed_dictionaries({"said": WORDS, "again": WORDS})),
    "listed": (LISTED, st.fixed_dictionaries({"ids": IDS})),
    "shaped": (SHAPED, st.just({})),
    "nobody": (NOBODY, st.just({"n": 1})),
    "alike": (ALIKE, st.fixed_dictionaries({"n": st.integers(0, 9)})),
}

asks = st.one_of(*[st.tuples(st.just(name), given) for name, (_, given) in STATEMENTS.items()])
waits = st.sampled_from(["turn", "while"])
trees = st.recursive(
    st.lists(asks | waits, max_size=3),
    lambda inner: st.lists(asks | waits | st.lists(inner, min_size=1, max_size=4), max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
async def database(databases: Databases, blank: str, servers: Servers) -> AsyncIterator[Database]:
    async with databases.copy_of(blank) as name:
        made = await Database.open(named(servers.database_url, name), size=2)
        yield made
        await made.close()


def _plain(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


async def _run(reader: Reader, node: Node, together: Callable[..., Any]) -> list[Any]:
    found: list[Any] = []
    for step in node:
        if step == "turn":
            await asyncio.sleep(0)
        elif step == "while":
            await asyncio.sleep(0.0005)
        elif isinstance(step, tuple):
            statement, parameters = STATEMENTS[step[0]][0], step[1]
            rows: Any = await reader.rows(statement, **parameters)
            found.append((_plain(rows), [row.n for row in rows] if step[0] == "counted" else None))
        else:
            found.append(await together([_run(reader, one, together) for one in step]))
    return found


async def _one_by_one(coroutines: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    return [await one for one in coroutines]


async def _collected(reader: Reader, coroutine: Coroutine[Any, Any, Any]) -> Any:
    collector = reader.collector = Collector()
    try:
        return await collector.run(coroutine)
    finally:
        reader.collector = None


async def _both(database: Database, tree: Node) -> tuple[Any, Any]:
    reader = await database.begin(shared=False)
    try:
        alone = await _run(reader, tree, _one_by_one)
        return alone, await _collected(reader, _run(reader, tree, Together))
    finally:
        await database.end(reader)


@given(tree=trees)
@settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
async def test_collected_or_not_rows_are_the_same(database: Database, tree: Node) -> None:
    alone, together = await _both(database, tree)
    assert alone == together


async def test_those_that_wait_at_once_go_in_one_round_trip(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    fetch = Reader._fetch

    async def counted(reader: Reader, text: str, *given: Any, **named: Any) -> Any:
        sent.append(text)
        return await fetch(reader, text, *given, **named)

    monkeypatch.setattr(Reader, "_fetch", counted)
    asked = [("counted", {"by": 2, "most": 3}), ("said", {"said": LONG, "again": LONG}), ("shaped", {})]
    _, together = await _both(database, [[[one] for one in asked]])
    assert len(together[0]) == 3
    assert len(sent) == 4, "three alone, then one"
    assert sent[3].count("ARRAY(") == 3
    assert "$3" in sent[3]
    assert "$4" not in sent[3], "a long text is sent once"


async def test_a_value_that_cannot_be_sent_fails_alone(database: Database) -> None:
    reader = await database.begin(shared=False)

    async def asked(statement: Statement[Any], **given: Any) -> Any:
        try:
            return _plain(await reader.rows(statement, **given))
        except Exception as error:  # noqa: BLE001 -- is looked at below
            return error

    try:
        first, second, third = await _collected(
            reader,
            _all(
                [asked(COUNTED, by=1, most=1), asked(NOBODY, n="no number"), asked(SAID, said="a", again="b")]
            ),
        )
        assert first == [(1, 1, None)]
        assert isinstance(second, BadInput)
        assert third == [("a", "b")] or isinstance(third, BadInput), "what came before it is there"
    finally:
        await database.end(reader)


async def test_what_postgres_refuses_fails_those_sent_with_it(database: Database) -> None:
    """And what is asked afterwards: the transaction is over. The connection is as good as before."""
    reader = await database.begin(shared=False)
    try:
        with pytest.raises(BadInput):
            await _collected(
                reader, _all([reader_rows(reader, COUNTED, by=1, most=1), reader_rows(reader, REFUSED, n=0)])
            )
        with pytest.raises(BadInput):
            await reader.rows(COUNTED, by=1, most=1)
    finally:
        await database.end(reader)
    again = await database.begin(shared=False)
    assert _plain(await again.rows(COUNTED, by=1, most=1)) == [(1, 1, None)]
    await database.end(again)


async def test_an_error_of_one_ends_the_others(database: Database) -> None:
    """They are closed where they wait, and nothing of them is left."""
    reader = await database.begin(shared=False)
    closed = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def failing() -> None:
        await reader.rows(COUNTED, by=1, most=1)
        raise ValueError("mine")

    try:
        with pytest.raises(ValueError, match="mine"):
            await _collected(reader, _all([waiting(), failing()]))
        assert closed == [True]
        assert await reader.rows(COUNTED, by=1, most=1)
    finally:
        await database.end(reader)


async def test_side_by_side_or_one_after_the_other(database: Database) -> None:
    """An error of the first leaves nothing of the second, which may not have begun."""
    reader = await database.begin(shared=False)
    begun = []

    async def failing() -> None:
        raise ValueError("mine")

    async def second() -> int:
        begun.append(True)
        return len(await reader.rows(COUNTED, by=1, most=2))

    try:
        assert await side_by_side(reader, second(), second()) == [2, 2]
        assert await _collected(reader, side_by_side(reader, second(), second())) == [2, 2]
        del begun[:]
        with pytest.raises(ValueError, match="mine"):
            await side_by_side(reader, failing(), second())
        assert not begun
    finally:
        await database.end(reader)


async def test_who_is_given_up_gives_up_all(database: Database) -> None:
    reader = await database.begin(shared=False)
    ended: list[str] = []

    async def waiting(name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(name)
            raise

    task = asyncio.create_task(_collected(reader, _all([waiting("one"), waiting("two")])))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["one"] or sorted(ended) == ["one", "two"]
    await database.end(reader)


async def test_tasks_of_their_own_are_not_collected(database: Database) -> None:
    """Whoever reads in another task waits by themselves: nobody else would go on with it."""
    reader = await database.begin(shared=False)

    async def both() -> list[Any]:
        return list(
            await asyncio.gather(reader_rows(reader, COUNTED, by=1, most=1), reader_rows(reader, SHAPED))
        )

    try:
        counted, shaped = await _collected(reader, both())
        assert counted[0].times == 1
        assert shaped[0].real == 1.5
    finally:
        await database.end(reader)


async def test_the_least_recently_used_leave() -> None:
    known = Combinations(most=2)
    wants = [_Text(f"SELECT {number} AS n") for number in range(3)]

    async def columns(text: str) -> tuple[str, ...]:
        asked.append(text)
        return ("n",)

    asked: list[str] = []
    for one in (0, 1, 0, 2, 0, 1):
        assert await known.find([wants[one]], [()], columns) is not None  # type: ignore[list-item]
    assert asked == ["SELECT 0 AS n", "SELECT 1 AS n", "SELECT 2 AS n", "SELECT 1 AS n"]


def _swapped(patch: pytest.MonkeyPatch) -> None:
    rows = Combined.rows
    patch.setattr(Combined, "rows", lambda combined, row: rows(combined, row)[::-1])


def _without_places(patch: pytest.MonkeyPatch) -> None:
    """Each statement finds the parameters of the first."""
    patch.setattr(app.collecting, "_renumbered", lambda text, numbers: text)


def _lost(patch: pytest.MonkeyPatch) -> None:
    """The last of those that wait is given nothing."""
    rows = Combined.rows
    patch.setattr(Combined, "rows", lambda combined, row: [*rows(combined, row)[:-1], []])


@pytest.mark.parametrize("plant", [_swapped, _without_places, _lost])
async def test_a_planted_fault_is_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    monkeypatch.setattr("app.db._TOGETHER", Combinations())
    tree = [
        [
            [("counted", {"by": 2, "most": 3})],
            [("said", {"said": "a", "again": "b"})],
            [("listed", {"ids": [UUID(int=1)]})],
        ]
    ]
    alone, together = await _both(database, tree)
    assert alone == together
    monkeypatch.setattr("app.db._TOGETHER", Combinations())
    plant(monkeypatch)
    try:
        alone, together = await _both(database, tree)
    except (AttributeError, asyncpg.PostgresError, ClientError):
        return  # PostgreSQL, or whoever reads the rows, has seen it
    assert alone != together


class _Text:
    record_class = None

    def __init__(self, text: str) -> None:
        self.text = text


async def reader_rows(reader: Reader, statement: Statement[Any], **given: Any) -> list[Any]:
    return await reader.rows(statement, **given)


async def _all(coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    found: list[Any] = await Together(coroutines)
    return found
