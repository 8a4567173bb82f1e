"""Rows of the log: a clock per scope, and its immutable events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ScopeKind(StrEnum):
    """The four kinds of scope: units of ordering and of visibility."""

    PROJECT = "project"
    WORKSPACE = "workspace"
    DIRECTORY = "directory"
    INBOX = "inbox"


class ActorKind(StrEnum):
    """Who made a change: a person, an import, or the service itself."""

    USER = "user"
    IMPORT = "import"
    SYSTEM = "system"


class Scope(SQLModel, table=True):
    """The clock of one scope.

    A project's scope id is the project's id, a workspace's its own, an inbox's its person's id; a
    workspace's directory has an id of its own. ``last_xid`` is the transaction that last advanced the
    clock: commit-time triggers use it to prove that a change of a row has its event.
    """

    __tablename__ = "scopes"

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    workspace_id: UUID | None = None
    seq: int = Field(default=0, sa_type=BigInteger)
    head_event_id: UUID | None = None
    last_xid: int | None = Field(default=None, sa_type=BigInteger)
    recorded_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    access_stamp: int = Field(default=0, sa_type=BigInteger)


class EventRow(SQLModel, table=True):
    """One event: the envelope that can never change, and a versioned payload."""

    __tablename__ = "events"
    __table_args__ = (
        Index("events_object", "scope_id", "object_id", "seq"),
        {"postgresql_partition_by": "HASH (scope_id)"},
    )

    scope_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID
    kind: str = Field(sa_type=Text)
    payload_version: int = Field(sa_type=SmallInteger)
    object_type: str = Field(sa_type=Text)
    object_id: UUID
    object_version: int | None = None
    actor_id: UUID | None = None
    actor_kind: str = Field(sa_type=Text)
    batch_id: UUID | None = None
    caused_by: UUID | None = None
    client_mutation_id: UUID | None = None
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    payload: dict[str, Any] = Field(sa_type=JSONB)


class MutationOutcome(SQLModel, table=True):
    """What a mutation with a ``clientMutationId`` committed: ids and positions, never contents."""

    __tablename__ = "mutation_outcomes"
    __table_args__ = (
        Index("mutation_outcomes_age", "created_at"),
        {"postgresql_partition_by": "HASH (viewer_id)"},
    )

    viewer_id: UUID = Field(primary_key=True)
    key: UUID = Field(primary_key=True)
    request_hash: bytes
    outcome: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Event(NamedTuple):
    """An event in hand: the columns of ``EventRow`` without the table (rows fetched as this type are records)."""

    scope_id: UUID
    seq: int
    id: UUID
    kind: str
    payload_version: int
    object_type: str
    object_id: UUID
    object_version: int | None
    actor_id: UUID | None
    actor_kind: str
    batch_id: UUID | None
    caused_by: UUID | None
    client_mutation_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    payload: dict[str, Any]
    previous_id: UUID | None = None
    """Of the event before it, when it comes fresh from its commit: a follower takes it only as the next link."""
