"""The board when nothing has changed since it was last asked for, against the least endpoint of the same framework."""

from __future__ import annotations

from benchmarks import peers
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.figures.reads import Asked, beside, in_turns
from benchmarks.operations import board, comparable
from benchmarks.stage import Bench
from benchmarks.wire import request


def _measure(bench: Bench) -> Rounds:
    ours = bench.product()
    sent = request(board("B0").body(ours=True), ours.token)
    servers = [Asked(bench, ours, sent), Asked(bench, bench.peer(peers.HELLO), sent)]
    comparable(servers[0].answer())
    found = in_turns(servers, bench.scale.rounds, bench.scale.turn_ms)
    cached, hello = found.values()
    return Rounds([one.server for one in cached], [one.server for one in hello], beside(found))


FIGURES = (
    Figure(
        "board-cached", "board from the cache, against hello world", "CPU ms per request", "hello world, Starlette",
        5, 3.5, _measure,
    ),
)  # fmt: skip
