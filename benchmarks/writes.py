"""Edits a second and the CPU of each, with lanes and without, and with and without row-level security, in turns.

    .venv/bin/python -m benchmarks.writes [--seconds 2] [--rounds 4] [--connections 32] [--projects 50]

Measured as the bench measures its figures of writing (`benchmarks/figures/writes.py`). The wall is taken down and put
up again by the owner between turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.figures.writes import HOT, Writing, Written, check_clocks
from benchmarks.isolation import Wall
from benchmarks.stage import WHOLE, Bench, stage
from benchmarks.writing import Writer, targets

Results = dict[str, dict[str, dict[str, float]]]


def measure(bench: Bench, given: argparse.Namespace) -> Results:
    """The medians of all turns, by place and server."""
    wall = Wall(bench.servers.owner_url)
    laned, alone = bench.product(), bench.product("units", LOCKSTEP_LANES="false")
    everywhere = [f"B{number}" for number in range(given.projects)]
    results: Results = {}
    for place, keys in ((f"{given.projects} projects", everywhere), ("one project", [HOT])):
        told: dict[str, list[Written]] = {"lanes": [], "lanes, no wall": [], "units": []}
        for turn in range(given.rounds + 1):
            for name, server in (("lanes", laned), ("lanes, no wall", laned), ("units", alone)):
                wall.set(up=name != "lanes, no wall")
                writer = Writer(server, targets(bench, "public", keys))
                done = Writing(bench, server, writer, given.connections).turn(given.seconds)
                if turn:  # the first one warms up
                    told[name].append(done)
        wall.set(up=True)
        results[place] = {name: _median(turns) for name, turns in told.items()}
    check_clocks(bench)
    return results


def _median(turns: list[Written]) -> dict[str, float]:
    return {key: statistics.median(asdict(turn)[key] for turn in turns) for key in asdict(turns[0])}


def table(results: Results) -> str:
    """The figures as lines; the last column is server and PostgreSQL together, against lanes."""
    lines = [
        f"{'':14} {'':14} {'tps':>7} {'p50 ms':>7} {'p99 ms':>7} {'server':>7} {'Postgres':>8} {'CPU':>6}"
    ]
    for place, found in results.items():
        ours = found["lanes"]["server"] + found["lanes"]["postgres"]
        for name, one in found.items():
            ratio = (one["server"] + one["postgres"]) / ours
            lines.append(
                f"{place:14} {name:14} {one['tps']:7.0f} {one['p50']:7.1f} {one['p99']:7.1f} "
                f"{one['server']:7.2f} {one['postgres']:8.2f} {ratio:5.2f}×"
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
    scale = replace(WHOLE, sizes=(500, *[given.tasks] * (given.projects - 1)), people=20)
    with stage(scale, lambda text: print(text, file=sys.stderr)) as bench:
        results = measure(bench, given)
    print(table(results))
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
