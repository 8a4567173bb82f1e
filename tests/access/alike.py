"""Hidden equals missing, many things at once: one document, its ids in variables."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.client import JSON, Client
from tests.invariants import DRIVER, is_global_id, without_ids
from tests.service import Service

_IDS = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_LOCKS = re.compile(r"(pg_advisory_\w+)\(-?\d+\)(?:, )?")


def ghosts_of(identifiers: Sequence[str]) -> list[str]:
    """Ids of nothing that hang together as these do: what two have in common, their ghosts have in common."""
    known: dict[str, str] = {}
    found = []
    for identifier in identifiers:
        kind, *parts = _text(identifier).split(":")
        ghost = ":".join([kind, *(known.setdefault(part, uuid4().hex) for part in parts)])
        found.append(base64.urlsafe_b64encode(ghost.encode()).rstrip(b"=").decode())
    return found


def _text(identifier: str) -> str:
    return base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()


def many_nodes(selections: Sequence[tuple[str, str]]) -> str:
    """A query for nodes of these kinds with these selections, by the variables `x0`, `x1` …"""
    head = ", ".join(f"$x{number}: ID!" for number in range(len(selections)))
    fields = " ".join(
        f"n{number}: node(id: $x{number}) {{ __typename ... on {kind} {{ {selection} }} }}"
        for number, (kind, selection) in enumerate(selections)
    )
    return f"query({head}) {{ {fields} }}"


async def told(
    service: Service, client: Client, document: str, variables: JSON, ids: Sequence[str]
) -> tuple[int, str, list[str]]:
    """An answer without the ids that were asked for, and the statements it took."""
    with service.statements() as counted:
        answer = await client.ask(document, variables)
    texts = [text for text in map(_plain, counted.texts) if not text.startswith(DRIVER)]
    known = [one for one in ids if is_global_id(one)]
    return answer.status, without_ids(answer, *known), texts


def _plain(statement: str) -> str:
    """A statement without ids; advisory locks are numbers made of ids, as many as there are, in their order."""
    # How the one before left the connection hangs on when it was given back, not on what is asked.
    text = _IDS.sub("…", " ".join(statement.split()).removeprefix("ROLLBACK; "))
    locks = sorted(set(_LOCKS.findall(text)))
    return f"{', '.join(locks)}{_LOCKS.sub('', text)}"[:200]


async def check_alike(
    service: Service, client: Client, document: str, variables: JSON, hidden: dict[str, str]
) -> None:
    """With hidden ids in the variables, and with ids of nothing: the same to the byte, for the same statements."""
    ghosts = dict(zip(hidden, ghosts_of(list(hidden.values())), strict=True))
    answers: list[Any] = [
        await told(service, client, document, variables | given, [*hidden.values(), *ghosts.values()])
        for given in (hidden, ghosts)
    ]
    assert answers[0][:2] == answers[1][:2], f"hidden: {answers[0][:2]}\nmissing: {answers[1][:2]}"
    assert answers[0][2] == answers[1][2], "\n".join(["hidden:", *answers[0][2], "missing:", *answers[1][2]])
