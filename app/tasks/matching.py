"""Whether a task matches a filter, worked out from its state: the same answer as the SQL of ``filters`` gives.

As there, a comparison with a missing value is neither true nor false (here: None), and ``not`` matches what is not
known to match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.tasks.grammar import (
    CUSTOM,
    DAY_OPS,
    SETS,
    Compared,
    FilterScope,
    Kind,
    TaskFilter,
    day_bound,
    kind_of,
    read_custom,
)
from app.values import plain

State = Mapping[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a filter asks beyond the task's own state. ``categories``: status id → category; ``blocked``: task ids.

    ``gone``: ids of labels, custom fields and options that were deleted: tasks keep them, and show them no more.
    ``project_id``: where the tasks are.
    """

    scope: FilterScope
    categories: Mapping[str, str] = field(default_factory=dict)
    blocked: AbstractSet[str] = frozenset()
    gone: AbstractSet[str] = frozenset()
    project_id: str = ""


def gone_words(states: Iterable[State]) -> set[str]:
    """Of the states of labels and custom fields: what of them, and of their options, was deleted."""
    gone = set()
    for state in states:
        if state["deleted_at"] is not None:
            gone.add(state["id"])
        gone |= {one for one, option in state.get("options", {}).items() if option["deleted"]}
    return gone


def matches(asked: TaskFilter | None, state: State, around: Surroundings) -> bool:
    """Whether a task matches; deleted ones do only if the filter says ``deleted``."""
    if state["deleted_at"] is not None and (asked is None or not asked.mentions("deleted")):
        return False
    return asked is None or _holds(asked, state, around) is True


def _holds(asked: TaskFilter, state: State, around: Surroundings) -> bool | None:
    parts = [_compared(one, state, around) for one in asked.compared]
    parts += [_holds(one, state, around) for one in asked.all_of]
    if asked.any_of:
        parts.append(_any(_holds(one, state, around) for one in asked.any_of))
    if asked.negated is not None:
        parts.append(_holds(asked.negated, state, around) is not True)
    return _all(parts)


def _all(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def _any(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return True if True in found else None if None in found else False


def _compared(one: Compared, state: State, around: Surroundings) -> bool | None:
    if one.field == "deleted":
        return (state["deleted_at"] is not None) is bool(one.ops.get("eq"))
    if one.field == "blocked":
        return (state["id"] in around.blocked) is bool(one.ops.get("eq"))
    if one.field.startswith(CUSTOM):
        return _all(_custom(one.field, op, value, state, around) for op, value in one.ops.items())
    if one.field in SETS:
        return _all(_member(state[SETS[one.field]], op, value, around) for op, value in one.ops.items())
    if one.field == "status_category":
        category = around.categories.get(state["status_id"])
        return _all(_among([category], op, value) for op, value in one.ops.items())
    return _all(_operator(one.field, op, value, state, around) for op, value in one.ops.items())


def _member(held: list[str], op: str, asked: Any, around: Surroundings) -> bool:
    values = [one for one in held if one not in around.gone]
    if op == "null":
        return bool(values) is not asked
    if op == "me":
        return (plain(around.scope.viewer_id) in values) is asked
    return _among(values, op, asked)


def _among(values: list[Any], op: str, asked: Any) -> bool:
    wanted = {plain(one) for one in (asked if isinstance(asked, list) else [asked])}
    return any(value in wanted for value in values) is (op in ("eq", "in"))


def _custom(name: str, op: str, asked: Any, state: State, around: Surroundings) -> bool:
    """What stands in a custom field: one value or none, or several options of which any may match."""
    field_id, compared = read_custom(name)
    value = {} if str(field_id) in around.gone else state["fields"].get(str(field_id), {})
    if op == "null":
        return any(_living(one, around) for one in value.values()) is not asked
    entries = {"text": ("text", "url"), "option": ("option_id", "option_ids"), "user": ("user_id",)}
    held = next((value[one] for one in entries.get(compared, (compared,)) if one in value), None)
    values = [] if held is None else _living(held, around)
    if op == "me":
        op, asked = ("eq" if asked else "neq"), around.scope.viewer_id
    positive = {"neq": "eq", "nin": "in"}.get(op, op)
    found = any(_compares(kind_of(name), positive, one, asked, around.scope) for one in values)
    return found is (positive == op)


def _living(held: Any, around: Surroundings) -> list[Any]:
    return [one for one in (held if isinstance(held, list) else [held]) if one not in around.gone]


def _compares(kind: Kind, op: str, value: Any, asked: Any, scope: FilterScope) -> bool:
    if op == "contains":
        return _contains(value, asked)
    value = _typed(kind, value)
    if isinstance(asked, list):
        return value in [_asked(kind, one, scope) for one in asked]
    return _ordered(op, value, _asked(kind, asked, scope))


def _operator(name: str, op: str, asked: Any, state: State, around: Surroundings) -> bool | None:
    if name == "text":
        return _any(_contains(text, asked) for text in (state["title"], *state["sections"].values()))
    kind, value = kind_of(name), around.project_id if name == "project_id" else state[name]
    if op == "null":
        return (value is None) is asked
    if op == "me":
        op, asked = ("eq" if asked else "neq"), around.scope.viewer_id
    if value is None:
        return _of_missing(op, asked)
    if op == "contains":
        return _contains(value, asked)
    if op in DAY_OPS:
        op, asked = day_bound(op, asked, around.scope)
    value = _typed(kind, value)
    if isinstance(asked, list):
        return (value in [_asked(kind, one, around.scope) for one in asked]) is (op == "in")
    return _ordered(op, value, _asked(kind, asked, around.scope))


def _of_missing(op: str, asked: Any) -> bool | None:
    if op in ("neq", "nin"):
        return True
    return False if op == "in" and not asked else None


def _typed(kind: Kind, value: Any) -> Any:
    if kind is Kind.DAY:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind is Kind.MOMENT else value


def _asked(kind: Kind, value: Any, scope: FilterScope) -> Any:
    if kind is Kind.DAY:
        return scope.day(value)
    return plain(value) if kind in (Kind.ID, Kind.PERSON) else value


def _ordered(op: str, value: Any, asked: Any) -> bool:
    if op in ("eq", "neq"):
        return bool(value == asked) is (op == "eq")
    if op in ("lt", "lte"):
        return bool(value < asked or (op == "lte" and value == asked))
    return bool(value > asked or (op == "gte" and value == asked))


def _contains(text: str, part: str) -> bool:
    return _lower(part) in _lower(text)


def _lower(text: str) -> str:
    """Lower case as Postgres has it: each character by itself, and one for one."""
    if text.isascii():
        return text.lower()
    return "".join(map(_lower_character, text))


def _lower_character(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else "i"  # the only longer one is that of U+0130, an I with a dot
