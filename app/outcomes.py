"""What a unit committed, kept under its request's key so that a retry has no further effect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import orjson
from sqlmodel import SQLModel

from app.errors import KeyReused
from app.events.cursors import Cursor
from app.events.deltas import State
from app.events.log import Position
from app.events.models import Event, MutationOutcome
from app.events.parts import Keeping
from app.guards import Guard
from app.mail.letters import Mail
from app.statements import Statement, sql

if TYPE_CHECKING:
    from app.work import Work

Result = dict[str, Any]
"""What an action answers: ids and plain JSON, because it is kept for a retry and rendered under later access."""


@dataclass(frozen=True)
class RequestKey:
    """A ``clientMutationId`` with the hash of the operation and input it came with."""

    key: UUID
    request_hash: bytes

    @classmethod
    def of(cls, key: UUID, operation: str, arguments: Any) -> RequestKey:
        text = orjson.dumps([operation, arguments], option=orjson.OPT_SORT_KEYS, default=str)
        return cls(key, hashlib.sha256(text).digest())


class Written:
    """A row as a command left it, told by what was written: columns are attributes, as those of a ``Row`` are.

    ``columns`` are those that are known to be what a reader would find.
    """

    model: ClassVar[type[SQLModel] | None] = None
    columns: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, project_id: UUID, state: State) -> None:
        self.project_id = project_id
        self._state = state

    def __getattr__(self, name: str) -> Any:
        if name not in self.columns:
            raise AttributeError(name)
        value = self.__dict__[name] = self.column(name, self._state[name])
        return value

    def column(self, name: str, value: Any) -> Any:
        """A value of the object's state as its column holds it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """What a unit committed: the action's result and the positions that hold its events."""

    result: Result
    positions: list[Position]
    replayed: bool = False
    events: list[Event] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    left: Written | None = None
    """Its object as it was left, where that is known without reading it: as it stands at ``positions``."""


_FIND_OUTCOME: Statement[MutationOutcome] = sql(
    "SELECT request_hash, outcome FROM mutation_outcomes WHERE viewer_id = $1 AND key = $2", "viewer", "key",
    model=MutationOutcome,
)  # fmt: skip


async def kept_outcome(work: Work, key: RequestKey) -> Outcome | None:
    viewer = work.actor.user_id
    if viewer is None:
        return None
    # Two sends of one key at once: the second waits here, then finds what the first one kept.
    await work.guard(Guard.of("mutation", UUID(int=viewer.int ^ key.key.int)))
    kept = await work.row(_FIND_OUTCOME, viewer=viewer, key=key.key)
    return None if kept is None else outcome_of(kept, key)


def outcome_of(kept: Any, key: RequestKey) -> Outcome:
    """A kept outcome again; raises ``KeyReused`` if it is of another request."""
    if kept.request_hash != key.request_hash:
        raise KeyReused()
    positions = [
        Position(UUID(scope), seq, Cursor(UUID(scope), seq, bytes.fromhex(check)))
        for scope, seq, check in kept.outcome["positions"]
    ]
    return Outcome(kept.outcome["result"], positions, replayed=True)


def keeping(viewer_id: UUID | None, key: RequestKey | None, result: Result) -> Keeping | None:
    """What is to be kept of a unit, if it has a key."""
    if key is None or viewer_id is None:
        return None
    return Keeping(viewer_id, key.key, key.request_hash, result)
