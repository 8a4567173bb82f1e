"""What the second wall costs: CPU of Postgres and the server for each request, with policies on and off in turns.

    .venv/bin/python -m benchmarks.isolation [--requests 60] [--projects 9 99]

The wall is taken down and put up again by the owner between turns, table by table, on the same data.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.migrations import migrate
from benchmarks.data import Stage, fill
from benchmarks.operations import board, page
from benchmarks.processes import Clock, free_port, running
from benchmarks.stage import UNBOUNDED
from lockstep.embedded import start_servers

EDIT = """mutation Edit($input: TaskUpdateInput!) {
  taskUpdate(input: $input) { task { version } errors { message } } }"""
TURN = 5
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
"""


class Wall:
    """The policies of a database, which its owner takes down and puts up."""

    def __init__(self, owner_url: str) -> None:
        self._connection = psycopg.connect(owner_url, autocommit=True)
        self._tables = [row[0] for row in self._connection.execute(TABLES)]

    def set(self, *, up: bool) -> None:
        word = "ENABLE" if up else "DISABLE"
        for table in self._tables:
            self._connection.execute(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY")


class Asking:
    """One person's requests."""

    def __init__(self, http: httpx.Client, made: Stage) -> None:
        self._http = http
        self._made = made
        self._version = 1

    def __call__(self, figure: str) -> None:
        if figure == "edit":
            given = {
                "id": self._made.task_id, "expectedVersion": self._version,
                "patch": {"title": str(uuid.uuid4())}, "clientMutationId": str(uuid.uuid4()),
            }  # fmt: skip
            self._version += 1
            self._ask(json.dumps({"query": EDIT, "variables": {"input": given}}).encode())
        else:
            self._ask((board if figure == "board" else page)("B0").body(ours=True))

    def _ask(self, sent: bytes) -> None:
        answer = self._http.post("/graphql", content=sent, headers={"Content-Type": "application/json"})
        answer.raise_for_status()
        found = answer.json()
        if "errors" in found or (found["data"].get("taskUpdate") or {}).get("errors"):
            raise RuntimeError(f"the service answered {answer.text[:500]}")


def measure(wall: Wall, ask: Asking, pids: tuple[int, int], figure: str, requests: int) -> dict[str, Any]:
    """CPU ms per request with the wall up and down, and the ratio of the medians of server and Postgres together."""
    spent: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for _ in range(max(requests // TURN, 2)):
        for up in (True, False):
            wall.set(up=up)
            for _ in range(TURN):  # plans are made anew
                ask(figure)
            clocks = [Clock(pid) for pid in pids]
            for _ in range(TURN):
                ask(figure)
            server, postgres = (clock.ms() / TURN for clock in clocks)
            spent[up].append((server, postgres))
    wall.set(up=True)
    both = {up: statistics.median(sum(turn) for turn in turns) for up, turns in spent.items()}
    behind = {up: statistics.median(turn[1] for turn in turns) for up, turns in spent.items()}
    return {
        "with_ms": both[True], "without_ms": both[False], "ratio": both[True] / both[False],
        "postgres_with_ms": behind[True], "postgres_without_ms": behind[False],
    }  # fmt: skip


def run(projects: int, requests: int) -> dict[str, Any]:
    """The figures for someone in this many projects."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        with psycopg.connect(servers.admin_url, autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        postgres = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
        port = free_port()
        environment = {
            "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
            "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": str(folder), "LOCKSTEP_LOG_LEVEL": "warning",
            "LOCKSTEP_PORT": str(port), "LOCKSTEP_WORKERS": "1", **UNBOUNDED,
        }  # fmt: skip
        server = stack.enter_context(running(["-m", "lockstep", "serve"], environment, port, "/health/ready"))
        url = f"http://127.0.0.1:{port}"
        made = asyncio.run(fill(url, servers.admin_url, [500, *[100] * (projects - 1)]))
        headers = {"Authorization": f"Bearer {made.token}"}
        http = stack.enter_context(httpx.Client(base_url=url, headers=headers, timeout=60))
        wall, ask = Wall(servers.owner_url), Asking(http, made)
        return {
            figure: measure(wall, ask, (server, postgres), figure, requests)
            for figure in ("board", "page", "edit")
        }


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--requests", type=int, default=60, help="of each figure, with and without")
    parser.add_argument("--projects", type=int, nargs="+", default=[10, 100], help="that the person sees")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    results = {str(projects): run(projects, given.requests) for projects in given.projects}
    told = ("projects", "figure", "with ms", "without", "ratio", "Postgres with", "without")
    print("{:>8} {:6} {:>8} {:>8} {:>6} {:>14} {:>8}".format(*told))
    for projects, figures in results.items():
        for figure, found in figures.items():
            print(
                f"{projects:>8} {figure:6} {found['with_ms']:8.2f} {found['without_ms']:8.2f} {found['ratio']:6.2f} "
                f"{found['postgres_with_ms']:14.2f} {found['postgres_without_ms']:8.2f}"
            )
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
