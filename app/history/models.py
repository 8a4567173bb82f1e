"""Rows of checkpoints: what a scope's objects were at every so many events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

FOREVER = 2**63 - 1
"""The ``until_seq`` of a state that no later checkpoint has replaced."""


class Checkpoint(SQLModel, table=True):
    """A place in a scope's log at which the states of all its objects are kept."""

    __tablename__ = "checkpoints"

    scope_id: UUID = Field(primary_key=True, foreign_key="scopes.id")
    seq: int = Field(primary_key=True, sa_type=BigInteger)


class CheckpointState(SQLModel, table=True):
    """An object's state at the checkpoints from ``from_seq`` on and before ``until_seq``.

    A checkpoint adds rows for what changed since the one before, so keeping one costs as much as its events.
    ``kind`` and ``payload_version`` say by which upcasters the state is brought to today's form.
    """

    __tablename__ = "checkpoint_states"
    __table_args__ = (
        Index("checkpoint_states_then", "scope_id", "object_type", "until_seq", "from_seq"),
        {"postgresql_partition_by": "HASH (scope_id)"},
    )

    scope_id: UUID = Field(primary_key=True)
    object_id: UUID = Field(primary_key=True)
    object_type: str = Field(primary_key=True, sa_type=Text)
    from_seq: int = Field(primary_key=True, sa_type=BigInteger)
    until_seq: int = Field(default=FOREVER, sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    payload_version: int = Field(sa_type=SmallInteger)
    state: dict[str, Any] = Field(sa_type=JSONB)
