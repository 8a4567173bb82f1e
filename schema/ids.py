"""Global ids: opaque to clients, one form for everything that can be asked for by id."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

import strawberry

from app.errors import BadInput
from app.ids import id_of

_MALFORMED = "This is not an id of ours. Send an `id` that an answer gave you."


def global_id(kind: str, *parts: UUID) -> str:
    """``kind`` and one or two uuids (statuses, labels and task types are told with their project)."""
    text = f"{kind}:{parts[0].hex}" if len(parts) == 1 else f"{kind}:{parts[0].hex}:{parts[1].hex}"
    # Letters, digits and colons never give the two characters in which the alphabets of base64 differ.
    return binascii.b2a_base64(text.encode(), newline=False).rstrip(b"=").decode()


@lru_cache(maxsize=4096)
def scope_id(scope: UUID) -> str:
    """The global id of a scope: every answer tells some."""
    return global_id("Scope", scope)


def read_global_id(given: str) -> tuple[str, tuple[UUID, ...]]:
    """Its kind and uuids; raises ``BadInput`` if it is none of ours."""
    try:
        text = binascii.a2b_base64(given + "=" * (-len(given) % 4), strict_mode=True).decode("ascii")
        kind, *parts = text.split(":")
        uuids = tuple(map(id_of, parts))
    except (ValueError, binascii.Error):
        raise BadInput(_MALFORMED) from None
    if not kind.isalpha() or not 1 <= len(uuids) <= 2 or any(len(part) != 32 for part in parts):
        raise BadInput(_MALFORMED)
    return kind, uuids


def read_id(given: strawberry.ID | str, *kinds: str) -> UUID:
    """The uuid of an id of one of these kinds (its last part); raises ``BadInput`` for another kind."""
    kind, uuids = read_global_id(given)
    if kind not in kinds:
        raise BadInput(f"This is the id of a {kind}; here belongs the id of a {' or '.join(kinds)}.")
    return uuids[-1]


def read_optional_id(given: str | None, *kinds: str) -> UUID | None:
    """The same for an argument that may be left out."""
    return None if given is None else read_id(given, *kinds)


def read_ids(given: Iterable[str] | None, kind: str) -> frozenset[UUID]:
    """The uuids of several ids."""
    return frozenset(read_id(one, kind) for one in given or ())


def read_word_id(given: str, kind: str) -> tuple[UUID, UUID]:
    """The project and the uuid of a status, label or task type."""
    read_id(given, kind)
    uuids = read_global_id(given)[1]
    if len(uuids) != 2:
        raise BadInput(_MALFORMED)
    return uuids[0], uuids[1]
