"""Fan-out: one event to many, many events to many, memory of the idle, and how fast they are let in.

    .venv/bin/python -m benchmarks.fanout [last|stream|scopes|idle|accepts] [--subscribers 15000] [--scopes 300]

Ours alone; `benchmarks` sets it beside others. Events are real edits over HTTP, sockets are signed in with tokens of
their own. CPU and memory are those of the one server process, as the operating system counts them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from app.accounts.tokens import Tokens
from app.config import load_settings
from app.migrations import migrate
from benchmarks.crowd import Crowd, Heard, same, spread
from benchmarks.data import make_project, sign_up
from benchmarks.measuring import percentile
from benchmarks.processes import Clock, free_port, memory_bytes, running
from benchmarks.stage import UNBOUNDED
from benchmarks.wire import Caller, Load, request
from lockstep.embedded import start_servers
from schema.ids import read_global_id

FOLLOW = """subscription Follow($scope: ID!, $after: String) { events(scope: $scope, after: $after) {
  kind position { cursor } events { __typename id objectId recordedAt
    changes { ... on ValueChange { field old new } } } } }"""
EDIT = """mutation Edit($id: ID!, $title: String!) { taskUpdate(input: {id: $id, patch: {title: $title}, onConflict:
  OVERWRITE}) { errors { message } } }"""
ADD = "mutation($i: TaskCreateInput!) { taskCreate(input: $i) { task { id } errors { message } } }"
SCOPES = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Project { scope } } }"
SIGN_INS = 500
ROUNDS = 9
SECONDS = 5.0


@dataclass(frozen=True)
class Ground:
    """A server, projects with a task each, and tokens to sign in with. ``scopes`` and ``tasks`` are in one order."""

    pid: int
    port: int
    token: str
    tokens: Sequence[str]
    scopes: Sequence[str]
    tasks: Sequence[str]

    def crowd(self, many: int, scopes: int = 1) -> tuple[Crowd, float]:
        """So many subscribers, spread over the first so many scopes; and the seconds until the last was let in."""
        crowd = Crowd(self.port)
        inits = [{"authorization": f"Bearer {token}"} for token in self.tokens]
        payloads = [{"query": FOLLOW, "variables": {"scope": scope}} for scope in self.scopes[:scopes]]
        return crowd, crowd.join(many, spread(inits), spread(payloads) if scopes > 1 else same(payloads[0]))

    def edit(self, number: int) -> bytes:
        """A request that changes the title of one of the tasks."""
        variables = {"id": self.tasks[number % len(self.tasks)], "title": f"Title number {number}"}
        return request(json.dumps({"query": EDIT, "variables": variables}).encode(), self.token)


def last_client(ground: Ground, crowd: Crowd, rounds: int = ROUNDS) -> dict[str, Any]:
    """One event at a time: ms from its recording until the last client has it, and CPU µs for each delivery."""
    caller, took, spent, size = Caller(ground.port), [], [], 0
    for number in range(rounds + 1):
        clock = Clock(ground.pid)
        caller.ask(ground.edit(len(ground.tasks) * number))
        heard = crowd.hear(lambda heard: heard.deliveries >= len(crowd), each=True)
        took.append(max(heard.latencies) * 1e3)
        spent.append(clock.ms() * 1e3 / heard.deliveries)
        size = heard.bytes // heard.deliveries
        time.sleep(0.2)
    caller.close()
    # The first one is for the compiler and the caches.
    return {"last_ms": took[1:], "cpu_us": spent[1:], "bytes": size}


def stream(
    ground: Ground, crowd: Crowd, rate: float, scopes: int = 1, seconds: float = SECONDS
) -> dict[str, Any]:
    """Events at a rate: CPU µs for each delivery, messages for each, and ms from recording to every client."""
    clock = Clock(ground.pid)
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    writing = spawn.Process(target=_write, args=(ground, rate, scopes, seconds, theirs))
    began = time.perf_counter()
    writing.start()
    each = len(crowd) // scopes
    told: list[int] = []

    def over(heard: Heard) -> bool:
        if not told and ours.poll():
            told.append(ours.recv())
        return bool(told) and heard.deliveries >= told[0] * each

    heard = crowd.hear(over, each=True)
    elapsed, cpu = time.perf_counter() - began, clock.ms()
    writing.join()
    return {
        "events": told[0],
        "cpu_us": cpu * 1e3 / heard.deliveries,
        "events_in_a_message": heard.deliveries / heard.messages,
        "seconds": elapsed,
        "p50_ms": percentile(heard.latencies, 0.5) * 1e3,
        "p99_ms": percentile(heard.latencies, 0.99) * 1e3,
    }


def _write(ground: Ground, rate: float, scopes: int, seconds: float, told: Connection) -> None:
    """Edits at a rate, by a process of its own, which tells in the end how many were made."""
    numbers, made = count(1), 0

    def following() -> tuple[Any, bytes]:
        number = next(numbers)
        return None, ground.edit(len(ground.tasks) * number + number % scopes)

    def answered(_what: Any, body: bytes) -> bool:
        nonlocal made
        made += b'"errors":[]' in body
        return True

    load = Load(ground.port, 16, following, answered)
    load.run(seconds, rate)
    load.close()
    told.send(made)


def idle(ground: Ground, many: int) -> dict[str, float]:
    """Bytes for each subscriber that only waits; how many were let in each second, and CPU µs for each."""
    before, clock = memory_bytes(ground.pid), Clock(ground.pid)
    crowd, seconds = ground.crowd(many)
    cpu = clock.ms()
    crowd.hear(_for(3.0))
    after = memory_bytes(ground.pid)
    crowd.leave()
    return {"bytes_each": (after - before) / many, "a_second": many / seconds, "cpu_us": cpu * 1e3 / many}


def _for(seconds: float) -> Any:
    ends = time.perf_counter() + seconds

    def over(_heard: Heard) -> bool:
        return time.perf_counter() > ends

    return over


@contextmanager
def ground(projects: int, **settings: str) -> Iterator[Ground]:
    """One of our servers on a database of its own."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with start_servers(folder / "data") as servers:
            migrate(servers.owner_url)
            port = free_port()
            environment = {
                "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
                "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": name, "LOCKSTEP_LOG_LEVEL": "warning",
                "LOCKSTEP_PORT": str(port), **UNBOUNDED, **settings,
            }  # fmt: skip
            with running(
                ["-m", "lockstep", "serve", "--workers", "1"], environment, port, "/health/ready"
            ) as pid:
                os.environ.update(LOCKSTEP_DATA_DIR=name)
                yield asyncio.run(_prepare(pid, port, projects))


