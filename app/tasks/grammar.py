"""The grammar of task filters as data: one for lists, boards, saved views, bulk edits, export and live lists.

A filter is a tree. It has a normal form (each node one comparison, or all of, any of, or not), in which it is kept
as JSON (``app.tasks.kept_filters``). A room that brings a field to filter by adds one entry to ``FIELDS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.errors import BadInput
from app.keeping import Noted, note

MOST_CONDITIONS = 50
MOST_VALUES = 500
LONGEST_TEXT = 2_048
"""Characters of a text to compare with, as many as the longest that a task's short fields hold."""
DEEPEST = 8

_RELATIVE = re.compile(r"today|([+-]?)(\d{1,4})([dwm])")


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Kind(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    ID = "id"
    PERSON = "person"
    DAY = "day"
    MOMENT = "moment"
    CATEGORY = "category"
    FLAG = "flag"


FIELDS: dict[str, Kind] = {
    "title": Kind.TEXT, "text": Kind.TEXT, "external_ref": Kind.TEXT, "number": Kind.WHOLE, "priority": Kind.WHOLE,
    "estimate": Kind.NUMBER, "status_id": Kind.ID, "type_id": Kind.ID, "label": Kind.ID, "parent_id": Kind.ID,
    "sprint_id": Kind.ID, "milestone_id": Kind.ID, "project_id": Kind.ID,
    "assignee": Kind.PERSON, "creator_id": Kind.PERSON, "status_category": Kind.CATEGORY, "due_date": Kind.DAY,
    "created_at": Kind.MOMENT, "updated_at": Kind.MOMENT, "completed_at": Kind.MOMENT, "deleted": Kind.FLAG,
    "blocked": Kind.FLAG,
}  # fmt: skip
"""What can be compared. ``text`` is the title and the sections together."""

CUSTOM = "fields."
"""What the names of comparisons with custom fields begin with: ``fields.<the field's id>.<what is compared>``."""

CUSTOM_KINDS = {
    "text": Kind.TEXT, "number": Kind.NUMBER, "date": Kind.DAY, "option": Kind.ID, "user": Kind.PERSON,
}  # fmt: skip
"""What is compared of custom fields, and what its values are."""


def custom_name(field_id: UUID, compared: str) -> str:
    """The name of a comparison with a custom field; ``compared`` is text, number, date, option or user."""
    return f"{CUSTOM}{field_id}.{compared}"


def read_custom(name: str) -> tuple[UUID, str]:
    """The custom field of a comparison, and what is compared of it. Raises ``ValueError`` or ``KeyError``."""
    _, field_id, compared = name.split(".")
    return UUID(field_id), compared


def kind_of(name: str) -> Kind:
    """What the values of a field are, a custom one too; raises ``KeyError`` for an unknown one."""
    return CUSTOM_KINDS[read_custom(name)[1]] if name.startswith(CUSTOM) else FIELDS[name]


SETS = {"assignee": "assignee_ids", "label": "label_ids"}
"""Fields of which a task has several values, and what its state calls them."""

DAY_OPS = frozenset({"since", "after", "before", "until"})
"""Compare a moment with a whole day of the viewer's."""

_BOUNDS = frozenset({"lt", "lte", "gt", "gte"})
_LISTS = frozenset({"in", "nin"})
OPS: dict[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"eq", "neq", "contains", "null"}) | _LISTS,
    Kind.WHOLE: frozenset({"eq", "neq", "null"}) | _LISTS | _BOUNDS,
    Kind.NUMBER: frozenset({"eq", "neq", "null"}) | _LISTS | _BOUNDS,
    Kind.ID: frozenset({"eq", "neq", "null"}) | _LISTS,
    Kind.PERSON: frozenset({"eq", "neq", "null", "me"}) | _LISTS,
    Kind.DAY: frozenset({"eq", "neq", "null"}) | _LISTS | _BOUNDS,
    Kind.MOMENT: frozenset({"null"}) | _BOUNDS | DAY_OPS,
    Kind.CATEGORY: frozenset({"eq", "neq"}) | _LISTS,
    Kind.FLAG: frozenset({"eq"}),
}


@dataclass(frozen=True)
class Compared:
    """One field and what is asked of it: ``ops`` maps operators (see ``OPS``) to values, all of which must hold."""

    field: str
    ops: dict[str, Any]


@dataclass(frozen=True)
class TaskFilter:
    """All of ``compared`` and of ``all_of``, at least one of ``any_of`` (if any), not ``negated``."""

    compared: tuple[Compared, ...] = ()
    all_of: tuple[TaskFilter, ...] = ()
    any_of: tuple[TaskFilter, ...] = ()
    negated: TaskFilter | None = None

    @property
    def nested(self) -> tuple[TaskFilter, ...]:
        """The filters right inside it."""
        return (*self.all_of, *self.any_of, *((self.negated,) if self.negated else ()))

    def size(self) -> int:
        """How many comparisons it has."""
        return len(self.compared) + sum(1 + one.size() for one in self.nested)

    def comparisons(self) -> Iterator[Compared]:
        """All comparisons in it."""
        yield from self.compared
        for one in self.nested:
            yield from one.comparisons()

    def mentions(self, name: str) -> bool:
        """Whether a field is compared anywhere in it."""
        return any(one.field == name for one in self.comparisons())


