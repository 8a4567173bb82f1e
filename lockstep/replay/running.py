"""One replay from beginning to end: prepare, send, follow, put in faults, read back, judge."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockstep.replay.client import Client, ReplayStuck, Shared
from lockstep.replay.copies import Copy
from lockstep.replay.doors import Address, Door
from lockstep.replay.faults import Asked, Faults, Redis
from lockstep.replay.following import Stream, until_cancelled
from lockstep.replay.history import Edit, named_in
from lockstep.replay.oracle.comparing import differences, expected_differences
from lockstep.replay.oracle.judging import judge
from lockstep.replay.oracle.records import Finding, Sent, Verdict
from lockstep.replay.plan import Plan, make_plan
from lockstep.replay.preparing import Stage, prepare
from lockstep.replay.reading import read_board, read_log
from lockstep.replay.schedule import Schedule
from lockstep.replay.servers import ERRORS_SHOWN, ServerProcess

CATCH_UP_SECONDS = 60
Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass
class Outcome:
    """Everything that the report tells. `findings` is empty if and only if all is well."""

    plan: Plan
    sent: list[Sent]
    verdict: Verdict
    findings: list[Finding] = field(default_factory=list)
    clients: int = 0
    seconds: float = 0
    log_events: int = 0
    events: list[int] = field(default_factory=list)
    gaps: int = 0
    doubles: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))
    faults: Counter[str] = field(default_factory=Counter)
    streams_resumed: int = 0
    resyncs: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    resent: int = 0
    errors: Counter[str] = field(default_factory=Counter)


async def replay(
    path: Path,
    history: list[Edit],
    servers: Sequence[ServerProcess],
    redis: Redis | None,
    *,
    clients: int,
    asked: Asked,
    seed: int,
    tell: Tell,
) -> Outcome:
    """Replay a history against servers that are started here; raises ReplayError if it cannot even begin."""
    tell("starting the servers", 0, 1)
    for server in servers:  # one after the other: the first makes the signing key
        server.start()
        await server.ready()
    addresses = [server.address for server in servers]
    tell("making accounts, project and words", 0, 1)
    stage = await prepare(addresses, named_in(history))
    plan = make_plan(history, stage.words, clients, seed)
    shared = Shared(stage.project, stage.scope)
    hands = _clients(addresses, stage, plan, shared, clients)
    schedule = Schedule(plan.steps, clients)
    faults = Faults(asked, schedule, hands, servers, redis, seed)
    outcome = Outcome(plan, shared.sent, Verdict(), clients=clients, faults=faults.counts)
    began = time.monotonic()
    with _few_collections():
        following = [asyncio.create_task(hand.stream.follow()) for hand in hands]
        try:
            await _work(hands, schedule, faults, tell)
        except* (ReplayStuck, RuntimeError, KeyError) as stuck:
            outcome.findings += [Finding("stuck", repr(one)) for one in stuck.exceptions]
        outcome.seconds = time.monotonic() - began
        try:
            tell("reading the log and the board", 0, 1)
            await _judge(_lines(path, len(history)), stage, hands, outcome, Door(addresses, 0))
        finally:
            await until_cancelled(*following)
            for hand in hands:
                hand.door.abort()
    outcome.retried, outcome.resent, outcome.errors = shared.retried, shared.resent, shared.errors
    _check_servers(servers, outcome)
    return outcome


def _clients(
    addresses: list[Address], stage: Stage, plan: Plan, shared: Shared, clients: int
) -> list[Client]:
    remembered: list[set[str]] = [set() for _ in range(clients)]
    for step in plan.steps:
        if step.behind:
            remembered[step.client].add(step.issue)
    hands = []
    for number in range(clients):
        account = stage.accounts[number % len(stage.accounts)]
        copy = Copy(stage.seq, stage.cursor, remembered[number])
        home = number % len(addresses)
        stream = Stream(addresses, home, account.token, stage.scope, copy)
        # What it sends goes to the one server, what it follows comes from the other.
        door = Door(addresses, home + 1, account.token)
        hands.append(Client(number, account.user, door, stream, shared))
    return hands


async def _work(hands: list[Client], schedule: Schedule, faults: Faults, tell: Tell) -> None:
    """All clients at once, with the faults, until every step is answered."""
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(hand.work(schedule)) for hand in hands]
        breaking = group.create_task(faults.run())
        while not schedule.finished.is_set():
            tell("replaying", schedule.answered, len(schedule.steps))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(schedule.finished.wait(), 0.2)
        for task in working:
            task.cancel()
        await breaking


async def _judge(
    lines: list[dict[str, Any]], stage: Stage, hands: list[Client], outcome: Outcome, door: Door
) -> None:
    try:
        log, board, misfits = await read_log(door, stage)
        head = log[-1].seq if log else stage.seq
        await _catch_up(hands, head, outcome)
        fresh = await read_board(door, stage)
    finally:
        door.abort()
    plan = outcome.plan
    verdict = judge(
        lines,
        {name: getattr(stage.words, name) for name in ("statuses", "types", "labels", "people")},
        outcome.sent,
        log,
        first_seq=stage.seq + 1,
        closed=stage.words.closed,
        left_out={line for line, _ in plan.left_out} - {step.line for step in plan.steps},
    )
    found = [*verdict.findings, *(Finding("difference", told) for told in misfits)]
    found += expected_differences(verdict, board)
    found += differences("a fresh query and the log", board, fresh)
    for hand in hands:
        found += _of_copy(hand)
        found += differences(f"the copy of client {hand.number} and the log", board, hand.copy.objects)
        _measure(hand, outcome)
    outcome.verdict, outcome.log_events = verdict, len(log)
    outcome.findings += found


def _lines(path: Path, count: int) -> list[dict[str, Any]]:
    """The file again, as it is, for the oracle."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in itertools.islice(lines, count)]


async def _catch_up(hands: list[Client], head: int, outcome: Outcome) -> None:
    """Until every copy holds the whole log, or time is up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CATCH_UP_SECONDS):
            await asyncio.gather(*(hand.copy.reached(head) for hand in hands))
    for hand in hands:
        if hand.copy.seq < head:
            told = f"client {hand.number} has seq {hand.copy.seq}, the log {head}"
            outcome.findings.append(Finding("loss", told))


def _of_copy(hand: Client) -> list[Finding]:
    copy, who = hand.copy, f"client {hand.number}"
    return [
        *(Finding("gap", f"{who} never got seq {first} to {last}") for first, last in copy.gaps),
        *(Finding("double", f"{who} got seq {seq} again") for seq in copy.doubles),
        *(Finding("difference", f"{who}, {fault}") for fault in copy.faults),
    ]


def _measure(hand: Client, outcome: Outcome) -> None:
    outcome.events.append(hand.copy.events)
    outcome.gaps += len(hand.copy.gaps)
    outcome.doubles += len(hand.copy.doubles)
    outcome.latencies.extend(hand.copy.latencies)
    outcome.streams_resumed += max(hand.stream.resumed, 0)
    outcome.resyncs.update(hand.stream.resyncs)


def _check_servers(servers: Sequence[ServerProcess], outcome: Outcome) -> None:
    """A bug of the service is one, even if everybody got over it."""
    if count := outcome.errors["INTERNAL_SERVER_ERROR"]:
        logged = "\n".join([line for server in servers for line in server.errors()][:ERRORS_SHOWN])
        outcome.findings.append(Finding("bug", f"the service answered {count} times with a bug:\n{logged}"))


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Dozens of copies of a board are many objects, and none is garbage: looking through them takes seconds."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 100, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
