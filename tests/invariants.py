"""The proofs that every feature reuses (design.md, *Proofs*)."""

from __future__ import annotations

import asyncio
import base64
import copy
import re
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson

from tests import selections
from tests.client import JSON, Answer, Client, mutation_document, new_key
from tests.folding import Copy, Scope
from tests.ledger import Log
from tests.service import Service

EVENTS_AFTER = (
    "query($scope: ID!, $after: String!, $first: Int!) "
    f"{{ events(scope: $scope, after: $after, first: $first) {{ {selections.frames()} }} }}"
)


async def events_over_http(client: Client, scope: str, after: str, page: int = 500) -> list[JSON]:
    """All events of a scope after a cursor, over plain HTTP."""
    found: list[JSON] = []
    while True:
        frame = (await client.query(EVENTS_AFTER, scope=scope, after=after, first=page))["events"]
        found += frame["events"]
        if not frame["more"]:
            return found
        after = frame["position"]["cursor"]


@dataclass
class Verified:
    """What happened while events were verified: by scope, in the order that the scopes were given."""

    events: list[list[JSON]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The kinds of all events, scope by scope."""
        return [event["kind"] for events in self.events for event in events]


@asynccontextmanager
async def verify_events(client: Client, *scopes: Scope) -> AsyncIterator[Verified]:
    """State = fold of events: a copy fetched before, and changed by the live stream alone, is what is fetched after.

    Each scope must have changed. The events over plain HTTP are the same.
    """
    copies = [await scope.fetch(client) for scope in scopes]
    before = [copy.deepcopy(one.shown()) for one in copies]
    cursors = [one.cursor for one in copies]
    verified = Verified()
    async with client.socket() as socket:
        streams = [await socket.follow(one.scope, one.cursor) for one in copies]
        yield verified
        for scope, kept, stream, old, cursor in zip(scopes, copies, streams, before, cursors, strict=True):
            fresh = await scope.fetch(client)
            events = await stream.until(fresh.seq)
            verified.events.append(events)
            assert events, f"nothing happened in the {scope.kind}"
            fold(kept, events, fresh)
            assert kept.shown() != old, f"the events of the {scope.kind} changed nothing"
            assert events == await events_over_http(client, fresh.scope, cursor)


def fold(kept: Copy, events: list[JSON], fresh: Copy) -> None:
    """Applies events to a copy, which must then be what was fetched anew."""
    for event in events:
        kept.apply(event)
    assert kept.seq == fresh.seq
    shown = kept.shown()
    assert shown.keys() == fresh.objects.keys()
    for key, state in fresh.objects.items():
        # A copy knows what events tell; times of an object's making are told where its state has them.
        assert {name: shown[key].get(name) for name in state} == state


async def one_winner(*attempts: Coroutine[Any, Any, JSON]) -> tuple[JSON, list[JSON]]:
    """Runs mutations at once: exactly one is done. Its payload, and the first errors of the others."""
    payloads = await asyncio.gather(*attempts)
    done = [payload for payload in payloads if not payload["errors"]]
    assert len(done) == 1, f"{len(done)} of {len(payloads)} were done: {[p['errors'] for p in payloads]}"
    return done[0], [payload["errors"][0] for payload in payloads if payload["errors"]]


async def one_effect(log: Log, client: Client, mutation: str, input: JSON, other: JSON) -> JSON:
    """A retried mutation has one effect, also when sent twice at once and when the first answer was lost.

    `other` is an input that asks for something else: under the same key it is refused.
    """
    key = new_key()
    before = await log.count()
    keyed = {**input, "clientMutationId": key}
    await _send_and_hang_up(client, mutation, keyed)
    answers = await asyncio.gather(*(client.do(mutation, **keyed) for _ in range(2)))
    answers.append(await client.do(mutation, **keyed))
    assert answers[0] == answers[1] == answers[2]
    events = await log.events(client_mutation_id=UUID(key))
    assert events, f"{mutation} with a key made no event"
    assert await log.count() == before + len(events)
    times: dict[UUID, set[Any]] = {}
    for event in events:
        times.setdefault(event["scope_id"], set()).add(event["recorded_at"])
    assert all(len(moments) == 1 for moments in times.values()), "the events are of more than one unit"
    error = await refused_unchanged(log, client.refused(mutation, **{**other, "clientMutationId": key}))
    assert error["code"] == "KEY_REUSED"
    return answers[0]


async def _send_and_hang_up(client: Client, mutation: str, input: JSON) -> None:
    """The request of a client that is gone before its answer comes."""
    place = urlsplit(client.url)
    body = orjson.dumps({"query": mutation_document(mutation), "variables": {"input": input}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {client.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def refused_unchanged(log: Log, refusal: Awaitable[JSON]) -> JSON:
    """The error of a refused mutation, after which every table is as it was before."""
    before = await log.fingerprint()
    error = await refusal
    after = await log.fingerprint()
    assert before == after, [name for name in before if before[name] != after[name]]
    return error


def kind_of(identifier: str) -> str:
    """What a global id names."""
    return _read(identifier).split(":")[0]


def missing(identifier: str) -> str:
    """An id of the same form as this one, of nothing."""
    kind, *parts = _read(identifier).split(":")
    return _write(":".join([kind, *(uuid4().hex for _ in parts)]))


def _read(identifier: str) -> str:
    return base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()


def _write(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def without_ids(answer: Answer, *identifiers: str) -> str:
    """An answer's body in which the ids that were asked for, in all their forms, and those made for it are alike."""
    text = re.sub(r'"(requestId|batchId)":"[^"]*"', '"…"', answer.body.decode())
    for identifier in identifiers:
        for part in _read(identifier).split(":")[1:]:
            text = text.replace(str(UUID(hex=part)), "…").replace(part, "…")
        text = text.replace(identifier, "…")
    return text


DRIVER = ("WITH RECURSIVE typeinfo_tree", "SELECT current_setting('jit')", "SELECT set_config('jit'")
"""What asyncpg asks once per connection, to know types."""


async def hidden_equals_missing(
    service: Service, client: Client, document: str, variables: JSON, place: tuple[Any, ...], hidden: str
) -> None:
    """Asked for with a hidden id at `place` of the variables, and with one of nothing, the answers are the same.

    The same to the byte, but for the ids themselves, and for the same number of statements. Asked once before, for what
    a process remembers of the things beside it, which the client does see.
    """
    answers, counts = [], []
    await client.ask(document, replaced(variables, place, missing(hidden)))
    for identifier in (hidden, missing(hidden)):
        with service.statements() as counted:
            answer = await client.ask(document, replaced(variables, place, identifier))
        answers.append((answer.status, without_ids(answer, identifier)))
        plain = (" ".join(text.split()) for text in counted.texts)
        counts.append([text for text in plain if not text.startswith(DRIVER)])
    assert answers[0] == answers[1], f"{answers[0]}\n{answers[1]}"
    assert len(counts[0]) == len(counts[1]), f"hidden:\n{counts[0]}\nmissing:\n{counts[1]}"


def replaced(variables: JSON, place: tuple[Any, ...], value: Any) -> JSON:
    """The variables with another value at a place."""
    changed = copy.deepcopy(variables)
    inner: Any = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed


def id_places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where global ids stand in an input."""
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in id_places(one, (*place, name))]
    if isinstance(value, list):
        return [found for index, one in enumerate(value) for found in id_places(one, (*place, index))]
    return [place] if isinstance(value, str) and is_global_id(value) else []


def is_global_id(value: str) -> bool:
    """Whether a text is an id that an answer gave."""
    try:
        kind, *parts = _read(value).split(":")
        return kind.isidentifier() and bool(parts) and all(UUID(hex=part) for part in parts)
    except ValueError:
        return False
