"""Sockets that only wait: what each costs in memory, and how fast they are let in. New processes in each round."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.audience import audience, possible
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread
from benchmarks.processes import memory_bytes
from benchmarks.stage import Bench, Running

SHARE = 3
"""A third of the subscribers of the fan-out: more would tell nothing new, and take longer."""
SETTLE_SECONDS = 1.0
FEW = 20


@dataclass(frozen=True)
class Waiting:
    """One round: bytes for each subscriber, and how many were let in each second."""

    bytes: float
    a_second: float


def wait(bench: Bench, server: AbstractContextManager[Running], count: int) -> Waiting:
    """So many subscribers of one project, on a process of its own."""
    everybody = audience(bench)
    with server as running, everybody.crowd(running, FEW):
        # Those few had the code and the caches loaded.
        time.sleep(SETTLE_SECONDS)
        before = memory_bytes(running.pid)
        with everybody.crowd(running, count) as (crowd, seconds):
            ends = time.perf_counter() + SETTLE_SECONDS
            crowd.hear(lambda _: time.perf_counter() > ends)
            return Waiting((memory_bytes(running.pid) - before) / count, count / seconds)


def measured(bench: Bench) -> dict[str, list[Waiting]]:
    """Ours and graphql-ws in turns."""
    count = max(possible(bench.scale.subscribers) // SHARE, 100)
    found: dict[str, list[Waiting]] = {"lockstep": [], peers.GRAPHQL_WS.name: []}
    for _ in range(bench.scale.live_rounds):
        found["lockstep"].append(wait(bench, bench.new_product(), count))
        found[peers.GRAPHQL_WS.name].append(wait(bench, bench.new_peer(peers.GRAPHQL_WS), count))
    return found


def _of(what: Callable[[Waiting], float]) -> Callable[[Bench], Rounds]:
    def measure(bench: Bench) -> Rounds:
        found = bench.once("sockets", partial(measured, bench))
        ours, theirs = found.values()
        beside: dict[str, Any] = {
            name: {
                field: Spread.of([getattr(one, field) for one in rounds]).as_json()
                for field in Waiting.__annotations__
            }
            for name, rounds in found.items()
        }
        return Rounds([what(one) for one in ours], [what(one) for one in theirs], beside)

    return measure


FIGURES = (
    Figure(
        "idle-memory", "memory of an idle subscriber, against graphql-ws", "kB", "graphql-ws, Node",
        0.8, 0.2, _of(lambda one: one.bytes / 1000),
    ),
    Figure(
        "accepted", "subscriptions accepted, against graphql-ws", "a second", "graphql-ws, Node",
        1.3, 3, _of(lambda one: one.a_second), "more",
    ),
)  # fmt: skip
