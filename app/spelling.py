"""How names of fields are spelled to clients."""

from __future__ import annotations


def field_name(field: str) -> str:
    """A field as clients spell it: ``statusId``, ``sections.acceptance_criteria``, ``config.someKey``."""
    owner, dot, name = field.partition(".")
    first, *rest = owner.split("_")
    return first + "".join(word.capitalize() for word in rest) + dot + name
