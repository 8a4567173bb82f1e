"""Looks up the names that a query or filter may use, for one viewer: what they do not see has no name here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.db import Reader
from app.errors import QueryInvalid, ValidationFailed
from app.fields.reads import CUSTOM_FIELDS
from app.milestones.reads import MILESTONES
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project
from app.query_language.custom import PREFIX, field_words
from app.query_language.fields import BY_NAME, SPECIAL, Named
from app.query_language.meaning import Meaning, understand
from app.query_language.names import Names, Word, Words
from app.query_language.syntax import Group, Negation, Node, read_query
from app.sprints.reads import SPRINTS
from app.statements import Statement, sql
from app.tasks.grammar import CUSTOM, Kind, TaskFilter, read_custom

MOST_PEOPLE = 2_000
"""Of more, only members of the projects themselves are known by name."""

_KEY = re.compile(r"(?:(?P<project>[A-Za-z][A-Za-z0-9]{0,9})-)?(?P<number>\d{1,9})", re.ASCII)
_PROJECTS = sql(
    """
    SELECT p.id AS project_id, p.id, p.key AS name, NULL AS deleted_at FROM projects p
    WHERE p.id = ANY($1::uuid[]) ORDER BY p.id
    """,
    "projects",
)
_STATEMENTS: dict[str, Statement[Any]] = {
    "statuses": STATUSES,
    "labels": LABELS,
    "types": TASK_TYPES,
    "sprints": SPRINTS,
    "milestones": MILESTONES,
    "projects": _PROJECTS,
}
_PEOPLE = sql(
    """
    WITH near AS (
        SELECT m.user_id, 0 AS distance FROM project_members m WHERE m.project_id = ANY($2::uuid[])
        UNION ALL
        SELECT m.user_id, 1 FROM workspace_members m
        WHERE m.workspace_id IN (SELECT p.workspace_id FROM projects p WHERE p.id = ANY($2::uuid[]))
        UNION ALL SELECT $1, 0
    ), nearest AS (SELECT user_id, min(distance) AS distance FROM near GROUP BY user_id
                   ORDER BY min(distance), user_id LIMIT $3)
    SELECT u.id, u.name FROM users u
    WHERE u.id IN (SELECT known_people($1, ARRAY(SELECT user_id FROM nearest))) ORDER BY u.id
    """,
    "viewer", "projects", "most",
)  # fmt: skip
_TASKS = sql(
    """
    SELECT p.key, k.number, k.task_id FROM task_keys k JOIN projects p ON p.id = k.project_id
    WHERE k.project_id = ANY($1::uuid[]) AND (k.number = ANY($2::int[]) OR k.task_id = ANY($3::uuid[]))
    ORDER BY k.number DESC
    """,
    "projects", "numbers", "ids",
)  # fmt: skip


async def names_for_query(reader: Reader, viewer_id: UUID, project_ids: list[UUID], text: str) -> Names:
    """The names of those kinds that a query's text uses, in these projects, which the viewer must see."""
    used: dict[str, list[str]] = {}
    _collect(read_query(text).root, used)
    if PREFIX in text.lower():
        used.setdefault("custom", [])
    return await _look_up(reader, viewer_id, project_ids, used)


async def understood(
    reader: Reader, viewer_id: UUID, project_ids: list[UUID], text: str, path: tuple[str, ...] = ("query",)
) -> Meaning:
    """What a query's text means in these projects, which the viewer must see. Raises a refusal if it means nothing.

    ``path``: where the text stands in the input.
    """
    if "\x00" in text:
        raise ValidationFailed("A query must not contain NUL characters.", path=path)
    meaning = understand(text, await names_for_query(reader, viewer_id, project_ids, text))
    if meaning.faults:
        raise QueryInvalid(text, meaning.faults, path=path)
    return meaning


