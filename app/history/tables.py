"""What stood in the tables at a moment: selects over checkpoints, under the tables' own names.

A statement that is given these reads them in the tables' place, so that every filter and order of today is one of the
past as well, and there is one grammar of filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, TableClause, Text, Uuid, bindparam, column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import visitors
from sqlmodel import SQLModel

from app.accounts.models import User
from app.comments.models import Comment
from app.errors import BadInput
from app.fields.models import CustomField, TaskFieldValue
from app.history.moments import Moment
from app.links.models import Link
from app.paging import Condition, StandIns
from app.projects.models import Label, Status, TaskType
from app.statements import table
from app.tasks.models import Task, TaskAssignee, TaskLabel

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]

_OBJECTS = {
    "task": Task, "comment": Comment, "status": Status, "label": Label, "task_type": TaskType,
    "custom_field": CustomField,
}  # fmt: skip
_SETS: dict[str, tuple[type[SQLModel], str]] = {
    "assignee_ids": (TaskAssignee, "user_id"),
    "label_ids": (TaskLabel, "label_id"),
}

_PAST = """
SELECT s.scope_id, s.object_type, s.state FROM unnest(:then_scopes, :then_bases) AS asked(scope_id, base)
JOIN checkpoint_states s ON s.scope_id = asked.scope_id AND s.object_type = ANY(:then_types)
    AND s.until_seq > asked.base AND s.from_seq <= asked.base
WHERE NOT EXISTS (
    SELECT FROM unnest(:over_scopes, :over_types, :over_ids) AS over(scope_id, object_type, object_id)
    WHERE over.scope_id = s.scope_id AND over.object_type = s.object_type AND over.object_id = s.object_id)
UNION ALL
SELECT over.scope_id, over.object_type, over.state
FROM unnest(:over_scopes, :over_types, :over_states) AS over(scope_id, object_type, state)
WHERE jsonb_typeof(over.state) = 'object'
"""
_PARAMETERS = {
    "then_scopes": ARRAY(Uuid), "then_bases": ARRAY(BigInteger), "then_types": ARRAY(Text),
    "over_scopes": ARRAY(Uuid), "over_types": ARRAY(Text), "over_ids": ARRAY(Uuid), "over_states": ARRAY(JSONB),
}  # fmt: skip


def _cte(name: str, columns: Iterable[str], body: str) -> Any:
    return text(body).columns(*map(column, columns)).cte(name).prefix_with("MATERIALIZED")


def _value(one: Column[Any]) -> str:
    """A column's value out of a state."""
    if one.name == "project_id":
        return "past.scope_id"
    if isinstance(one.type, JSONB):
        return f"past.state->'{one.name}'"
    kind = one.type.compile(dialect=_DIALECT).split(" COLLATE")[0]
    collation = ' COLLATE "C"' if getattr(one.type, "collation", None) == "C" else ""
    return f"(past.state->>'{one.name}')::{kind}{collation}"


def _table(object_type: str, model: Any) -> Any:
    columns = table(model).c
    values = ", ".join(f"{_value(one)} AS {one.name}" for one in columns)
    body = f"SELECT {values} FROM past WHERE past.object_type = '{object_type}'"  # noqa: S608
    return _cte(table(model).name, columns.keys(), body.replace("::", "\\:\\:"))


def _set(members: str, model: Any, one: str) -> Any:
    body = f"""
        SELECT past.scope_id AS project_id, (past.state->>'id')::uuid AS task_id, member::uuid AS {one}
        FROM past CROSS JOIN LATERAL jsonb_array_elements_text(past.state->'{members}') AS member
        WHERE past.object_type = 'task'
    """  # noqa: S608
    return _cte(table(model).name, ("project_id", "task_id", one), body.replace("::", "\\:\\:"))


_VALUES = """
SELECT past.scope_id AS project_id, (past.state->>'id')::uuid AS task_id, one.key::uuid AS field_id, 0 AS place,
       coalesce(one.value->>'text', one.value->>'url') AS text, (one.value->>'number')::float AS number,
       (one.value->>'date')::date AS day, coalesce(one.value->>'option_id', one.value->>'user_id')::uuid AS ref,
       true AS first
FROM past CROSS JOIN LATERAL jsonb_each(past.state->'fields') AS one
WHERE past.object_type = 'task' AND NOT one.value ? 'option_ids'
UNION ALL
SELECT past.scope_id, (past.state->>'id')::uuid, one.key::uuid, chosen.place, NULL, NULL, NULL, chosen.id::uuid,
       row_number() OVER (PARTITION BY past.scope_id, past.state->>'id', one.key
                          ORDER BY o.place NULLS LAST, chosen.id::uuid) = 1
FROM past CROSS JOIN LATERAL jsonb_each(past.state->'fields') AS one
CROSS JOIN LATERAL jsonb_array_elements_text(one.value->'option_ids') WITH ORDINALITY AS chosen(id, place)
LEFT JOIN custom_fields f ON f.project_id = past.scope_id AND f.id = one.key::uuid
LEFT JOIN LATERAL option_places(f.options) o ON o.ref = chosen.id::uuid
WHERE past.object_type = 'task' AND one.value ? 'option_ids'
"""
"""As the trigger of migration 0028 keeps them of today's tasks."""

_CTES = (
    text(_PAST)
    .bindparams(*(bindparam(name, type_=kind) for name, kind in _PARAMETERS.items()))
    .columns(column("scope_id"), column("object_type"), column("state"))
    .cte("past"),
    *(_table(name, model) for name, model in _OBJECTS.items()),
    *(_set(members, model, one) for members, (model, one) in _SETS.items()),
    _cte(table(TaskFieldValue).name, table(TaskFieldValue).c.keys(), _VALUES.replace("::", "\\:\\:")),
)
_KNOWN = {cte.name for cte in _CTES} | {table(User).name}  # people are called what they are called now

_WHY_NOT = {
    table(Link).name: "Whether a task was blocked is not known of the past: tasks of other projects decide it. Leave "
    "`blocked` (`is:blocked`) out of the filter. For a board over it, ask for `asOf { tasks }` of its project with the "
    "rest of its `filter`, or for the board's cards of now."
}  # fmt: skip


TASKS_AND_WORDS = ("task", "status", "label", "task_type", "custom_field")
COMMENTS = ("comment",)


def stand_ins(moments: Sequence[Moment], types: Sequence[str]) -> StandIns:
    """The tables of these types of objects as they stood at moments, which are of different projects."""
    over = [
        (moment.scope_id, name, object_id, state)
        for moment in moments
        for (name, object_id), state in moment.overlay.items()
        if name in types
    ]
    scopes, names, ids, states = ([one[place] for one in over] for place in range(4))
    values = {
        "then_scopes": [moment.scope_id for moment in moments],
        "then_bases": [moment.base for moment in moments], "then_types": list(types),
        "over_scopes": scopes, "over_types": names, "over_ids": ids, "over_states": states,
    }  # fmt: skip
    return StandIns(_CTES, values)


def check_conditions(conditions: Sequence[Condition]) -> None:
    """Raise ``BadInput`` for a filter that reads what checkpoints do not keep as a table."""
    for condition in conditions:
        for found in visitors.iterate(condition):
            if isinstance(found, TableClause) and found.name not in _KNOWN:
                raise BadInput(_WHY_NOT.get(found.name, f"The past cannot be asked for by {found.name}."))
