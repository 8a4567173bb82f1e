"""Custom fields in a query: ``field.Severity:High``, ``field."Story points":>3``, ``sort:-field.Severity``.

Where a name will not do (the viewer does not know it, or two have it) the field is named by its id and by what is
compared of it: ``field.#6f…e1.number:>3``. So every filter can be written, and read without looking anything up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.fields.models import FieldKind
from app.query_language.fields import Named
from app.query_language.names import Names, Word, Words
from app.query_language.values import Unfit, did_you_mean, meant
from app.tasks.field_values import SORTED, order_name
from app.tasks.grammar import CUSTOM_KINDS, custom_name, read_custom

PREFIX = "field."
COMPARED = {
    FieldKind.TEXT.value: "text", FieldKind.URL.value: "text", FieldKind.NUMBER.value: "number",
    FieldKind.DATE.value: "date", FieldKind.SELECT.value: "option", FieldKind.MULTI_SELECT.value: "option",
    FieldKind.USER.value: "user",
}  # fmt: skip
"""What is compared of each kind of field."""


@dataclass(frozen=True)
class FieldWord(Word):
    """A custom field by name, with the names of its options."""

    kind: str = FieldKind.TEXT.value
    options: tuple[Word, ...] = ()
    deleted: bool = False

    @property
    def compared(self) -> str:
        """What is compared of it."""
        return COMPARED[self.kind]


def field_words(rows: Iterable[Any]) -> Words:
    """The names of fields; deleted ones are known by id alone."""
    found = [
        FieldWord(
            row.id, row.name, row.project_id, row.kind,
            tuple(Word(UUID(one), option["name"]) for one, option in row.options.items() if not option["deleted"]),
            row.deleted_at is not None,
        )
        for row in rows
    ]  # fmt: skip
    return Words((one for one in found if not one.deleted), (one for one in found if one.deleted))


def fields_called(written: str, quoted: bool, names: Names) -> list[Named]:
    """The fields that stand after ``field.``: in a list across projects, one of each project that has it."""
    if written.startswith("#") and not quoted:
        return [_by_id(written, names)]
    return [_named(word, word.compared) for word in _called(written, names)]


def _called(written: str, names: Names) -> list[Any]:
    known: list[Any] = names.custom.called(written)
    if not known:
        alike = tuple(f"{PREFIX}{quoted_name(one)}" for one in meant(written, names.custom.names()))
        raise Unfit("UNKNOWN_NAME", f"There is no field {written}.{did_you_mean(alike)}", alike)
    if names.custom.ambiguous(written):
        ids = tuple(f"{PREFIX}#{word.id}" for word in known)
        raise Unfit("AMBIGUOUS_NAME", f"More than one field is called {written}. Say which by id.", ids[:10])
    return sorted(known, key=lambda word: word.id)


def _by_id(written: str, names: Names) -> Named:
    id_, _, compared = written.removeprefix("#").partition(".")
    try:
        field_id = UUID(id_)
    except ValueError:
        raise Unfit("BAD_VALUE", "After # stands an id.") from None
    word: Any = names.custom.by_id.get(field_id)
    if not compared and word is None:
        raise Unfit("UNKNOWN_NAME", f"There is no field {written}.")
    if compared and compared not in CUSTOM_KINDS:
        raise Unfit("BAD_VALUE", f"Of a field one of {', '.join(CUSTOM_KINDS)} is compared.")
    if word is not None and compared in ("", word.compared):
        return _named(word, word.compared)
    return Named(f"{PREFIX}{written}", custom_name(field_id, compared), missing=True)


def _named(word: FieldWord, compared: str) -> Named:
    options = f"options:{word.id}" if compared == "option" else None
    name = f"{PREFIX}{quoted_name(word.name)}"
    return Named(name, custom_name(word.id, compared), missing=True, words=options)


def named_custom(name: str, names: Names, *, missing: bool = False) -> Named:
    """How a comparison's field is written: by name, if that means this field alone; ``missing``: of ``null``."""
    field_id, compared = read_custom(name)
    word: Any = names.custom.by_id.get(field_id)
    if (
        word is not None
        and (missing or word.compared == compared)
        and names.custom.called(word.name) == [word]
    ):
        return _named(word, word.compared)
    by_id = Named(f"{PREFIX}#{field_id}.{compared}", name, missing=True)
    return by_id if word is None or word.compared != compared else _with_options(by_id, word)


def _with_options(by_id: Named, word: FieldWord) -> Named:
    options = f"options:{word.id}" if word.compared == "option" else None
    return Named(by_id.name, by_id.field, missing=True, words=options)


def quoted_name(name: str) -> str:
    """A field's name as it stands after ``field.``."""
    plain = name.replace("-", "").replace("_", "").isalnum()
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def sort_name(written: str, quoted: bool, names: Names) -> str:
    """The order that ``sort:field.…`` means (``app.tasks.field_values.order_name``)."""
    if written.startswith("#") and not quoted and written.count(".") == 2:
        return read_sort_id(written)
    found = fields_called(written, quoted, names)
    words: list[Any] = [names.custom.by_id.get(read_custom(one.field)[0]) for one in found]
    if len(words) > 1:
        ids = tuple(f"{PREFIX}#{word.id}" for word in words)
        raise Unfit("AMBIGUOUS_NAME", f"More than one field is called {written}. Say which by id.", ids[:10])
    if words[0] is None or words[0].deleted:
        raise Unfit("BAD_VALUE", "Tasks are not ordered by this field: it is not there.")
    return order_name(words[0].id, words[0].kind, words[0].place)


def read_sort_id(written: str) -> str:
    """The order that ``print_sort_name`` wrote by ids."""
    id_, column, project = written.removeprefix("#").split(".")
    try:
        ids = f"{UUID(id_).hex}:{UUID(project).hex}"
    except ValueError:
        ids = ""
    if not ids or column not in SORTED.values():
        raise Unfit("BAD_VALUE", "After # stand a field's id, what of it is sorted by, and its project's id.")
    return f"field:{column}:{ids}"


def print_sort_name(name: str, names: Names) -> str:
    """What ``sort:`` says of an order by a custom field."""
    _, column, field, project = name.split(":")
    word: Any = names.custom.by_id.get(UUID(field))
    if (
        word is not None
        and not word.deleted
        and word.place == UUID(project)
        and SORTED.get(word.kind) == column
    ):
        known = names.custom.called(word.name) == [word]
        return f"{PREFIX}{quoted_name(word.name)}" if known else f"{PREFIX}#{word.id}"
    return f"{PREFIX}#{UUID(field)}.{column}.{UUID(project)}"
