"""Edits a second and the CPU of each, with lanes and without, and with and without row-level security, in turns.

    .venv/bin/python -m benchmarks.writes [--seconds 2] [--rounds 4] [--connections 32] [--projects 50]

Edits are `taskUpdate` over HTTP, each against the version that its task has. CPU is what the operating system accounted
to the server and to PostgreSQL, by edit. The wall is taken down and put up again by the owner between turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from app.migrations import migrate
from benchmarks.data import fill
from benchmarks.isolation import Wall
from benchmarks.measuring import percentile
from benchmarks.processes import Clock, free_port, running
from benchmarks.stage import UNBOUNDED
from benchmarks.wire import Load
from benchmarks.writing import Target, Writer
from lockstep.embedded import start_servers

KEYS = ("tps", "p50_ms", "p99_ms", "server_ms", "postgres_ms")


@dataclass(frozen=True)
class Server:
    """A server to send edits to, as its owner."""

    name: str
    port: int
    pid: int
    token: str


def load(
    server: Server, postgres: int, tasks: list[Target], *, connections: int, seconds: float
) -> dict[str, float]:
    """Edits of these tasks by so many clients at once: what was done, and what it took. Raises if one failed."""
    writer = Writer(server, tasks)  # type: ignore[arg-type]
    clients = Load(server.port, connections, writer.next, writer.take)
    try:
        clients.run(seconds / 4)
        clocks = Clock(server.pid), Clock(postgres, sessions=True)
        took, lasted, failed = clients.run(seconds)
        spent = [clock.ms() for clock in clocks]
    finally:
        clients.close()
    if failed or not took:
        raise RuntimeError(f"{server.name}: {failed} edits failed. {writer.refusal}")
    times = [one * 1000 for _, one in took]
    told = (
        len(took) / lasted,
        percentile(times, 0.5),
        percentile(times, 0.99),
        *(ms / len(took) for ms in spent),
    )
    return dict(zip(KEYS, told, strict=True))


def tasks_of(url: str, keys: list[str]) -> list[Target]:
    """All tasks of projects, as they are now."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT t.id, t.version FROM tasks t JOIN projects p ON p.id = t.project_id WHERE p.key = ANY(%s)",
            [keys],
        ).fetchall()
    return [Target(*row) for row in rows]


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """The medians of all turns, by place and server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        with psycopg.connect(servers.admin_url, autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        postgres = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
        common = {
            "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
            "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": str(folder), "LOCKSTEP_LOG_LEVEL": "warning",
            **UNBOUNDED,
        }  # fmt: skip
        places = {}
        for name, lanes in (("lanes", "true"), ("units", "false")):
            port = free_port()
            environment = {**common, "LOCKSTEP_PORT": str(port), "LOCKSTEP_LANES": lanes}
            arguments = ["-m", "lockstep", "serve", "--workers", "1"]
            places[name] = (
                port,
                stack.enter_context(running(arguments, environment, port, "/health/ready")),
            )
        url = f"http://127.0.0.1:{places['lanes'][0]}"
        sizes = [400, *[given.tasks] * (given.projects - 1)]
        made = asyncio.run(fill(url, servers.admin_url, sizes))
        found = [Server(name, *place, made.token) for name, place in places.items()]
        wall = Wall(servers.owner_url)
        everywhere = [f"B{number}" for number in range(given.projects)]
        results: dict[str, dict[str, list[dict[str, float]]]] = {}
        for place, keys in ((f"{given.projects} projects", everywhere), ("one project", everywhere[:1])):
            told = results.setdefault(place, {})
            for turn in range(given.rounds + 1):
                for server, up in ((found[0], True), (found[0], False), (found[1], True)):
                    wall.set(up=up)
                    done = load(
                        server, postgres, tasks_of(servers.owner_url, keys),
                        connections=given.connections, seconds=given.seconds,
                    )  # fmt: skip
                    if turn:  # the first one warms up
                        told.setdefault(server.name if up else "lanes, no wall", []).append(done)
        wall.set(up=True)
        return {
            place: {name: _median(turns) for name, turns in told.items()} for place, told in results.items()
        }


def _median(turns: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(turn[key] for turn in turns) for key in KEYS}


def table(results: dict[str, Any]) -> str:
    """The figures as lines; the last column is server and PostgreSQL together, against lanes."""
    lines = [
        f"{'':14} {'':14} {'tps':>7} {'p50 ms':>7} {'p99 ms':>7} {'server':>7} {'Postgres':>8} {'CPU':>6}"
    ]
    for place, found in results.items():
        ours = found["lanes"]["server_ms"] + found["lanes"]["postgres_ms"]
        for name, one in found.items():
            ratio = (one["server_ms"] + one["postgres_ms"]) / ours
            lines.append(
                f"{place:14} {name:14} {one['tps']:7.0f} {one['p50_ms']:7.1f} {one['p99_ms']:7.1f} "
                f"{one['server_ms']:7.2f} {one['postgres_ms']:8.2f} {ratio:5.2f}×"
            )
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each")
    parser.add_argument("--connections", type=int, default=32, help="clients at once")
    parser.add_argument("--projects", type=int, default=50, help="that are edited")
    parser.add_argument("--tasks", type=int, default=50, help="of each project but the hot one")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    results = measure(given)
    print(table(results))
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
