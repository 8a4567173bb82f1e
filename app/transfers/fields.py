"""What becomes of a task's custom fields in another project: carried where there is a field alike, else left behind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.fields.models import CustomField
from app.fields.rules import FieldValue, living_options, shown_value
from app.transfers.facts import Facts


def carried_fields(values: dict[str, FieldValue], facts: Facts) -> dict[str, FieldValue]:
    """The values for the target's fields of the same names and kinds; options by name, people who see it.

    What has no place there stays in the history of the project that the task leaves.
    """
    there = {
        (field.name.casefold(), field.kind): field
        for field in facts.fields[facts.target.id]
        if field.deleted_at is None
    }
    carried: dict[str, FieldValue] = {}
    for field in facts.fields[facts.source.id]:
        value = shown_value(field, values.get(str(field.id)))
        alike = there.get((field.name.casefold(), field.kind))
        if field.deleted_at is not None or value is None or alike is None:
            continue
        found = _carried(value, field, alike, facts)
        if found is not None:
            carried[str(alike.id)] = found
    return carried


def _carried(value: FieldValue, here: CustomField, there: CustomField, facts: Facts) -> FieldValue | None:
    if "user_id" in value:
        return value if (facts.target.id, UUID(value["user_id"])) in facts.readers else None
    if "option_id" not in value and "option_ids" not in value:
        return value
    named: dict[Any, str] = {option["name"].casefold(): id_ for id_, option in living_options(there)}
    chosen = value.get("option_ids") or [value["option_id"]]
    names = [here.options[one]["name"].casefold() for one in chosen]
    found = sorted(named[name] for name in names if name in named)
    if not found:
        return None
    return {"option_ids": found} if "option_ids" in value else {"option_id": found[0]}
