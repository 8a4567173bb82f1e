"""Whose the time of a read is: the server's CPU by part and by function, PostgreSQL's by statement.

    .venv/bin/python -m benchmarks.profile_reads [task] [page] [board] [kept] [--seconds 4] [--top 40]

One request at a time, as in the bench: first without a profiler, for what one costs (`/proc/*/task/*/schedstat`; the
least of many short turns, since others' work only adds to it), then with one, for whose it is. A profiler makes calls
dearer than they are: its figures are parts of a whole, no costs. What can be compared from day to day, whatever else
the machine does, is the number of calls.
"""

from __future__ import annotations

import argparse
import os
import pstats
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.operations import Operation, board, page, task
from benchmarks.processes import Clock, free_port, running
from benchmarks.profile import observed, tell, tell_statements
from benchmarks.stage import WHOLE, Bench
from benchmarks.wire import Caller, request

READS: dict[str, Callable[[], Operation]] = {
    "task": lambda: task("B0-1"),
    "page": lambda: page("B0"),
    "board": lambda: board("B0"),
    "kept": lambda: board("B0"),
}
"""`kept`: the board asked for again while nothing changes."""

PARTS = (
    ("the whole request", "doors/http.py", "__call__"),
    ("  signed in", "schema/execution.py", "sign_in"),
    ("  limits", "schema/admission.py", "admit"),
    ("  executed", "schema/execution.py", "execute"),
    ("    the compiled operation", "compiled/operations.py", "run"),
    ("      selections at once", "compiled/selections.py", "_complete"),
    ("      ids", "schema/nodes.py", "_node_ids"),
    ("      several statements put together", "app/db.py", "answers"),
    ("      statements", "app/db.py", "_fetch"),
    ("        sent, and their rows decoded", "app/beginnings.py", "fetch"),
    ("    positions told", "schema/context.py", "extensions"),
    ("    connection given back", "schema/context.py", "close"),
    ("  answer encoded", "doors/http.py", "_json"),
    ("  answer sent", "doors/exchange.py", "_send_at_once"),
)
TURNS, ASKED = 30, 40
"""So many turns of so many requests each."""


def measure(given: argparse.Namespace) -> None:
    """Prints everything."""
    with observed(replace(WHOLE, sizes=(500, 50, 50), people=100)) as bench:
        for name in given.reads:
            kept = {} if name == "kept" else {"LOCKSTEP_KEPT_BYTES": "0"}
            port, file = free_port(), bench.folder / "profile"
            command = ["-m", "benchmarks.profiled", str(file), "serve", "--workers", "1"]
            with running(command, bench.environment(port) | kept, port, "/health/ready") as pid:
                print(f"\n{name}")
                sent = request(READS[name]().body(ours=True), bench.made.token)
                _profile(given, bench, Caller(port), sent, pid, file)


def _profile(
    given: argparse.Namespace, bench: Bench, caller: Caller, sent: bytes, pid: int, file: Path
) -> None:
    def ask(seconds: float) -> int:
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            caller.ask(sent)
            done += 1
        return done

    ask(1)
    turns = []
    for _ in range(TURNS):
        clocks = Clock(pid), Clock(bench.postgres, sessions=True)
        for _ in range(ASKED):
            caller.ask(sent)
        turns.append([clock.ms() / ASKED for clock in clocks])
    for who, spent in zip(("server", "PostgreSQL"), zip(*turns, strict=True), strict=True):
        print(f"{who}: CPU ms each, at least {min(spent):.3f}, median {median(spent):.3f}")
    with psycopg.connect(bench.servers.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_stat_statements_reset()")
        done = ask(given.seconds)
        tell_statements(admin, done, given.top)
    os.kill(pid, signal.SIGUSR1)
    done = ask(given.seconds)
    os.kill(pid, signal.SIGUSR2)
    while not file.exists():
        time.sleep(0.1)
    time.sleep(0.5)
    stats = pstats.Stats(str(file))
    calls = sum(row[1] for row in stats.stats.values())  # type: ignore[attr-defined]
    print(f"\n{calls / done:.0f} calls of functions each")
    tell(stats, done, given.top, PARTS)
    file.unlink()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("reads", nargs="*", choices=[*READS, []], default=list(READS), help="which, in turn")
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--top", type=int, default=40, help="lines of each list")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
