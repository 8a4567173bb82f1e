"""What changes name, in words: whole answers' worth of ids looked up together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import strawberry

from app.errors import BadInput
from app.history.edited_texts import Edited, texts_before
from app.texts import TextDiff
from app.texts.hunks import hunks_of
from schema.context import Columns, Context
from schema.events.enums import TextLineKind
from schema.ids import read_global_id
from schema.nodes import nodes_by_id

Named = tuple[str, tuple[Any, ...]]


def _named(value: Any) -> Named | None:
    """What a value names, if it is one of our ids."""
    if not isinstance(value, str):
        return None
    try:
        return read_global_id(value)
    except BadInput:
        return None


async def _names(context: Context, values: Iterable[Any]) -> dict[str, str]:
    """By global id, how what is named is called; what is not there for the viewer is left out."""
    named = {value: found for value in values if (found := _named(value)) is not None}
    wanted = list(dict.fromkeys(named.values()))
    rows = dict(zip(wanted, await nodes_by_id(context, wanted, None), strict=True)) if wanted else {}
    projects = await context.projects(
        [row.project_id for (kind, _), row in rows.items() if row and kind == "Task"]
    )
    called: dict[Named, str] = {}
    for one, row in rows.items():
        if row is not None and one[0] == "Task":
            called[one] = f"{projects[row.project_id].key}-{row.number} {row.title}"
        elif row is not None and isinstance(getattr(row, "name", None), str):
            called[one] = row.name
    return {value: called[one] for value, one in named.items() if one in called}


def side_name(side: str) -> Any:
    """An edge's batch: the name of what one side of a value's change names."""

    async def of_changes(context: Context, parents: list[Any], columns: Columns) -> list[str | None]:
        values = [getattr(parent, side) if parent.names else None for parent in parents]
        found = await _names(context, values)
        return [None if value is None else found.get(value) for value in values]

    return of_changes


def member_names(side: str) -> Any:
    """An edge's batch: the names of what came, or went."""

    async def of_changes(context: Context, parents: list[Any], columns: Columns) -> list[list[str | None]]:
        found = await _names(context, (one for parent in parents for one in getattr(parent, side)))
        return [[found.get(one) for one in getattr(parent, side)] for parent in parents]

    return of_changes


async def key_names(context: Context, parents: list[Any], columns: Columns) -> list[str | None]:
    """How the custom field is called whose value each entry is."""
    keys = [parent.key if parent.field == "fields" else None for parent in parents]
    found = await _names(context, keys)
    return [None if key is None else found.get(key) for key in keys]


def entry_name(side: str) -> Any:
    """An edge's batch: what one side of a custom field's change says, in words."""

    async def of_changes(context: Context, parents: list[Any], columns: Columns) -> list[str | None]:
        values = [(getattr(parent, side) or {}) if parent.field == "fields" else {} for parent in parents]
        choosing = (parent.key for parent, value in zip(parents, values, strict=True) if _chosen(value))
        named = {key: one for key in choosing if (one := _named(key)) is not None}
        fields = dict(zip(named, await nodes_by_id(context, list(named.values()), None), strict=True))
        people = await _names(context, (value.get("userId") for value in values))
        return [
            _said(value, getattr(fields.get(parent.key), "options", {}), people)
            for parent, value in zip(parents, values, strict=True)
        ]

    return of_changes


def _chosen(value: dict[str, Any]) -> list[str]:
    return [*value.get("optionIds", ()), *filter(None, [value.get("optionId")])]


def _said(value: dict[str, Any], options: dict[str, Any], people: dict[str, str]) -> str | None:
    if not value:
        return None
    if "userId" in value:
        return people.get(value["userId"])
    if chosen := _chosen(value):
        ids = [str(named[1][-1]) for one in chosen if (named := _named(one)) is not None]
        return ", ".join(options[one]["name"] for one in ids if one in options) or None
    (said,) = value.values()
    return repr(said).removesuffix(".0") if isinstance(said, float) else str(said)


@strawberry.type(description="A line of a text.")
class TextLine:
    kind: TextLineKind = strawberry.field(description="What became of it.")
    text: str = strawberry.field(description="The line, without its end.")


@strawberry.type(description="Lines that an edit changed, among some that stayed.")
class TextHunk:
    old_line: int = strawberry.field(description="The number of its first line in the text before, from 1.")
    new_line: int = strawberry.field(description="The number of its first line in the text after.")
    lines: list[TextLine] = strawberry.field(description="The lines, those that went before those that came.")


async def hunks_of_changes(
    context: Context, parents: Sequence[Any], columns: Columns
) -> list[list[TextHunk]]:
    """The hunks of each text's change, of which ``place`` says where it happened and ``diff`` what.

    ``base``: the text before, where it is known.
    """
    asked: list[Edited] = [parent.place for parent in parents if parent.base is None]
    found = iter(await texts_before(await context.reader(), asked) if asked else ())
    bases = [next(found) if parent.base is None else parent.base for parent in parents]
    return [
        [
            TextHunk(
                old_line=hunk.old_line, new_line=hunk.new_line,
                lines=[TextLine(kind=line.kind, text=line.text) for line in hunk.lines],
            )
            for hunk in hunks_of(base, TextDiff.from_json(parent.diff))
        ]
        for parent, base in zip(parents, bases, strict=True)
    ]  # fmt: skip
