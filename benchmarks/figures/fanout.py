"""Fan-out: one event to everybody who follows its project, and many events to many."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.audience import Audience, audience, one_event, possible, writing
from benchmarks.crowd import Crowd, Heard, same
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread, percentile
from benchmarks.peers.installing import compiled
from benchmarks.processes import Clock, free_port, start, stop
from benchmarks.stage import Bench
from benchmarks.wire import Caller
from benchmarks.writing import Writer, targets

EVENTS = 6
"""One at a time in a round; the first is for the caches."""
PAUSE_SECONDS = 0.15
STREAM_RATE = 50
SCOPES_RATE = 200
SEND_LOOP = peers.HERE / "send_loop" / "send_loop.c"


@dataclass(frozen=True)
class Delivered:
    """One round: ms until the last client had an event (the median), CPU µs for each delivery, and of a stream."""

    last_ms: float
    cpu_us: float
    bytes: int
    stream_cpu_us: float = 0.0
    events_in_a_message: float = 1.0


def one_project(bench: Bench) -> dict[str, list[Delivered]]:
    """Ours and the C loop in turns, everybody following one project."""
    count, everybody = possible(bench.scale.subscribers), audience(bench)
    found: dict[str, list[Delivered]] = {"lockstep": [], "C loop": []}
    for _ in range(bench.scale.live_rounds):
        ours = lockstep_round(bench, everybody, count, stream=True)
        found["lockstep"].append(ours)
        found["C loop"].append(c_round(count, ours.bytes))
    return found


def lockstep_round(bench: Bench, everybody: Audience, count: int, *, stream: bool = False) -> Delivered:
    """Edits over HTTP, each heard by everybody before the next; then, if wanted, many edits a second."""
    server = bench.product()
    caller, writer = Caller(server.port), Writer(server, targets(bench, "public", everybody.keys))
    with everybody.crowd(server, count) as (crowd, _):
        alone = _one_by_one(server.pid, partial(one_event, caller, writer, crowd))
        caller.close()
        if not stream:
            return alone
        clock = Clock(server.pid)
        heard = hear_stream(bench, everybody, crowd, STREAM_RATE, lambda events: events * len(crowd))
        cpu = clock.ms() * 1000 / heard.deliveries
    return Delivered(alone.last_ms, alone.cpu_us, alone.bytes, cpu, heard.deliveries / heard.messages)


def hear_stream(
    bench: Bench, everybody: Audience, crowd: Crowd, rate: float, expected: Callable[[int], int]
) -> Heard:
    """Edits at a rate, heard until the `expected` number of deliveries (by the number of edits) has come."""
    with writing(bench, bench.product(), everybody.keys, rate, bench.scale.seconds) as edits:
        wanted = expected(edits.count)
        return crowd.hear(lambda heard: heard.deliveries >= wanted or edits.failed(), each=True)


def c_round(count: int, size: int) -> Delivered:
    """The same clients, told the same number of bytes by the C loop."""
    with send_loop(count) as (pid, tell, crowd):

        def event() -> Heard:
            tell(_message(size))
            return crowd.hear(lambda heard: heard.deliveries >= len(crowd), each=True)

        return _one_by_one(pid, event)


@contextmanager
def send_loop(count: int) -> Iterator[tuple[int, Callable[[bytes], None], Crowd]]:
    """The C loop with its clients: its pid, and what has it send a text to all."""
    port = free_port()
    process = start([str(compiled(SEND_LOOP)), str(port)])
    assert process.stdin is not None
    assert process.stdout is not None
    told, heard = process.stdin, process.stdout
    try:
        heard.readline()
        crowd = Crowd(port)
        try:
            crowd.join(count, same({}), same({}))

            def tell(text: bytes) -> None:
                told.write(text + b"\n")
                told.flush()

            yield process.pid, tell, crowd
        finally:
            crowd.leave()
    finally:
        stop(process)


def _message(size: int) -> bytes:
    """As long as ours, and dated now."""
    event = {"recordedAt": datetime.now(UTC).isoformat(), "id": ""}
    text = json.dumps(
        {"id": "1", "type": "next", "payload": {"data": {"events": [event]}}}, separators=(",", ":")
    )
    return text.replace('"id":""', f'"id":"{"x" * max(size - len(text) - 4, 0)}"').encode()


def _one_by_one(pid: int, event: Callable[[], Heard]) -> Delivered:
    last, cpu, size = [], [], 0
    for _ in range(EVENTS):
        clock = Clock(pid)
        heard = event()
        last.append(max(heard.latencies) * 1000)
        cpu.append(clock.ms() * 1000 / heard.deliveries)
        size = heard.bytes // heard.deliveries
        time.sleep(PAUSE_SECONDS)
    return Delivered(percentile(last[1:], 0.5), percentile(cpu[1:], 0.5), size)


def _last_client(bench: Bench) -> Rounds:
    found = bench.once("fan-out", partial(one_project, bench))
    ours, theirs = found.values()
    return Rounds([one.last_ms for one in ours], [one.last_ms for one in theirs], _beside(bench, found))


def _coalesced(bench: Bench) -> Rounds:
    found = bench.once("fan-out", partial(one_project, bench))
    ours = found["lockstep"]
    return Rounds([one.stream_cpu_us for one in ours], [one.cpu_us for one in ours], _beside(bench, found))


def _beside(bench: Bench, found: dict[str, list[Delivered]]) -> dict[str, Any]:
    medians = {
        name: {
            field: Spread.of([getattr(one, field) for one in rounds]).as_json()
            for field in Delivered.__annotations__
        }
        for name, rounds in found.items()
    }
    return medians | {"subscribers": possible(bench.scale.subscribers)}


def _many_scopes(bench: Bench) -> Rounds:
    """Everybody spread over many projects, and edits all over them."""
    count, scopes = possible(bench.scale.subscribers), bench.scale.scopes
    everybody = audience(bench, scopes)
    p50, p99 = [], []
    with everybody.crowd(bench.product(), count) as (crowd, _):
        for _ in range(bench.scale.live_rounds):
            heard = hear_stream(
                bench, everybody, crowd, SCOPES_RATE, lambda events: events * (count // scopes)
            )
            p50.append(percentile(heard.latencies, 0.5) * 1000)
            p99.append(percentile(heard.latencies, 0.99) * 1000)
            time.sleep(PAUSE_SECONDS)
    return Rounds(p99, None, {"subscribers": count, "p50": Spread.of(p50).as_json()})


FIGURES = (
    Figure(
        "last-client", "15,000 subscribers, last client p50, against a C loop", "ms", "C loop of send",
        1.6, 1.25, _last_client,
    ),
    Figure(
        "coalesced", "the same at 50 events/s, against one at a time", "CPU µs per delivery", "ours, one at a time",
        1 / 3, 1 / 6, _coalesced,
    ),
    Figure(
        "many-scopes", "15,000 over 300 projects, 200 events/s: commit to client p99", "ms", "",
        50, 20, _many_scopes,
    ),
)  # fmt: skip
