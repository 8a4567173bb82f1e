"""The bench's data suits the database as it is, and its peers are asked what we are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from app.config import Settings
from benchmarks.data import Stage, fill
from benchmarks.figures.reads import DifferentAnswer, same_answer
from benchmarks.operations import Operation, board, comparable, page, task
from benchmarks.peers.json_agg.statements import BOARD, PAGE, TASK
from lockstep.embedded import Servers
from tests.databases import Databases, named
from tests.service import Doors, Service, serve

ASKED = (
    (board("B0"), BOARD, ("B0", 500)),
    (page("B0", 7), PAGE, ("B0", 7)),
    (task("B0-1"), TASK, ("B0", 1, 20)),
)


@pytest.fixture(scope="module")
async def filled(
    databases: Databases,
    blank: str,
    doors: Doors,
    make_settings: Callable[..., Settings],
    servers: Servers,
    quiet: None,
) -> AsyncIterator[tuple[Service, Stage, str]]:
    """A service on little of the bench's data, whom to ask as, and the owner's address of the database."""
    async with databases.copy_of(blank) as database, serve(doors, make_settings(database)) as service:
        made = await fill(service.url, named(servers.admin_url, database), [30, 3], people=5)
        yield service, made, named(servers.owner_url, database)


async def _ours(service: Service, made: Stage, operation: Operation) -> bytes:
    headers = {"Authorization": f"Bearer {made.token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers) as http:
        return (await http.post("/graphql", content=operation.body(ours=True))).content


async def test_the_tuned_sql_answers_what_we_answer(filled: tuple[Service, Stage, str]) -> None:
    service, made, owner_url = filled
    connection = await asyncpg.connect(owner_url)
    try:
        for operation, statement, arguments in ASKED:
            theirs = await connection.fetchval(statement, *arguments)
            assert comparable(theirs.encode()) == comparable(await _ours(service, made, operation))
    finally:
        await connection.close()


async def test_the_board_has_all_its_tasks_and_the_page_ends(filled: tuple[Service, Stage, str]) -> None:
    service, made, _ = filled
    columns = orjson.loads(await _ours(service, made, board("B0")))["data"]["project"]["statuses"]
    assert sum(len(column["tasks"]["nodes"]) for column in columns) == 30
    found = orjson.loads(await _ours(service, made, page("B0", 7)))["data"]["project"]["tasks"]
    assert len(found["edges"]) == 7
    assert found["pageInfo"]["hasNextPage"]
    asked = orjson.loads(await _ours(service, made, task("B0-1")))["data"]["task"]
    assert len(asked["comments"]["nodes"]) == 20


class _Answering:
    """In the place of a server that is asked."""

    def __init__(self, name: str, data: Any) -> None:
        self.name = name
        self._answer = orjson.dumps({"data": data})

    def answer(self) -> bytes:
        return self._answer


def _alike(ours: Any, theirs: Any) -> int:
    return same_answer([_Answering("ours", ours), _Answering("theirs", theirs)])  # type: ignore[list-item]


def test_ids_times_and_cursors_may_be_spelled_otherwise() -> None:
    ours = {
        "id": "VGFzazowMWEyMDMxZjUyOWY3NGNlODU0YmJmYjUyMGQ4YzgyYQ", "cursor": "WyJj", "endCursor": None,
        "createdAt": "2026-01-01T00:01:00.5+00:00", "estimate": 5.0,
    }  # fmt: skip
    theirs = {
        "id": "01a2031f-529f-74ce-854b-bfb520d8c82a", "cursor": "other", "endCursor": None,
        "createdAt": "2026-01-01T01:01:00.500+01:00", "estimate": 5,
    }  # fmt: skip
    assert _alike({"task": ours}, {"task": theirs})


@pytest.mark.parametrize(
    "theirs",
    [
        {"id": "01a2031f-529f-74ce-854b-bfb520d8c82b", "title": "one", "labels": ["a", "b"]},
        {"id": "01a2031f-529f-74ce-854b-bfb520d8c82a", "title": "two", "labels": ["a", "b"]},
        {"id": "01a2031f-529f-74ce-854b-bfb520d8c82a", "title": "one", "labels": ["b", "a"]},
        {"id": "01a2031f-529f-74ce-854b-bfb520d8c82a", "title": "one"},
        {"id": "01a2031f-529f-74ce-854b-bfb520d8c82a", "title": None, "labels": ["a", "b"]},
    ],
)
def test_another_answer_is_caught(theirs: Any) -> None:
    ours = {"id": "VGFzazowMWEyMDMxZjUyOWY3NGNlODU0YmJmYjUyMGQ4YzgyYQ", "title": "one", "labels": ["a", "b"]}
    with pytest.raises(DifferentAnswer, match="theirs"):
        _alike({"task": ours}, {"task": theirs})


def test_an_answer_with_errors_is_none() -> None:
    with pytest.raises(ValueError, match="no answer"):
        comparable(b'{"data": {"task": {}}, "errors": [{"message": "half of it"}]}')
