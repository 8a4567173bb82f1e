"""Random filters, of few values, so that tasks match them now and then."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.tasks.grammar import CUSTOM, DAY_OPS, FIELDS, OPS, Compared, Kind, TaskFilter, kind_of

EXAMPLES = max(40, int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "0")))
DAYS = ["2030-01-01", "2030-01-03", "today", "+1d", "-2w", "+1m", "7d"]
TEXTS = ["under", "ÜNDER", "%", "\\", '"', "x1", "me", "or", "a:b", "-no", "two words", "İ", ""]
MOMENTS = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, 12, 30, tzinfo=UTC)]
CATEGORIES = ["backlog", "unstarted", "started", "completed", "cancelled"]


def values(name: str, op: str, ids: dict[str, list[UUID]]) -> st.SearchStrategy[Any]:
    """What a field can be compared with."""
    kind = kind_of(name)
    if op in ("null", "me") or kind is Kind.FLAG:
        return st.booleans()
    choices: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: st.sampled_from(TEXTS),
        Kind.WHOLE: st.integers(-1, 9),
        Kind.NUMBER: st.sampled_from([0.0, 1.0, 2.5, -1.5, 1e20]),
        Kind.ID: st.sampled_from(ids.get(name) or [UUID(int=7)]),
        Kind.PERSON: st.sampled_from(ids.get(name) or [UUID(int=8)]),
        Kind.DAY: st.sampled_from(DAYS),
        Kind.CATEGORY: st.sampled_from(CATEGORIES),
        Kind.MOMENT: st.sampled_from(DAYS if op in DAY_OPS else MOMENTS),
    }
    return st.lists(choices[kind], max_size=3) if op in ("in", "nin") else choices[kind]


NEVER_MISSING = frozenset(
    {"title", "number", "priority", "status_id", "type_id", "project_id", "created_at", "updated_at"}
)


def ops_of(name: str) -> list[str]:
    """The operators that the schema has for a field."""
    if name == "text":
        return ["contains"]
    return sorted(OPS[kind_of(name)] - ({"null"} if name in NEVER_MISSING else set()))


@st.composite
def comparisons(draw: st.DrawFn, ids: dict[str, list[UUID]]) -> Compared:
    """One field, one or two operators; custom ones are among the ``ids``."""
    custom = [name for name in ids if name.startswith(CUSTOM)]
    name = draw(
        st.sampled_from(sorted(FIELDS)) | st.sampled_from(custom)
        if custom
        else st.sampled_from(sorted(FIELDS))
    )
    ops = draw(st.lists(st.sampled_from(ops_of(name)), min_size=1, max_size=2, unique=True))
    return Compared(name, {op: draw(values(name, op, ids)) for op in ops})


def filters(ids: dict[str, list[UUID]]) -> st.SearchStrategy[TaskFilter]:
    """A filter with a few comparisons."""
    one = st.lists(comparisons(ids), max_size=2).map(lambda found: TaskFilter(tuple(found)))

    def more(inner: st.SearchStrategy[TaskFilter]) -> st.SearchStrategy[TaskFilter]:
        parts = st.lists(inner, max_size=3).map(tuple)
        compared = st.lists(comparisons(ids), max_size=1).map(tuple)
        return st.builds(TaskFilter, compared, parts, parts, st.none() | inner)

    return one | more(one) | more(one | more(one))
