"""A typed filter as clients write it: the JSON of a ``TaskFilter`` input."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from app.query_language.names import Names
from app.tasks.grammar import CUSTOM, Compared, TaskFilter, read_custom
from app.tasks.kept_filters import filter_from_json
from app.values import plain
from schema.ids import global_id

_NAMES = {
    "status_id": ("status", "Status", "statuses"), "type_id": ("type", "TaskType", "types"),
    "sprint_id": ("sprint", "Sprint", "sprints"), "milestone_id": ("milestone", "Milestone", "milestones"),
    "label": ("label", "Label", "labels"), "creator_id": ("creator", "User", ""),
    "assignee": ("assignee", "User", ""), "parent_id": ("parent", "Task", ""),
    "project_id": ("project", "Project", ""),
}  # fmt: skip
_SPELLED = {
    "status_category": "statusCategory", "external_ref": "externalRef", "due_date": "dueDate",
    "created_at": "createdAt", "updated_at": "updatedAt", "completed_at": "completedAt",
}  # fmt: skip


def filter_as_input(asked: TaskFilter, names: Names, place: UUID | None = None) -> dict[str, Any]:
    """A filter in its normal form as an input.

    Ids of words have their project within: ``names`` knows it, or it is ``place``.
    """
    if asked.all_of:
        whole: dict[str, Any] = {}
        more = []
        for part in asked.all_of:
            spelled = filter_as_input(part, names, place)
            if spelled.keys() & whole.keys():
                more.append(spelled)
            else:
                whole |= spelled
        return whole | ({"and": more} if more else {})
    if asked.any_of:
        return {"or": [filter_as_input(part, names, place) for part in asked.any_of]}
    if asked.negated is not None:
        return {"not": filter_as_input(asked.negated, names, place)}
    return _comparison(asked.compared[0], names, place) if asked.compared else {}


def _of_field(one: Compared, names: Names, place: UUID | None) -> dict[str, Any]:
    """A comparison with a custom field."""
    field_id, compared = read_custom(one.field)
    known = names.custom.by_id.get(field_id)
    place = known.place if known else place
    kind = "User" if compared == "user" else "FieldOption"

    def spell(value: Any) -> Any:
        if isinstance(value, list):
            return [spell(each) for each in value]
        if not isinstance(value, UUID):
            return value
        return global_id(kind, place, value) if place and kind != "User" else global_id(kind, value)

    field = global_id("CustomField", place, field_id) if place else global_id("CustomField", field_id)
    if "null" in one.ops:
        return {"field": {"fieldId": field, "null": one.ops["null"]}}
    return {"field": {"fieldId": field, compared: {op: spell(value) for op, value in one.ops.items()}}}


def _comparison(one: Compared, names: Names, place: UUID | None) -> dict[str, Any]:
    if one.field.startswith(CUSTOM):
        return _of_field(one, names, place)
    name, kind, words = _NAMES.get(one.field, (_SPELLED.get(one.field, one.field), "", ""))

    def spell(value: Any) -> Any:
        if isinstance(value, list):
            return [spell(each) for each in value]
        if isinstance(value, UUID):
            known = names.words(words).by_id.get(value) if words else None
            within = (known.place if known else place) if words else None
            return global_id(kind, within, value) if within else global_id(kind, value)
        if one.field == "status_category" and isinstance(value, str):
            return value.upper()
        return plain(value) if isinstance(value, datetime) else value

    return {name: {op: spell(value) for op, value in one.ops.items()}}


def kept_filter_as_input(kept: dict[str, Any]) -> dict[str, Any]:
    """The filter of a saved view, as it is kept, as an input."""
    place = UUID(kept["project"]) if kept.get("project") else None
    return filter_as_input(filter_from_json(kept), Names(), place)
