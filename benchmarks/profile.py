"""Whose the time of a mutation is: the server's CPU by part, PostgreSQL's by statement and trigger function.

    .venv/bin/python -m benchmarks.profile [taskUpdate] [--projects 50] [--connections 32] [--seconds 4] [--top 30]

Edits come over HTTP as in the bench, first without a profiler, for what they cost (`/proc/*/task/*/schedstat`), then
with one, for whose it is. A profiler makes calls dearer than they are: its figures are parts of a whole, no costs.
"""

from __future__ import annotations

import argparse
import os
import pstats
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from app.migrations import migrate
from benchmarks.processes import Clock, free_port, running
from benchmarks.stage import WHOLE, Bench, Running, Scale
from benchmarks.wire import Load
from benchmarks.writing import Writer, targets
from lockstep.embedded import start_servers

MUTATIONS = ("taskUpdate",)
PARTS = (
    ("the whole request", "doors/http.py", "__call__"),
    ("  body read", "doors/body.py", "read_body"),
    ("  signed in", "schema/execution.py", "sign_in"),
    ("  prepared", "schema/execution.py", "prepare"),
    ("  limits", "schema/admission.py", "admit"),
    ("  executed", "schema/execution.py", "execute"),
    ("    arguments, resolver", "compiled/mutations.py", "values"),
    ("      the lane's side of a caller", "lanes/lanes.py", "run"),
    ("    positions told", "schema/context.py", "extensions"),
    ("  answer encoded", "doors/http.py", "_json"),
    ("places found", "lanes/places.py", "_answer"),
    ("batches", "lanes/batches.py", "commit_batch"),
    ("  facts", "lanes/batches.py", "_facts"),
    ("  decisions", "lanes/batches.py", "_decide"),
    ("  written", "events/appending.py", "append"),
    ("told", "app/work.py", "ring"),
    ("search index", "search/indexing.py", "run"),
    ("statements", "app/db.py", "_fetch"),
    ("scripts", "app/db.py", "script"),
)
"""What is shown of the profile: time within a function and all that it calls, where that runs in its own task."""

_STATEMENTS = """
    SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 110) AS text, calls, total_exec_time AS ms
    FROM pg_stat_statements WHERE toplevel ORDER BY total_exec_time DESC LIMIT %s
"""
_FUNCTIONS = """
    SELECT funcname || '()', calls, total_time FROM pg_stat_user_functions ORDER BY total_time DESC LIMIT %s
"""


@contextmanager
def observed(scale: Scale) -> Iterator[Bench]:
    """A stage whose PostgreSQL counts what its statements and functions take."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        with (
            start_servers(folder / "data") as first,
            psycopg.connect(first.admin_url, autocommit=True) as admin,
        ):
            admin.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        with psycopg.connect(servers.admin_url, autocommit=True) as admin:
            admin.execute("CREATE EXTENSION pg_stat_statements")
        yield Bench(stack, scale, servers, folder, everybody=False)


def measure(given: argparse.Namespace) -> None:
    """Prints everything."""
    sizes = (500, *[given.tasks] * (max(given.projects) - 1))
    with observed(replace(WHOLE, sizes=sizes, people=20)) as bench:
        port, file = free_port(), bench.folder / "profile"
        command = ["-m", "benchmarks.profiled", str(file), "serve", "--workers", "1"]
        with running(command, bench.environment(port), port, "/health/ready") as pid:
            server = Running("lockstep", pid, port, bench.made.token)
            for projects in given.projects:
                writer = Writer(
                    server, targets(bench, "public", [f"B{number}" for number in range(projects)])
                )
                load = Load(port, given.connections, writer.next, writer.take)
                print(f"\n{given.mutation}, {given.connections} connections, {projects} projects")
                try:
                    _profile(given, bench, load, pid, file)
                finally:
                    load.close()


def _profile(given: argparse.Namespace, bench: Bench, load: Load, pid: int, file: Path) -> None:
    load.run(1)
    with psycopg.connect(bench.servers.admin_url, autocommit=True) as admin:
        clocks = [Clock(pid), Clock(bench.postgres, sessions=True)]
        took, lasted, failed = load.run(given.seconds)
        server, postgres = (clock.ms() / len(took) for clock in clocks)
        print(
            f"{len(took) / lasted:.0f} a second, {failed} failed; "
            f"CPU ms each: server {server:.3f}, PostgreSQL {postgres:.3f}"
        )
        admin.execute("ALTER SYSTEM SET track_functions = 'all'")
        admin.execute("SELECT pg_reload_conf(), pg_stat_reset(), pg_stat_statements_reset()")
        done = len(load.run(given.seconds)[0])
        time.sleep(1.1)  # sessions tell their figures once a second
        tell_statements(admin, done, given.top)
        admin.execute("ALTER SYSTEM RESET track_functions")
        admin.execute("SELECT pg_reload_conf()")
    os.kill(pid, signal.SIGUSR1)
    done = len(load.run(given.seconds)[0])
    os.kill(pid, signal.SIGUSR2)
    while not file.exists():
        time.sleep(0.1)
    time.sleep(0.5)
    tell(pstats.Stats(str(file)), done, given.top, PARTS)
    file.unlink()


def tell_statements(admin: psycopg.Connection[Any], done: int, top: int) -> None:
    """Prints what PostgreSQL counted, of so many requests."""
    for title, query in (("statement", _STATEMENTS), ("function", _FUNCTIONS)):
        print(f"\n{'PostgreSQL, by ' + title:90} {'calls each':>10} {'ms each':>8}")
        for text, calls, ms in admin.execute(query, [top]).fetchall():
            print(f"{text:90} {calls / done:10.3f} {ms / done:8.4f}")


def tell(stats: Any, done: int, top: int, parts: Sequence[tuple[str, str, str]]) -> None:
    """Prints whose the time of so many requests is: by part, and by function."""
    found = stats.stats
    whole = sum(row[2] for row in found.values())
    print(f"\n{'server, under the profiler':44} {'calls each':>10} {'ms each':>8} {'of all':>7}")
    calls = sum(row[1] for row in found.values()) / done
    print(f"{'all':44} {calls:10.0f} {whole * 1000 / done:8.3f} {1:7.0%}")
    for label, place, name in parts:
        rows = [row for key, row in found.items() if key[0].endswith(place) and key[2] == name]
        calls, spent = sum(row[1] for row in rows), sum(row[3] for row in rows)
        print(f"{label:44} {calls / done:10.2f} {spent * 1000 / done:8.3f} {spent / whole:7.1%}")
    print(f"\n{'functions by what they take themselves':76} {'calls each':>10} {'ms each':>8}")
    for key, row in sorted(found.items(), key=lambda one: -one[1][2])[:top]:
        place = "/".join(key[0].split("/")[-3:])
        print(f"{f'{place}:{key[1]} {key[2]}'[:76]:76} {row[1] / done:10.2f} {row[2] * 1000 / done:8.4f}")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("mutation", nargs="?", choices=MUTATIONS, default=MUTATIONS[0])
    parser.add_argument("--projects", type=int, nargs="+", default=[50, 1], help="that are edited, in turn")
    parser.add_argument("--tasks", type=int, default=200, help="of each project but the hot one")
    parser.add_argument("--connections", type=int, default=32, help="clients at once")
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--top", type=int, default=30, help="lines of each list")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
