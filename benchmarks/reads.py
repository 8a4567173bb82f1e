"""Reads: server and Postgres CPU for each request, compiled and ordinary path side by side.

    .venv/bin/python -m benchmarks.reads [board|page|task] [--requests 60] [--tasks 400] [--projects 49]

The paths take turns, a few requests each, so that what disturbs the machine disturbs both. CPU is what the operating
system accounted to the processes; the answers are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.migrations import migrate
from benchmarks.data import Stage, fill
from benchmarks.processes import Clock, free_port, running
from lockstep.embedded import start_servers

BOARD = """query Board($id: ID!) { node(id: $id) { ... on Project { id name statuses { id name category
  tasks(first: 500) { nodes { id key title priority dueDate estimate rank version updatedAt
    assignees { id name avatarUrl } labels { id name color } type { id name } commentCount } } } } } }"""
PAGE = """query Page($id: ID!) { node(id: $id) { ... on Project { tasks(first: 50, orderBy: [{field: CREATED_AT}]) {
  pageInfo { hasNextPage endCursor } edges { cursor node { id key title priority status { id name }
    assignees { id name } commentCount } } } } } }"""
TASK = """query Task($task: ID!) { node(id: $task) { ... on Task { id key title description priority createdAt
  status { id name } type { id name } assignees { id name } labels { id name color }
  comments(first: 20) { nodes { id body createdAt author { id name avatarUrl } } } } } }"""
FIGURES = {"board": BOARD, "page": PAGE, "task": TASK}
TURN = 5
SERVE = ("-m", "lockstep", "serve")


@dataclass
class Server:
    """One of those compared."""

    name: str
    pid: int
    http: httpx.Client

    def ask(self, document: str, variables: dict[str, Any]) -> bytes:
        """The body of an answer."""
        answer = self.http.post("/graphql", json={"query": document, "variables": variables})
        answer.raise_for_status()
        return answer.content


@contextmanager
def stage(tasks: int, projects: int, board: int) -> Iterator[tuple[list[Server], int, Stage]]:
    """The servers on their data; the pid of Postgres; and whom to ask as."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        with psycopg.connect(servers.admin_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
            ).fetchone()
        assert row is not None
        postgres = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
        common = {
            "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
            "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": str(folder), "LOCKSTEP_LOG_LEVEL": "warning",
        }  # fmt: skip
        common |= {name: value for name, value in os.environ.items() if name.startswith("LOCKSTEP_")}
        pids = {}
        for name, compiled in (("compiled", "true"), ("ordinary", "false")):
            port = free_port()
            environment = {**common, "LOCKSTEP_PORT": str(port), "LOCKSTEP_COMPILED": compiled}
            pid = stack.enter_context(running([*SERVE, "--workers", "1"], environment, port, "/health/ready"))
            pids[name] = (pid, port)
        port = free_port()
        hello = stack.enter_context(running(["-m", "benchmarks.hello", str(port)], {}, port, "/graphql"))
        pids["hello"] = (hello, port)
        url = f"http://127.0.0.1:{pids['compiled'][1]}"
        made = asyncio.run(fill(url, servers.admin_url, [board, *[tasks] * projects]))
        found = []
        for name, (pid, port) in pids.items():
            # Not compressed: what that costs is the same for all.
            headers = {"Authorization": f"Bearer {made.token}", "Accept-Encoding": "identity"}
            http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
            found.append(Server(name, pid, stack.enter_context(http)))
        yield found, postgres, made


def measure(
    servers: list[Server], postgres: int, document: str, variables: Any, requests: int
) -> dict[str, Any]:
    """CPU ms per request by server: the median of the turns, and their quartiles."""
    answers = [server.ask(document, variables) for server in servers[:2]]
    assert json.loads(answers[0])["data"] == json.loads(answers[1])["data"], "the paths differ"
    assert "errors" not in json.loads(answers[0]), answers[0][:500]
    spent: dict[str, list[tuple[float, float]]] = {server.name: [] for server in servers}
    for server in servers:
        for _ in range(TURN):
            server.ask(document, variables)
    for _ in range(max(requests // TURN, 2)):
        for server in servers:
            clocks = Clock(server.pid), Clock(postgres, sessions=True)
            for _ in range(TURN):
                server.ask(document, variables)
            spent[server.name].append((clocks[0].ms() / TURN, clocks[1].ms() / TURN))
    return {
        "bytes": len(answers[0]),
        **{
            name: {"server": _summary(turns, 0), "postgres": _summary(turns, 1)}
            for name, turns in spent.items()
        },
    }


def _summary(turns: list[tuple[float, float]], which: int) -> dict[str, float]:
    values = sorted(turn[which] for turn in turns)
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 3), "quartile_1": round(low, 3), "quartile_3": round(high, 3)}


def table(results: dict[str, Any]) -> str:
    """The figures as lines."""
    lines = [
        f"{'figure':8} {'bytes':>8} {'path':9} {'server ms':>10} {'(quartiles)':>16} {'Postgres ms':>12}"
    ]
    for figure, found in results.items():
        for name in ("compiled", "ordinary", "hello"):
            server, postgres = found[name]["server"], found[name]["postgres"]
            spread = f"{server['quartile_1']:.2f} to {server['quartile_3']:.2f}"
            figures = f"{server['median']:10.2f} {spread:>16} {postgres['median']:12.2f}"
            lines.append(f"{figure:8} {found['bytes']:8} {name:9} {figures}")
    return "\n".join(lines)


def main(show: Callable[[str], None] = print) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], default=[])
    parser.add_argument("--requests", type=int, default=60, help="of each path and figure")
    parser.add_argument("--tasks", type=int, default=400, help="of each other project")
    parser.add_argument("--projects", type=int, default=49, help="other projects")
    parser.add_argument("--board", type=int, default=500, help="tasks on the board")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    with stage(given.tasks, given.projects, given.board) as (servers, postgres, made):
        results = {}
        for figure in given.figures or FIGURES:
            document = FIGURES[figure]
            variables = {"task": made.task_id} if "$task" in document else {"id": made.project_id}
            results[figure] = measure(servers, postgres, document, variables, given.requests)
    show(table(results))
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
