"""Reads: CPU for each request, one request at a time, ours and the peers in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread
from benchmarks.operations import Operation, board, comparable, page, task
from benchmarks.peers import Peer
from benchmarks.processes import Clock
from benchmarks.stage import Bench, Running
from benchmarks.wire import Caller, request

WARM_REQUESTS = 150
WARM_MS = 3000.0
"""So many requests, or so much CPU: then a server's compilers (V8's, graphql-jit's) have seen a document."""
FEW = 15


class DifferentAnswer(Exception):
    """A peer answered something else, so that its time says nothing."""


@dataclass(frozen=True)
class Spent:
    """CPU ms of one request: in the server, and in PostgreSQL's sessions."""

    server: float
    postgres: float

    @property
    def both(self) -> float:
        """Their sum."""
        return self.server + self.postgres


class Asked:
    """A server with the request that it is measured by."""

    def __init__(self, bench: Bench, server: Running, sent: bytes) -> None:
        self.name = server.name
        self._server = server
        self._postgres = bench.postgres
        self._caller: Caller = bench.caller(server)
        self._sent = sent

    def answer(self) -> bytes:
        """One request's."""
        return self._caller.ask(self._sent)

    def spend(self, requests: int) -> Spent:
        """So many requests."""
        self.answer()  # the connection may have to be made
        server, postgres = Clock(self._server.pid), Clock(self._postgres, sessions=True)
        for _ in range(requests):
            self.answer()
        return Spent(server.ms() / requests, postgres.ms() / requests)

    def warm(self) -> float:
        """Until the server has worked on it for a while; CPU ms of a request by then."""
        spent, last = 0.0, 0.0
        for _ in range(WARM_REQUESTS // FEW):
            last = self.spend(FEW).both
            spent += last * FEW
            if spent > WARM_MS:
                break
        return last


def same_answer(servers: Sequence[Asked]) -> int:
    """Raises DifferentAnswer if not all answer alike; the bytes of the first one's answer."""
    first = servers[0].answer()
    wanted = comparable(first)
    for server in servers[1:]:
        if comparable(server.answer()) != wanted:
            raise DifferentAnswer(f"{server.name} answers otherwise than {servers[0].name}")
    return len(first)


def in_turns(servers: Sequence[Asked], rounds: int, turn_ms: float) -> dict[str, list[Spent]]:
    """CPU of a request by server, for each round; a turn is as many requests as take about `turn_ms` of CPU."""
    turns = {server.name: max(round(turn_ms / max(server.warm(), 0.01)), 3) for server in servers}
    spent: dict[str, list[Spent]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            spent[server.name].append(server.spend(turns[server.name]))
    return spent


def measured(bench: Bench, operation: Operation, others: tuple[Peer, ...]) -> dict[str, list[Spent]]:
    """Ours first, then the others."""

    def measure() -> dict[str, list[Spent]]:
        ours = bench.product("lockstep, no cache", **NO_CACHE)
        servers = [Asked(bench, ours, request(operation.body(ours=True), ours.token))]
        body = request(operation.body(ours=False))
        servers += [Asked(bench, bench.peer(peer), body) for peer in others]
        if operation.name != "Board":  # which costs too much to be foreseen
            again = bench.product("lockstep, asked again", LOCKSTEP_KEPT_BYTES="0")
            servers.append(Asked(bench, again, request(operation.body(ours=True), again.token)))
        if bench.everybody:
            ordinary = bench.product("lockstep, not compiled", **NO_CACHE, LOCKSTEP_COMPILED="false")
            servers.append(Asked(bench, ordinary, request(operation.body(ours=True), ordinary.token)))
        same_answer(servers)
        return in_turns(servers, bench.scale.rounds, bench.scale.turn_ms)

    return bench.once(operation.name, measure)


# The compiled path is measured, not what an earlier request for the same left: neither answers nor foreseen statements.
NO_CACHE = {"LOCKSTEP_KEPT_BYTES": "0", "LOCKSTEP_FORESEEN_QUESTIONS": "0"}
BOARD = (peers.MERCURIUS, peers.MERCURIUS_DATALOADER, peers.JSON_AGG, peers.STRAWBERRY)
LESS = (peers.MERCURIUS, peers.MERCURIUS_DATALOADER)
MORE = (peers.YOGA, peers.ARIADNE)


def _figure(
    key: str,
    title: str,
    asked: Callable[[], Operation],
    peer: Peer,
    must: float,
    aim: float,
    *,
    both: bool = False,
) -> Figure:
    unit = "CPU ms per request" + (", with PostgreSQL" if both else "")
    return Figure(key, title, unit, peer.name, must, aim, partial(_compare, asked, peer, both))


def _compare(asked: Callable[[], Operation], peer: Peer, both: bool, bench: Bench) -> Rounds:
    operation = asked()
    others = (BOARD if operation.name == "Board" else LESS) + (MORE if bench.everybody else ())
    found = measured(bench, operation, others)
    what: Callable[[Spent], float] = (lambda one: one.both) if both else (lambda one: one.server)
    ours = next(iter(found.values()))
    return Rounds([what(one) for one in ours], [what(one) for one in found[peer.name]], beside(found))


def beside(found: dict[str, list[Spent]]) -> dict[str, Any]:
    """Everybody's medians."""
    return {
        name: {
            "server": Spread.of([one.server for one in spent]).as_json(),
            "postgres": Spread.of([one.postgres for one in spent]).as_json(),
        }
        for name, spent in found.items()
    }


def _against_mercurius(
    key: str, title: str, asked: Callable[[], Operation], must: float, aim: float
) -> tuple[Figure, Figure]:
    """With its own loaders, and with DataLoader instead, which makes it faster."""
    return (
        _figure(f"{key}-mercurius", f"{title}, against Mercurius JIT", asked, peers.MERCURIUS, must, aim),
        _figure(f"{key}-dataloader", "… with DataLoader", asked, peers.MERCURIUS_DATALOADER, must, aim),
    )


_board = partial(board, "B0")
FIGURES = (
    *_against_mercurius("board", "board of 500 tasks", _board, 0.5, 0.35),
    _figure("board-json-agg", "board, against tuned json_agg", _board, peers.JSON_AGG, 0.8, 0.6, both=True),
    _figure("board-stock", "board, against stock Strawberry", _board, peers.STRAWBERRY, 1 / 25, 1 / 35),
)
SMALLER = (
    *_against_mercurius("page", "50-row connection", partial(page, "B0"), 0.8, 0.6),
    *_against_mercurius("task", "task + 20 comments", partial(task, "B0-1"), 1, 0.9),
)
