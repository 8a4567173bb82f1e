"""Enums of custom fields."""

from __future__ import annotations

from app.fields.models import FieldKind
from schema.enums import describe

__all__ = ["FieldKind"]

describe(
    FieldKind,
    "What a custom field holds.",
    TEXT="A short text, of at most 500 characters.",
    NUMBER="A number.",
    DATE="A day.",
    SELECT="One of its options.",
    MULTI_SELECT="Several of its options.",
    USER="Somebody who sees the project.",
    URL="An http, https or mailto address.",
)
