"""What an edit of an older version means now: field by field, from the events in between.

``changes_since`` unfolds an object's events from now back to the version that a client saw. ``merge_fields``
lays what the client wants over what others changed, or raises ``VersionConflict`` with every clash. Fields
are named as deltas name them: ``title``, or ``sections.name`` and ``config.key`` of sections and entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app import texts
from app.errors import Clash, ValidationFailed, VersionConflict
from app.events.deltas import Shape, State, apply_delta, invert_delta, same, touched
from app.events.kinds import KINDS, Effect, current_payload
from app.events.models import Event

ABSENT = object()
"""The value of an entry's key that is not there, or is to go."""


@dataclass(frozen=True)
class Touch:
    """Who changed a field last, and when."""

    by: UUID | None
    at: datetime


@dataclass(frozen=True)
class Since:
    """What others changed since the version a client saw. ``base`` is the state then, if known here."""

    base: State | None
    touches: dict[str, Touch]


def changes_since(current: State, history: list[Event]) -> Since:
    """Unfold ``history`` (the events after the seen version, oldest first) from the current state.

    Events newer than ``current`` were committed after it was read: they are left out, and the compare-and-set
    of whoever decides on this fails.
    """
    base: State | None = current
    touches: dict[str, Touch] = {}
    for event in reversed(history):
        if event.object_version is not None and event.object_version > current["version"]:
            continue
        if KINDS[event.kind].effect is not Effect.CHANGE or base is None:
            # It arrived from another project after that version: its earlier history is not in this log.
            return Since(None, touches)
        delta = current_payload(event.kind, event.payload_version, event.payload)["delta"]
        for field in touched(delta):
            touches.setdefault(field, Touch(event.actor_id, event.occurred_at))
        base = apply_delta(base, invert_delta(delta))
    return Since(base, touches)


def check_expected(noun: str, expected: int | None, current: int, *, optional: bool) -> None:
    """An edit says which version it was made on; ``optional``: its policy lets it do without."""
    if expected is None:
        if not optional:
            raise ValidationFailed(
                "expectedVersion is required, unless onConflict is OVERWRITE: send the version you edited.",
                path=("expectedVersion",),
            )
    elif expected > current or expected < 1:
        raise ValidationFailed(
            f"This {noun} is at version {current}; there is no version {expected}.",
            path=("expectedVersion",),
        )


def merge_fields(
    noun: str,
    current: State,
    wanted: dict[str, Any],
    since: Since,
    shape: Shape,
    *,
    expected: int,
    reject: bool,
) -> dict[str, Any]:
    """The wanted values, long texts merged with what others wrote; raises ``VersionConflict``.

    A field that nobody else touched, or that both sides made equal, is no clash. ``reject``: any newer
    version is a conflict.
    """
    if since.base is None or reject:
        raise _conflict(noun, current, _all_clashes(current, wanted, since, shape), expected)
    clashes, merged = [], dict(wanted)
    for field, yours in wanted.items():
        if field not in since.touches:
            continue
        base, theirs = value_of(since.base, field, shape), value_of(current, field, shape)
        outcome = _three_way(base, theirs, yours, long=_is_text(field, shape))
        if outcome is None:
            clashes.append(_clash(field, base, theirs, yours, since))
        else:
            merged[field] = outcome[0]
    if clashes:
        raise _conflict(noun, current, clashes, expected)
    return merged


def value_of(state: State, field: str, shape: Shape) -> Any:
    """The value of a field; ``ABSENT`` for an entry's key that is not there."""
    owner, _, name = field.partition(".")
    if not name:
        return state[owner]
    return state[owner].get(name, "" if owner in shape.sections else ABSENT)


def _is_text(field: str, shape: Shape) -> bool:
    return field in shape.texts or field.partition(".")[0] in shape.sections


def _three_way(base: Any, theirs: Any, yours: Any, *, long: bool) -> tuple[Any] | None:
    if same(yours, theirs) or same(yours, base):
        return (theirs,)
    if same(theirs, base):
        return (yours,)
    if long:
        outcome = texts.merge(base, theirs, yours)
        if isinstance(outcome, texts.MergedText):
            return (outcome.text,)
    return None


def _all_clashes(current: State, wanted: dict[str, Any], since: Since, shape: Shape) -> list[Clash]:
    clashes = []
    for field, yours in wanted.items():
        if since.base is None:
            clashes.append(_clash(field, None, value_of(current, field, shape), yours, since))
        elif field in since.touches:
            base = value_of(since.base, field, shape)
            clashes.append(_clash(field, base, value_of(current, field, shape), yours, since))
    return clashes


def _clash(field: str, base: Any, theirs: Any, yours: Any, since: Since) -> Clash:
    touch = since.touches.get(field)
    by, at = (touch.by, touch.at) if touch else (None, None)
    known = since.base is not None
    return Clash(field, _json(base), _json(theirs), _json(yours), by, at, base_known=known)


def _conflict(noun: str, current: State, clashes: list[Clash], expected: int) -> VersionConflict:
    return VersionConflict(
        noun, UUID(current["id"]), expected=expected, current=current["version"], clashes=clashes
    )


def _json(value: Any) -> Any:
    return None if value is ABSENT else value