async def names_for_filters(
    reader: Reader,
    viewer_id: UUID,
    project_ids: list[UUID],
    asked: Sequence[TaskFilter],
    *,
    custom: bool = False,
) -> Names:
    """The names that the ids in some filters have; ``custom``: those of custom fields in any case."""
    comparisons = [one for each in asked for one in each.comparisons()]
    used = {one.field for one in comparisons}
    values = [value for one in comparisons if one.field == "parent_id" for value in one.ops.values()]
    parents = [one for value in values for one in (value if isinstance(value, list) else [value])]
    ids = [one for one in parents if isinstance(one, UUID)]
    fields = [str(read_custom(name)[0]) for name in used if name.startswith(CUSTOM)]
    told: dict[str, list[str]] = {name: [] for name in used}
    told |= {"custom": [f"#{one}" for one in fields]} if fields or custom else {}
    return await _look_up(reader, viewer_id, project_ids, told, ids)


def _collect(node: Node, used: dict[str, list[str]]) -> None:
    if isinstance(node, Group):
        for part in node.parts:
            _collect(part, used)
    elif isinstance(node, Negation):
        _collect(node.part, used)
    elif node.custom is not None:
        used.setdefault("custom", []).append(node.custom.text)
    elif node.name is not None:
        named = BY_NAME.get(node.name.lower())
        if named is not None:
            used.setdefault(named.field, []).extend(value.text for value in node.values)
        elif node.name.lower() not in SPECIAL:  # a custom field may have been meant
            used.setdefault("custom", [])


async def _look_up(
    reader: Reader, viewer_id: UUID, project_ids: list[UUID], used: Mapping[str, list[str]], ids: Sequence[UUID] = (),
) -> Names:  # fmt: skip
    """``used``: fields, and what is written of them: keys of parents, names (or #ids) of custom fields."""
    names = Names()
    kinds: dict[str, Named] = {one.field: one for one in BY_NAME.values()}
    for field in used:
        words = kinds[field].words if field in kinds else None
        if words is not None:
            rows = await by_project(reader, _STATEMENTS[words], project_ids)
            setattr(names, words, _words(rows))
    if "custom" in used:
        fields = await by_project(reader, CUSTOM_FIELDS, project_ids)
        names.custom = field_words(row for some in fields.values() for row in some)
    people = any(field in kinds and kinds[field].kind is Kind.PERSON for field in used)
    if people or any(_of_people(written, names) for written in used.get("custom", ())):
        found = await reader.rows(_PEOPLE, viewer=viewer_id, projects=project_ids, most=MOST_PEOPLE)
        names.people = Words(Word(row.id, row.name) for row in found)
    keys = used.get("parent_id", [])
    if keys or ids:
        names.tasks = await _tasks(reader, project_ids, keys, list(ids))
    return names


def _of_people(written: str, names: Names) -> bool:
    known: list[Any] = names.custom.called(written)
    if written.startswith("#"):
        known = [word for id_, word in names.custom.by_id.items() if written[1:].startswith(str(id_))]
    return written.endswith(".user") or any(word.compared == "user" for word in known)


def _words(rows: dict[UUID, list[Any]]) -> Words:
    """Deleted words keep a name only where no other has it."""
    found = [row for some in rows.values() for row in some]
    live = {(row.project_id, row.name.casefold()) for row in found if row.deleted_at is None}
    return Words(
        Word(row.id, row.name, row.project_id)
        for row in found
        if row.deleted_at is None or (row.project_id, row.name.casefold()) not in live
    )


async def _tasks(
    reader: Reader, project_ids: list[UUID], keys: list[str], ids: list[UUID]
) -> dict[str, UUID]:
    """Tasks by key, and by mere number where there is one project."""
    numbers = [int(match["number"]) for key in keys if (match := _KEY.fullmatch(key))]
    found: dict[str, UUID] = {}
    for row in await reader.rows(_TASKS, projects=project_ids, numbers=numbers, ids=ids):
        found.setdefault(f"{row.key}-{row.number}", row.task_id)
        if len(project_ids) == 1:
            found.setdefault(str(row.number), row.task_id)
    return found
