"""Scalars that are stricter than Strawberry's own: what they let through can be stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from app.errors import BadInput
from app.values import nests_within


def read_moment(value: Any) -> datetime:
    """An ISO 8601 date and time; without an offset it is taken as UTC."""
    if not isinstance(value, str):
        raise BadInput("A moment is a string such as 2026-01-31T09:30:00Z.")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("A moment is written as 2026-01-31T09:30:00Z.", value=value[:40]) from None
    return moment


def _show_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


DATE_TIME: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A moment: ISO 8601 in UTC with microseconds.",
    serialize=_show_moment,
    parse_value=read_moment,
)


def _read_day(value: Any) -> date:
    """An ISO 8601 date."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadInput("A day is written as 2026-01-31.") from None


DATE: ScalarDefinition = strawberry.scalar(
    name="Date",
    description="A day of the calendar, without a time zone: ISO 8601, as in `2026-01-31`.",
    serialize=date.isoformat,
    parse_value=_read_day,
)


def _read_uuid(value: Any) -> UUID:
    """A UUID in any of its usual spellings."""
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise BadInput("A UUID is written as 0195a3f2-7c1e-7d4a-9b3e-2f1c8e5a6d70.") from None


UUID_SCALAR: ScalarDefinition = strawberry.scalar(
    name="UUID",
    description="A universally unique identifier, as in `0195a3f2-7c1e-7d4a-9b3e-2f1c8e5a6d70`.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
    serialize=str,
    parse_value=_read_uuid,
)
_SPECIFIED = "https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf"
_DEEPEST = 64


def _read_json(value: Any) -> Any:
    """Any value that can be walked by recursion and written again, whatever it is put into."""
    if not nests_within(value, _DEEPEST):
        raise BadInput(f"A JSON value may be {_DEEPEST} levels deep.")
    return value


JSON_SCALAR: ScalarDefinition = strawberry.scalar(
    name="JSON",
    description=f"The `JSON` scalar type represents JSON values as specified by [ECMA-404]({_SPECIFIED}).",
    specified_by_url=_SPECIFIED,
    serialize=lambda value: value,
    parse_value=_read_json,
)
SCALARS: dict[object, ScalarDefinition] = {
    datetime: DATE_TIME,
    date: DATE,
    UUID: UUID_SCALAR,
    JSON: JSON_SCALAR,
}
