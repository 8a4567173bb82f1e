"""Values of custom fields as inputs."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from app.errors import ValidationFailed
from app.tasks.commands import REMOVE
from schema.ids import read_id
from schema.inputs import given, optional


@strawberry.input(one_of=True, description="A value for a custom field: the one that its kind says.")
class TaskFieldValueInput:
    text: str | None = optional("For a TEXT field: one of at most 500 characters; empty clears it.")
    number: float | None = optional("For a NUMBER field.")
    date: date | None = optional("For a DATE field.")
    option_id: strawberry.ID | None = optional("For a SELECT field: one of its options.")
    option_ids: list[strawberry.ID] | None = optional(
        "For a MULTI_SELECT field: all that shall be chosen; none clears it."
    )
    user_id: strawberry.ID | None = optional("For a USER field: somebody who sees the project.")
    url: str | None = optional("For a URL field: an http, https or mailto address; empty clears it.")


@strawberry.input(description="What shall stand in a custom field of a task.")
class TaskFieldInput:
    field_id: strawberry.ID = strawberry.field(description="Which field of the task's project.")
    value: TaskFieldValueInput | None = optional("The value; null or left out clears the field.")


def read_fields(asked: list[TaskFieldInput] | None) -> dict[str, Any]:
    """The values by field, as states hold them; ``REMOVE`` clears."""
    fields: dict[str, Any] = {}
    for one in given(asked) or ():
        field_id = str(read_id(one.field_id, "CustomField"))
        if field_id in fields:
            raise ValidationFailed("A field stands here twice.", path=("fields",))
        fields[field_id] = _value(given(one.value))
    return fields


def _value(asked: TaskFieldValueInput | None) -> Any:
    if asked is None:
        return REMOVE
    for name, kind in (("option_id", "FieldOption"), ("user_id", "User")):
        identifier = given(getattr(asked, name))
        if identifier is not None:
            return {name: str(read_id(identifier, kind))}
    chosen = given(asked.option_ids)
    if chosen is not None:
        ids = sorted({str(read_id(one, "FieldOption")) for one in chosen})
        return {"option_ids": ids} if ids else REMOVE
    day = given(asked.date)
    if day is not None:
        return {"date": day.isoformat()}
    for name in ("text", "url"):
        text = given(getattr(asked, name))
        if text is not None:
            return {name: text.strip()} if text.strip() else REMOVE
    return {"number": given(asked.number)}
