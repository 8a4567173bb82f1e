"""Enums of the application as the schema shows them: the same classes, with descriptions."""

from __future__ import annotations

from enum import Enum
from typing import cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def describe(enum: type[Enum], description: str, **members: str) -> None:
    """Make an application's enum a GraphQL enum; every member must be described."""
    strawberry.enum(enum, name=enum.__name__, description=description)
    definition = cast(StrawberryEnumDefinition, enum.__strawberry_definition__)  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = members.pop(value.name)
    if members:
        raise ValueError(f"{enum.__name__} has no {', '.join(members)}")
