"""Keys are uuidv7, made by the application, so that a row's id is known before it is inserted."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import asyncpg.pgproto.pgproto
import uuid_utils

from app.errors import ValidationFailed

id_of: Callable[[str], UUID] = asyncpg.pgproto.pgproto.UUID
"""An id from 32 hexadecimal digits, as asyncpg makes ids: the standard library's are ten times as slow to compare."""


def new_id() -> UUID:
    """A new uuidv7 (RFC 9562): time-ordered, so that inserts stay at the right edge of their index."""
    return id_of(uuid_utils.uuid7().hex)


def accept_client_id(value: UUID | None, *, path: tuple[str, ...] = ("id",)) -> UUID:
    """The id a client made for an object it creates (offline queues), or a new one.

    Only version 7 is taken: another version would scatter the index.
    """
    if value is None:
        return new_id()
    if value.version != 7:
        raise ValidationFailed("A client-made id must be a version 7 UUID.", path=path)
    return value
