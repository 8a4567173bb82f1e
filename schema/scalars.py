"""Scalars that are stricter than Strawberry's own: what they let through can be stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import strawberry
from strawberry.types.scalar import ScalarDefinition

from app.errors import BadInput


def _read_moment(value: Any) -> datetime:
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
    parse_value=_read_moment,
)
SCALARS: dict[object, ScalarDefinition] = {datetime: DATE_TIME}
