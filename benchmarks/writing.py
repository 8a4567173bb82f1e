"""Updates of tasks under load: what each server is sent, and how its answers are read."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg

from benchmarks.stage import Bench, Running
from benchmarks.wire import request
from schema.ids import global_id

TABLES = Path(__file__).resolve().parent / "peers" / "common" / "writes.sql"
SEED = 20_260_101
OURS = """mutation Edit($input: TaskUpdateInput!) {
  taskUpdate(input: $input) { task { version } errors { code message } } }"""
STOCK = "mutation Edit($input: TaskUpdateInput!) { taskUpdate(input: $input) { task { version } } }"
POSTGRAPHILE = "mutation Edit($input: TaskUpdateInput!) { made: taskUpdate(input: $input) { result } }"
UNTOLD = "mutation Edit($input: TaskUpdateUntoldInput!) { made: taskUpdateUntold(input: $input) { result } }"


@dataclass
class Target:
    """A task to update, and the version that it has if all is well."""

    id: UUID
    version: int


def make_tables(bench: Bench) -> None:
    """Those that the peers write, once; as the owner."""
    bench.once("peers' tables", partial(_make_tables, bench))


def _make_tables(bench: Bench) -> None:
    with psycopg.connect(bench.servers.owner_url, autocommit=True) as connection:
        connection.execute(TABLES.read_text())
        connection.execute("VACUUM ANALYZE peers.tasks, peers.clocks")


def targets(bench: Bench, schema: str, keys: Sequence[str]) -> list[Target]:
    """All tasks of these projects, as they are now in our tables (`public`) or the peers'."""
    with psycopg.connect(bench.servers.owner_url) as connection:
        rows = connection.execute(
            f"SELECT t.id, t.version FROM {schema}.tasks t JOIN public.projects p ON p.id = t.project_id"
            " WHERE p.key = ANY(%s) ORDER BY t.id",
            [list(keys)],
        ).fetchall()
    return [Target(*row) for row in rows]


class Writer:
    """Edits of random tasks, each against the version it has; nobody edits a task that is being edited."""

    def __init__(self, server: Running, tasks: list[Target]) -> None:
        self._token = server.token
        self._random = random.Random(SEED)
        self._tasks = tasks
        self._random.shuffle(self._tasks)
        self.refusal = ""
        """What came in the place of an edit, last."""

    def next(self) -> tuple[Target, bytes]:
        """A request and what it is about. No title is one that the task has already: that would be no edit."""
        place = self._random.randrange(len(self._tasks))
        self._tasks[place], self._tasks[-1] = self._tasks[-1], self._tasks[place]
        task = self._tasks.pop()
        return task, request(self.body(task, f"Title {time.monotonic_ns()}, unlike all before"), self._token)

    def take(self, task: Target, body: bytes) -> bool:
        """Whether the edit was made."""
        self._tasks.append(task)
        version = self.version(orjson.loads(body))
        if version != task.version + 1:
            self.refusal = body.decode(errors="replace")[:500]
            return False
        task.version = version
        return True

    def body(self, task: Target, title: str) -> bytes:
        """The mutation of ours."""
        given = {"id": global_id("Task", task.id), "expectedVersion": task.version, "patch": {"title": title}}
        return orjson.dumps({"query": OURS, "variables": {"input": given}})

    def version(self, answer: Any) -> int | None:
        """The new one, if there is one."""
        made = ((answer.get("data") or {}).get("taskUpdate") or {}).get("task")
        return made and int(made["version"])


class StockWriter(Writer):
    """The same, to stock Strawberry, which has plain ids."""

    def body(self, task: Target, title: str) -> bytes:
        given = {"id": str(task.id), "expectedVersion": task.version, "patch": {"title": title}}
        return orjson.dumps({"query": STOCK, "variables": {"input": given}})


class PostGraphileWriter(Writer):
    """The same, to PostGraphile, whose mutation has the arguments of the SQL function."""

    document = POSTGRAPHILE

    def body(self, task: Target, title: str) -> bytes:
        given = {"taskId": str(task.id), "expectedVersion": task.version, "title": title}
        return orjson.dumps({"query": self.document, "variables": {"input": given}})

    def version(self, answer: Any) -> int | None:
        made = (answer.get("data") or {}).get("made")
        return made and made["result"]


class UntoldWriter(PostGraphileWriter):
    """The same, and nobody is told of it."""

    document = UNTOLD
