"""Everything at once: reads and writes at half of what the service can do, while people follow live."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.audience import Audience, audience, possible
from benchmarks.crowd import Crowd
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread, percentile
from benchmarks.operations import board, page, task
from benchmarks.processes import end_with_parent
from benchmarks.stage import Bench, Running
from benchmarks.wire import Load, request
from benchmarks.writing import SEED, Target, Writer, targets

CONNECTIONS = 16
WRITES = 0.2
FOLLOWERS = 1000
# Of the reads: a board when somebody comes, more often a page of a list or a task that is opened.
BOARDS, PAGES = 0.05, 0.55
LOADED = 4


class Mix:
    """Requests of many people who work in all projects."""

    def __init__(self, bench: Bench, server: Running) -> None:
        keys = [f"B{number}" for number in range(len(bench.scale.sizes))]
        self._random = random.Random(SEED)
        self._writer = Writer(server, targets(bench, "public", keys))
        self._board = request(board("B0").body(ours=True), server.token)
        self._pages = [request(page(key).body(ours=True), server.token) for key in keys]
        numbers = [
            (key, self._random.randint(1, size)) for key, size in zip(keys, bench.scale.sizes, strict=True)
        ] * LOADED
        self._tasks = [
            request(task(f"{key}-{number}").body(ours=True), server.token) for key, number in numbers
        ]

    def next(self) -> tuple[Target | None, bytes]:
        """A request; with what it edits, if it does."""
        if self._random.random() < WRITES:
            return self._writer.next()
        draw = self._random.random()
        if draw < BOARDS:
            return None, self._board
        return None, self._random.choice(self._pages if draw < BOARDS + PAGES else self._tasks)

    def take(self, edited: Target | None, body: bytes) -> bool:
        """Whether it was answered."""
        return self._writer.take(edited, body) if edited else b'"errors"' not in body[:300]


@contextmanager
def _followed(everybody: Audience, server: Running, count: int) -> Iterator[None]:
    """While so many follow, read by a process of its own."""
    with everybody.crowd(server, count) as (crowd, _):
        reading = multiprocessing.get_context("fork").Process(target=_read, args=(crowd,))
        reading.start()
        try:
            yield
            if not reading.is_alive():
                raise RuntimeError("somebody who followed was sent away")
        finally:
            reading.kill()
            reading.join()


def _read(crowd: Crowd) -> None:
    end_with_parent()
    while True:
        crowd.hear(lambda heard: heard.deliveries >= 1)


def measured(bench: Bench) -> dict[str, Any]:
    """p99 of reads and of writes in each round, in ms."""
    server, mix = bench.product(), Mix(bench, bench.product())
    followers = min(FOLLOWERS, possible(bench.scale.subscribers))
    reads, writes = [], []
    with _followed(audience(bench), server, followers):
        load = Load(server.port, CONNECTIONS, mix.next, mix.take)
        load.run(bench.scale.seconds / 2)
        took, lasted, _ = load.run(bench.scale.seconds)
        saturation = len(took) / lasted
        for _ in range(bench.scale.live_rounds):
            took, _, failed = load.run(bench.scale.seconds, saturation / 2)
            if failed:
                raise RuntimeError(f"{failed} requests failed")
            reads.append(percentile([one * 1000 for what, one in took if what is None], 0.99))
            writes.append(percentile([one * 1000 for what, one in took if what is not None], 0.99))
        load.close()
    beside = {
        "saturation": saturation, "followers": followers,
        "read": Spread.of(reads).as_json(), "write": Spread.of(writes).as_json(),
    }  # fmt: skip
    return {"reads": reads, "writes": writes, "beside": beside}


def _reads(bench: Bench) -> Rounds:
    found = bench.once("mixed", partial(measured, bench))
    return Rounds(found["reads"], None, found["beside"])


def _writes(bench: Bench) -> Rounds:
    found = bench.once("mixed", partial(measured, bench))
    return Rounds(found["writes"], None, found["beside"])


TITLE = "80/20 with 1,000 live subscribers, half of saturation: {} p99"
FIGURES = (
    Figure("mixed-reads", TITLE.format("read"), "ms", "", 50, 20, _reads),
    Figure("mixed-writes", TITLE.format("write"), "ms", "", 100, 40, _writes),
)
