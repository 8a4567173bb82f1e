"""What an edit of an older version means now: field by field, from the events in between.

``changes_since`` unfolds the task's events from now back to the version that the client saw. ``resolve`` applies a
patch to today's state under one of the three policies, or raises ``VersionConflict`` with every clash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app import texts
from app.errors import Clash, VersionConflict
from app.events.deltas import State, apply_delta, invert_delta, touched
from app.events.kinds import KINDS, Effect, current_payload
from app.events.models import Event
from app.projects.models import ConflictPolicy
from app.tasks.commands import REMOVE, TaskPatch
from app.values import plain


@dataclass(frozen=True)
class Touch:
    """Who changed a field last, and when."""

    by: UUID | None
    at: datetime


@dataclass(frozen=True)
class Since:
    """What others changed since the version a client saw. ``base`` is the state then (None: not in this log)."""

    base: State | None
    touches: dict[str, Touch]


def changes_since(current: State, history: list[Event]) -> Since:
    """Unfold ``history`` (the events after the seen version, oldest first) from the current state."""
    base: State | None = current
    touches: dict[str, Touch] = {}
    for event in reversed(history):
        if KINDS[event.kind].effect is not Effect.CHANGE or base is None:
            # The task arrived from another project after that version: its earlier history is not in this log.
            return Since(None, touches)
        delta = current_payload(event.kind, event.payload_version, event.payload)["delta"]
        for field in touched(delta):
            touches.setdefault(field, Touch(event.actor_id, event.occurred_at))
        base = apply_delta(base, invert_delta(delta))
    return Since(base, touches)


def resolve(
    current: State, patch: TaskPatch, since: Since | None, policy: ConflictPolicy, *, expected: int
) -> tuple[State, bool]:
    """Today's state with the patch applied, and whether that merged with changes of others.

    ``since`` is None when the client saw the current version (or overwrites).
    """
    wanted = dict(_wanted(patch))
    if since is None or policy is ConflictPolicy.OVERWRITE:
        return _applied(current, wanted, patch), False
    if since.base is None or policy is ConflictPolicy.REJECT:
        _refuse(current, wanted, since, expected)
    clashes, merged = [], dict(wanted)
    for field, yours in wanted.items():
        if field not in since.touches:
            continue
        base, theirs = _get(since.base, field), _get(current, field)
        outcome = _three_way(field, base, theirs, yours)
        if isinstance(outcome, Clash):
            touch = since.touches[field]
            clashes.append(Clash(field, base, theirs, _json(yours), touch.by, touch.at))
        else:
            merged[field] = outcome[0]
    if clashes:
        raise VersionConflict(
            "task", UUID(current["id"]), expected=expected, current=current["version"], clashes=clashes
        )
    return _applied(current, merged, patch), True


def _three_way(field: str, base: Any, theirs: Any, yours: Any) -> tuple[Any] | Clash:
    if yours in (theirs, base):
        return (theirs,)
    if theirs == base:
        return (yours,)
    if field.startswith("sections."):
        outcome = texts.merge(base, theirs, yours)
        if isinstance(outcome, texts.MergedText):
            return (outcome.text,)
    return Clash(field, base, theirs, yours, None, None)


def _wanted(patch: TaskPatch) -> Iterator[tuple[str, Any]]:
    for name, value in patch.values.items():
        yield name, plain(value)
    for name, text in patch.sections.items():
        yield f"sections.{name}", text
    for key, value in patch.config.items():
        yield f"config.{key}", value


def _get(state: State, field: str) -> Any:
    """The value of a field, ``sections.name`` or ``config.key``; ``REMOVE`` for a config key that is not there."""
    owner, _, name = field.partition(".")
    if not name:
        return state[owner]
    return state[owner].get(name, "" if owner == "sections" else REMOVE)


def _applied(current: State, wanted: dict[str, Any], patch: TaskPatch) -> State:
    new = {**current, "sections": dict(current["sections"]), "config": dict(current["config"])}
    for field, value in wanted.items():
        owner, _, name = field.partition(".")
        if not name:
            new[owner] = value
        elif value is REMOVE or (owner == "sections" and value == ""):
            new[owner].pop(name, None)
        else:
            new[owner][name] = value
    for members in ("assignee_ids", "label_ids"):
        kept = set(current[members]) - {str(one) for one in patch.remove.get(members, ())}
        new[members] = sorted(kept | {str(one) for one in patch.add.get(members, ())})
    return new


def _refuse(current: State, wanted: dict[str, Any], since: Since, expected: int) -> None:
    clashes = []
    for field, yours in wanted.items():
        touch = since.touches.get(field)
        if touch is None and since.base is not None:
            continue
        base = _json(_get(since.base, field)) if since.base is not None else None
        clashes.append(
            Clash(
                field, base, _json(_get(current, field)), _json(yours), touch and touch.by, touch and touch.at,
                base_known=since.base is not None,
            )  # fmt: skip
        )
    raise VersionConflict("task", UUID(current["id"]), expected=expected, current=current["version"], clashes=clashes)


def _json(value: Any) -> Any:
    return None if value is REMOVE else value