@dataclass
class FilterScope:
    """What relative values mean: whose ``today``, at what moment, and who ``me`` is."""

    time_zone: str = "UTC"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    viewer_id: UUID | None = None

    def day(self, value: str | date) -> date:
        """A date, or ``today``, ``+3d``, ``-2w``, ``+1m`` (30 days) from today in the viewer's time zone."""
        if isinstance(value, date):
            return value
        asked = written_day(value)
        match = _RELATIVE.fullmatch(asked)
        if match is None:
            return date.fromisoformat(asked)
        note(Noted.TIME)
        today = self.now.astimezone(ZoneInfo(self.time_zone)).date()
        if match[2] is None:
            return today
        days = int(match[2]) * {"d": 1, "w": 7, "m": 30}[match[3]]
        return today + timedelta(days=-days if match[1] == "-" else days)

    def start_of(self, value: str | date, later_days: int = 0) -> datetime:
        """The moment at which a day begins in the viewer's time zone, or another so many days later.

        Where that is before the year 1 or after 9999: the first or last moment that there is.
        """
        asked = self.day(value)
        try:
            day = asked + timedelta(days=later_days)
            return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)
        except OverflowError:
            return _LAST if asked.year > 1 else _FIRST


def written_day(value: str | date) -> str:
    """A day as it is kept: ``2026-01-31``, ``today``, ``+3d``. Raises ``BadInput`` for what is none."""
    if isinstance(value, date):
        return value.isoformat()
    text = value.strip().lower()
    match = _RELATIVE.fullmatch(text)
    if match is not None:
        return text if match[2] is None else f"{match[1] or '+'}{int(match[2])}{match[3]}"
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadInput(
            "A date is written 2026-01-31, today, or relative to today: +3d, -2w, +1m.", value=value[:40]
        ) from None


def day_bound(op: str, day: Any, scope: FilterScope) -> tuple[str, datetime]:
    """A comparison with a whole day as one with a moment: since its start, after its end …"""
    bound = scope.start_of(day, later_days=1 if op in ("after", "until") else 0)
    return ("gte" if op in ("since", "after") else "lt"), bound


EVERYTHING = TaskFilter()
NOTHING = TaskFilter(negated=EVERYTHING)


def test(name: str, op: str, value: Any) -> TaskFilter:
    """One comparison."""
    return TaskFilter((Compared(name, {op: value}),))


def all_of(parts: list[TaskFilter]) -> TaskFilter:
    """All of these, in normal form if they are."""
    flat = [inner for part in parts for inner in (part.all_of or ([] if part == EVERYTHING else [part]))]
    return flat[0] if len(flat) == 1 else TaskFilter(all_of=tuple(flat))


def any_of(parts: list[TaskFilter]) -> TaskFilter:
    """At least one of these (of none: everything), in normal form if they are."""
    flat = [inner for part in parts for inner in (part.any_of or [part])]
    return flat[0] if len(flat) == 1 else TaskFilter(any_of=tuple(flat))


def normal(asked: TaskFilter) -> TaskFilter:
    """The same filter with one comparison, ``all_of``, ``any_of`` or ``negated`` in each node.

    Two filters with the same normal form ask the same. Order is kept: it is how people wrote it.
    """
    parts = [_single(one.field, op, value) for one in asked.compared for op, value in one.ops.items()]
    parts += [normal(one) for one in asked.all_of]
    if asked.any_of:
        parts.append(any_of([normal(one) for one in asked.any_of]))
    if asked.negated is not None:
        parts.append(TaskFilter(negated=normal(asked.negated)))
    return all_of(parts)


def _single(name: str, op: str, value: Any) -> TaskFilter:
    kind = kind_of(name)
    if name.startswith(CUSTOM) and op == "null":  # asked of the field, whatever it holds
        return test(custom_name(read_custom(name)[0], "text"), op, value)
    if op == "contains" and not value and not name.startswith(CUSTOM):
        return test(name, "null", False) if name == "external_ref" else EVERYTHING
    if op in DAY_OPS or (kind is Kind.DAY and op != "null"):
        value = [written_day(one) for one in value] if isinstance(value, list) else written_day(value)
    if op not in _LISTS:
        return test(name, op, value)
    values = sorted(set(value), key=lambda one: (str(type(one)), one))
    if not values:
        return NOTHING if op == "in" else EVERYTHING
    if len(values) == 1:
        return test(name, "eq" if op == "in" else "neq", values[0])
    return test(name, op, values)


def check_filter(asked: TaskFilter) -> None:
    """Raise ``BadInput`` for a filter that is too large to run."""
    if asked.size() > MOST_CONDITIONS:
        raise BadInput(f"A filter has at most {MOST_CONDITIONS} comparisons; this has {asked.size()}.")
    for one in asked.comparisons():
        for value in one.ops.values():
            values = value if isinstance(value, list) else [value]
            if len(values) > MOST_VALUES:
                raise BadInput(f"A list in a filter has at most {MOST_VALUES} values.")
            if any(isinstance(text, str) and len(text) > LONGEST_TEXT for text in values):
                raise BadInput(f"A text to compare with has at most {LONGEST_TEXT} characters.")


def time_dependent(asked: TaskFilter) -> list[str]:
    """The fields of a filter whose answer changes by time alone, such as a due date before ``today``."""
    found: dict[str, None] = {}
    for one in asked.comparisons():
        for op, value in one.ops.items():
            days = kind_of(one.field) is Kind.DAY and op != "null"
            texts = value if isinstance(value, list) else [value]
            if (days or op in DAY_OPS) and any(_is_relative(text) for text in texts):
                found[one.field] = None
    return list(found)


def _is_relative(value: Any) -> bool:
    return isinstance(value, str) and _RELATIVE.fullmatch(value.strip().lower()) is not None