async def _prepare(pid: int, port: int, projects: int) -> Ground:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        token = await sign_up(http, "bench@lockstep.example", "Owner")
        headers = {"Authorization": f"Bearer {token}"}

        async def ask(query: str, **variables: Any) -> Any:
            answer = await http.post(
                "/graphql", headers=headers, json={"query": query, "variables": variables}
            )
            return answer.json()["data"]

        made = await ask('mutation { workspaceCreate(input: {name: "Bench"}) { workspace { id } } }')
        workspace = made["workspaceCreate"]["workspace"]["id"]
        ids = [await make_project(http, headers, workspace, f"S{number}") for number in range(projects)]
        tasks = [
            (await ask(ADD, i={"projectId": one, "title": "First"}))["taskCreate"]["task"]["id"]
            for one in ids
        ]
        scopes = [
            node["scope"]
            for first in range(0, projects, 50)
            for node in (await ask(SCOPES, ids=ids[first : first + 50]))["nodes"]
        ]
        viewer = (await ask("{ viewer { user { id } } }"))["viewer"]["user"]["id"]
    return Ground(pid, port, token, _sign_ins(viewer), scopes, tasks)


def _sign_ins(viewer: str) -> list[str]:
    """Tokens of many sign-ins of one person, each of which is to be verified."""
    tokens = Tokens.open(load_settings())
    user_id = read_global_id(viewer)[1][0]
    return [tokens.issue(user_id, uuid4())[0] for _ in range(SIGN_INS)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("figures", nargs="*", default=["last", "stream", "scopes", "idle"])
    parser.add_argument("--subscribers", type=int, default=15_000)
    parser.add_argument("--scopes", type=int, default=300)
    given = parser.parse_args()
    with ground(given.scopes if "scopes" in given.figures else 1) as here:
        if "idle" in given.figures:
            print("idle:", idle(here, given.subscribers))
        if {"last", "stream"} & set(given.figures):
            crowd, _ = here.crowd(given.subscribers)
            print("last:", last_client(here, crowd))
            if "stream" in given.figures:
                print("stream:", stream(here, crowd, 50))
            crowd.leave()
        if "scopes" in given.figures:
            crowd, _ = here.crowd(given.subscribers, given.scopes)
            print("scopes:", stream(here, crowd, 200, given.scopes))
            crowd.leave()


if __name__ == "__main__":
    main()
