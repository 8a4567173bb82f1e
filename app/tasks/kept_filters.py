"""Filters as they are kept, in views, boards and exports: their normal form as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import BadInput
from app.tasks.grammar import DAY_OPS, OPS, Kind, TaskFilter, kind_of, normal, test
from app.values import plain

VERSION = 1
"""Of the JSON form."""


def filter_to_json(asked: TaskFilter) -> dict[str, Any]:
    """The filter's normal form as JSON: equal filters have equal JSON."""
    return {"version": VERSION, "filter": _node_to_json(normal(asked))}


def _node_to_json(node: TaskFilter) -> dict[str, Any]:
    if node.compared:
        one = node.compared[0]
        ((op, value),) = one.ops.items()
        value = [plain(each) for each in value] if isinstance(value, list) else plain(value)
        return {"field": one.field, "op": op, "value": value}
    if node.negated is not None:
        return {"not": _node_to_json(node.negated)}
    if node.any_of:
        return {"any": [_node_to_json(one) for one in node.any_of]}
    return {"all": [_node_to_json(one) for one in node.all_of]}


def filter_from_json(kept: dict[str, Any]) -> TaskFilter:
    """The filter that ``filter_to_json`` gave. Raises ``BadInput`` for anything else."""
    if kept.get("version") != VERSION:
        raise BadInput("This filter is of a version that is not known here.")
    try:
        return _node_from_json(kept["filter"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput("This is not a filter.") from None


def _node_from_json(node: dict[str, Any]) -> TaskFilter:
    if "field" in node:
        name, op, value = node["field"], node["op"], node["value"]
        if op not in OPS[kind_of(name)]:
            raise ValueError(op)
        typed = (
            [_typed(name, op, one) for one in value] if isinstance(value, list) else _typed(name, op, value)
        )
        return test(name, op, typed)
    if "not" in node:
        return TaskFilter(negated=_node_from_json(node["not"]))
    if "any" in node:
        return TaskFilter(any_of=tuple(_node_from_json(one) for one in node["any"]))
    return TaskFilter(all_of=tuple(_node_from_json(one) for one in node["all"]))


def _typed(name: str, op: str, value: Any) -> Any:
    kind = kind_of(name)
    if op in ("null", "me"):
        return value
    if kind in (Kind.ID, Kind.PERSON):
        return UUID(value)
    if kind is Kind.MOMENT and op not in DAY_OPS:
        return datetime.fromisoformat(value)
    return value
