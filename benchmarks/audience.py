"""People who follow projects live: their tokens, what they follow, and edits for them to hear of."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from app.accounts.tokens import Tokens
from benchmarks.crowd import Crowd, Heard, spread
from benchmarks.data import make_project, make_task
from benchmarks.processes import end_with_parent
from benchmarks.stage import Bench, Running
from benchmarks.wire import Caller, Load
from benchmarks.writing import Writer, targets

FOLLOW = """subscription Follow($scope: ID!, $after: String) { events(scope: $scope, after: $after) {
  kind position { cursor } events { id seq objectId recordedAt
    changes { ... on ValueChange { field old new } } } } }"""
SPARE_FILES = 2000
WRITING = 8
AT_ONCE = 25
LIFETIME_SECONDS = 7200
MEMBERS = """
INSERT INTO {table} SELECT o.id, u.id, 'member', now() FROM {of} o, users u WHERE u.name LIKE 'Person %'
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Audience:
    """Projects, their scopes, and the tokens of everybody, who are members of all."""

    keys: tuple[str, ...]
    scopes: tuple[str, ...]
    tokens: tuple[str, ...]

    @contextmanager
    def crowd(self, server: Running, count: int) -> Iterator[tuple[Crowd, float]]:
        """So many subscribers spread over the scopes; and the seconds until the last was let in."""
        crowd = Crowd(server.port)
        inits = [{"authorization": f"Bearer {token}"} for token in self.tokens]
        payloads = [{"query": FOLLOW, "variables": {"scope": scope}} for scope in self.scopes]
        try:
            yield crowd, crowd.join(count, spread(inits), spread(payloads))
        finally:
            crowd.leave()


def audience(bench: Bench, projects: int = 1) -> Audience:
    """Of the board, or of so many small projects, each of one task, that are made for it."""
    keys = ("B0",) if projects == 1 else tuple(f"L{number}" for number in range(projects))
    return bench.once(("audience", projects), partial(_gather, bench, keys))


def _gather(bench: Bench, keys: tuple[str, ...]) -> Audience:
    scopes = asyncio.run(_scopes(bench, keys))
    _make_members(bench)
    return Audience(keys, scopes, _tokens(bench))


async def _scopes(bench: Bench, keys: tuple[str, ...]) -> tuple[str, ...]:
    headers = {"Authorization": f"Bearer {bench.made.token}"}
    found: list[str] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bench.product().port}", timeout=60) as http:
        for key in keys if len(keys) > 1 else ():
            await make_task(http, headers, await make_project(http, headers, bench.made.workspace_id, key))
        for first in range(0, len(keys), AT_ONCE):
            asked = " ".join(
                f'{key}: project(key: "{key}") {{ scope }}' for key in keys[first : first + AT_ONCE]
            )
            answer = await http.post("/graphql", headers=headers, json={"query": f"{{ {asked} }}"})
            found += [node["scope"] for node in answer.json()["data"].values()]
    return tuple(found)


def _make_members(bench: Bench) -> None:
    with psycopg.connect(bench.servers.admin_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, of in (("workspace_members", "workspaces"), ("project_members", "projects")):
            connection.execute(MEMBERS.format(table=table, of=of))


def _tokens(bench: Bench) -> tuple[str, ...]:
    """One for each person."""
    tokens = Tokens(bench.folder / "signing-key.json", lifetime_seconds=LIFETIME_SECONDS)
    with psycopg.connect(bench.servers.admin_url) as connection:
        people = connection.execute("SELECT id FROM users WHERE name LIKE 'Person %' ORDER BY id").fetchall()
    return tuple(tokens.issue(person, uuid4())[0] for (person,) in people)


def possible(subscribers: int) -> int:
    """So many, or as many as a process may have files open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return subscribers if most == resource.RLIM_INFINITY else min(subscribers, most - SPARE_FILES)


def one_event(caller: Caller, writer: Writer, crowd: Crowd) -> Heard:
    """An edit, heard by everybody."""
    task, sent = writer.next()
    if not writer.take(task, caller.ask(sent)):
        raise RuntimeError(f"an edit failed: {writer.refusal}")
    return crowd.hear(lambda heard: heard.deliveries >= len(crowd), each=True)


class Edits:
    """What another process does meanwhile."""

    def __init__(self, count: int, process: Any) -> None:
        self.count = count
        self._process = process

    def failed(self) -> bool:
        """Never true: raises RuntimeError if it ended otherwise than well."""
        if self._process.exitcode:
            raise RuntimeError("edits failed")
        return False


@contextmanager
def writing(
    bench: Bench, server: Running, keys: Sequence[str], rate: float, seconds: float
) -> Iterator[Edits]:
    """Edits of tasks of these projects at a rate, by a process of its own."""
    count = round(rate * seconds)
    writer = Writer(server, targets(bench, "public", keys))
    process = multiprocessing.get_context("fork").Process(target=_write, args=(server, writer, rate, count))
    process.start()
    edits = Edits(count, process)
    try:
        yield edits
        process.join()
    finally:
        process.kill()
        process.join()
    edits.failed()


def _write(server: Running, writer: Writer, rate: float, count: int) -> None:
    end_with_parent()
    load = Load(server.port, WRITING, writer.next, writer.take)
    _, _, failed = load.run(count / rate, rate, count)
    load.close()
    sys.exit(min(failed, 1))
