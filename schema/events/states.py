"""Whole states of objects, as the events that put them there hold them; each room has its own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, ClassVar, Self, get_args, get_type_hints
from uuid import UUID

import strawberry

from schema.events.changes import present, reference

Read = Callable[[Any, UUID | None], Any]
"""A field's value from what is stored; the scope is for ids of what is named within a project."""


class State:
    """A type's fields are read by their names: ids become global ids, times and days are parsed, the rest stays.

    Keywords of a subclass say what a field's id is of, where its name does not: ``id="Task"``.
    """

    named: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **named: str) -> None:
        cls.named = named

    @classmethod
    def told(cls, state: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
        """The fields that are not read in the usual way."""
        return {}

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID | None) -> Self:
        """The state that an event of this scope holds."""
        made: Any = cls
        values = cls.told(state, scope_id)
        for name, read in _readers(made).items():
            if name not in values:
                values[name] = read(state[name], scope_id)
        return made(**values)  # type: ignore[no-any-return]


def _reader(name: str, kinds: tuple[Any, ...], of: str | None) -> Read:
    if of is not None:
        return lambda value, scope_id: None if value is None else reference(of, value, scope_id)
    if strawberry.ID in kinds:
        return lambda value, scope_id: present(name, value, scope_id)
    parse = next((one.fromisoformat for one in (datetime, date) if one in kinds), None)
    if parse is not None:
        return lambda value, scope_id: None if value is None else parse(value)
    return lambda value, scope_id: value


@functools.cache
def _readers(made: Any) -> Mapping[str, Read]:
    hints, named = get_type_hints(made), made.named
    return {one.name: _reader(one.name, _parts(hints[one.name]), named.get(one.name)) for one in fields(made)}


def _parts(hint: Any) -> tuple[Any, ...]:
    """A type and those that it is made of: of ``list[ID]`` and ``ID | None`` also ``ID``."""
    return (hint, *(kind for inner in get_args(hint) for kind in _parts(inner)))
