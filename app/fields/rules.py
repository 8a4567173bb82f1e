"""Pure checks of custom fields: what they are, and what may stand in them.

A value is a dict of one entry, named by what it is: ``text``, ``number``, ``date`` (ISO 8601), ``url``, ``option_id``,
``option_ids`` (sorted) or ``user_id``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed
from app.fields.models import CustomField, FieldKind
from app.ids import new_id
from app.values import check_color, check_name, check_text

MOST_FIELDS = 100
"""In use at once in a project."""

MOST_OPTIONS = 200
TEXT_LENGTH = 500
URL_LENGTH = 2048
# Both fit into an entry of a B-tree, of which PostgreSQL allows 2,704 bytes.

SELECTS = frozenset({FieldKind.SELECT.value, FieldKind.MULTI_SELECT.value})

ENTRY_OF = {
    FieldKind.TEXT.value: "text",
    FieldKind.NUMBER.value: "number",
    FieldKind.DATE.value: "date",
    FieldKind.SELECT.value: "option_id",
    FieldKind.MULTI_SELECT.value: "option_ids",
    FieldKind.USER.value: "user_id",
    FieldKind.URL.value: "url",
}
"""What a value of each kind of field is called."""

FieldValue = dict[str, Any]


def check_options(
    kind: str, asked: Sequence[dict[str, Any]], current: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """All options that a field shall have, in order, and those that it does not have any more.

    ``asked``: ``{"id", "name", "color"}`` each; one without an ``id`` is new, one that is not named is deleted.
    """
    if kind not in SELECTS:
        if asked:
            raise ValidationFailed("Only a SELECT or MULTI_SELECT has options.", path=("options",))
        return {}
    if len(asked) > MOST_OPTIONS:
        raise LimitReached(
            f"A field has at most {MOST_OPTIONS} options.", limit=MOST_OPTIONS, path=("options",)
        )
    options = {id_: {**option, "deleted": True} for id_, option in current.items()}
    named: set[str] = set()
    seen: set[str] = set()
    for place, one in enumerate(asked):
        id_ = str(one["id"] or new_id())
        if one["id"] and (id_ not in current or current[id_]["deleted"]):
            raise NotFound("Option", path=("options",))
        if id_ in seen:
            raise ValidationFailed("An option stands here twice.", path=("options",))
        seen.add(id_)
        name = check_name(one["name"] or "", "options", length=80)
        if name.casefold() in named:
            raise ValidationFailed(f"Two options are called {name}.", path=("options",))
        named.add(name.casefold())
        color = check_color(one["color"], "options")
        options[id_] = {"name": name, "color": color, "place": place, "deleted": False}
    return options


def living_options(field: CustomField) -> list[tuple[str, dict[str, Any]]]:
    """The options that can be chosen, in order: ids and what they are."""
    there = [(id_, option) for id_, option in field.options.items() if not option["deleted"]]
    return sorted(there, key=lambda one: one[1]["place"])


def shown_value(field: CustomField, value: FieldValue | None) -> FieldValue | None:
    """A value without options that are deleted; None if nothing is left."""
    if value is None or field.kind not in SELECTS:
        return value
    there = {id_ for id_, _ in living_options(field)}
    if "option_id" in value:
        return value if value["option_id"] in there else None
    kept = [one for one in value["option_ids"] if one in there]
    return {"option_ids": kept} if kept else None


def applies(field: CustomField, type_id: str) -> bool:
    """Whether tasks of a type have the field."""
    return field.deleted_at is None and (not field.type_ids or type_id in field.type_ids)


def check_value(
    fields: Iterable[CustomField], field_id: str, value: FieldValue, type_id: str, readers: Collection[UUID]
) -> None:
    """Raise a refusal unless the value may stand in the field of a task of this type."""
    field = next((one for one in fields if str(one.id) == field_id and one.deleted_at is None), None)
    if field is None:
        raise NotFound("Custom field", path=("fields",))
    if not applies(field, type_id):
        raise ValidationFailed(f"Tasks of this type have no field {field.name}.", path=("fields",))
    (entry,) = value
    if entry != ENTRY_OF[field.kind]:
        raise ValidationFailed(
            f"{field.name} is a {field.kind} field: this value is for another kind.", path=("fields",)
        )
    _CHECKS[entry](field, value[entry])
    if entry == "user_id" and UUID(value[entry]) not in readers:
        raise NotFound("Member", path=("fields",))


def check_required(fields: Iterable[CustomField], type_id: str, values: dict[str, FieldValue]) -> None:
    """Raise ``ValidationFailed`` if a required field of the type has no value."""
    for field in fields:
        if field.required and applies(field, type_id) and str(field.id) not in values:
            raise ValidationFailed(f"{field.name} is required.", path=("fields",))


def _check_text(field: CustomField, text: str) -> None:
    check_text(text, "fields", length=TEXT_LENGTH)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationFailed("A text must be valid Unicode.", path=("fields",)) from None


def _check_number(field: CustomField, number: float) -> None:
    if not math.isfinite(number) or abs(number) > 1e15:
        raise ValidationFailed(f"{field.name} is a number up to 10^15.", path=("fields",))


def _check_date(field: CustomField, day: str) -> None:
    date.fromisoformat(day)


def _check_url(field: CustomField, url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https", "mailto") and bool(parts.netloc or parts.path)
    except ValueError:
        fine = False
    if not fine or not url.isascii() or not url.isprintable() or " " in url or len(url) > URL_LENGTH:
        raise ValidationFailed(
            f"{field.name} is an http, https or mailto address of at most {URL_LENGTH} characters.",
            path=("fields",),
        )


def _check_option(field: CustomField, option_id: str) -> None:
    option = field.options.get(option_id)
    if option is None or option["deleted"]:
        raise NotFound("Option", path=("fields",))


def _check_option_ids(field: CustomField, option_ids: Sequence[str]) -> None:
    for option_id in option_ids:
        _check_option(field, option_id)


def _check_user(field: CustomField, user_id: str) -> None:
    """Whether they see the project is for the caller's ``readers`` to say."""


_CHECKS: dict[str, Any] = {
    "text": _check_text, "number": _check_number, "date": _check_date, "url": _check_url, "option_id": _check_option,
    "option_ids": _check_option_ids, "user_id": _check_user,
}  # fmt: skip
