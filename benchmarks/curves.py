"""How cost grows: of reads with rows, of writes with connections and projects, of following with subscribers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks import peers
from benchmarks.audience import audience, possible
from benchmarks.figures.fanout import c_round, lockstep_round
from benchmarks.figures.reads import NO_CACHE, Asked
from benchmarks.figures.sockets import wait
from benchmarks.figures.writes import CONNECTIONS, Writing
from benchmarks.measuring import rounded
from benchmarks.operations import board
from benchmarks.stage import Bench
from benchmarks.wire import request
from benchmarks.writing import PostGraphileWriter, Writer, make_tables, targets

Point = tuple[float, float]
WARM, FEWEST = 10, 5
TURN_MS = 200.0
AT_CONNECTIONS = (1, 4, 16, 32, 64)
PROJECTS = (1, 5, 20, 50)
SHARES = (15, 3, 1)
"""A fifteenth of the subscribers, a third, all."""


@dataclass(frozen=True)
class Curve:
    """What is drawn: for each series, points of x and y."""

    key: str
    title: str
    x: str
    y: str
    measure: Callable[[Bench], dict[str, list[Point]]]

    def result(self, bench: Bench) -> dict[str, Any]:
        """As it stands in `latest.json`."""
        series = {name: [[x, rounded(y)] for x, y in points] for name, points in self.measure(bench).items()}
        return {"curve": self.key, "title": self.title, "x": self.x, "y": self.y, "series": series}


def _rows(bench: Bench) -> dict[str, list[Point]]:
    ours, theirs = bench.product("lockstep, no cache", **NO_CACHE), bench.peer(peers.MERCURIUS)
    found: dict[str, list[Point]] = {"lockstep": [], theirs.name: []}
    places = {size: f"B{number}" for number, size in enumerate(bench.scale.sizes[:8])}
    for size, key in sorted(places.items()):
        for name, server in (("lockstep", ours), (theirs.name, theirs)):
            asked = Asked(bench, server, request(board(key).body(ours=server is ours), server.token))
            about = asked.spend(WARM).server
            spent = asked.spend(max(round(TURN_MS / max(about, 0.01)), FEWEST))
            found[name].append((size, spent.server))
    return found


def _connections(bench: Bench) -> dict[str, list[Point]]:
    make_tables(bench)
    keys = [f"B{number}" for number in range(len(bench.scale.sizes))]
    ours, theirs = bench.product(), bench.peer(peers.POSTGRAPHILE)
    writers = {
        "lockstep": (ours, Writer(ours, targets(bench, "public", keys))),
        theirs.name: (theirs, PostGraphileWriter(theirs, targets(bench, "peers", keys))),
    }
    return {
        name: [
            (many, Writing(bench, server, writer, many).turn(bench.scale.seconds / 2).tps)
            for many in AT_CONNECTIONS
        ]
        for name, (server, writer) in writers.items()
    }


def _projects(bench: Bench) -> dict[str, list[Point]]:
    ours, points = bench.product(), []
    for many in PROJECTS:
        keys = [f"B{number}" for number in range(min(many, len(bench.scale.sizes)))]
        writing = Writing(bench, ours, Writer(ours, targets(bench, "public", keys)), CONNECTIONS)
        points.append((float(many), writing.turn(bench.scale.seconds / 2).tps))
    return {"lockstep": points}


def _subscribers(bench: Bench) -> dict[str, list[Point]]:
    everybody = audience(bench)
    found: dict[str, list[Point]] = {"lockstep": [], "C loop": []}
    for count in _counts(bench):
        ours = lockstep_round(bench, everybody, count)
        found["lockstep"].append((count, ours.last_ms))
        found["C loop"].append((count, c_round(count, ours.bytes).last_ms))
    return found


def _idle(bench: Bench) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {"lockstep": [], peers.GRAPHQL_WS.name: []}
    for count in _counts(bench):
        ours = wait(bench, bench.new_product(), count)
        theirs = wait(bench, bench.new_peer(peers.GRAPHQL_WS), count)
        found["lockstep"].append((count, ours.bytes * count / 1e6))
        found[peers.GRAPHQL_WS.name].append((count, theirs.bytes * count / 1e6))
    return found


def _counts(bench: Bench) -> Iterable[int]:
    return [possible(bench.scale.subscribers) // share for share in SHARES]


CURVES = (
    Curve("rows", "A board, by its tasks", "tasks", "server CPU, ms", _rows),
    Curve("connections", "Updates in 50 projects, by connections", "connections", "a second", _connections),
    Curve("projects", "Updates from 32 connections, by projects", "projects", "a second", _projects),
    Curve("subscribers", "One event, by subscribers", "subscribers", "last client, ms", _subscribers),
    Curve("idle", "Idle subscribers", "subscribers", "memory, MB", _idle),
)
