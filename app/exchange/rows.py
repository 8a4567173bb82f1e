"""Tasks as rows of a table, in words: for spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.reads import names_to_sort, users_by_id
from app.db import Database, Reader
from app.exchange.exporting import PAGE, may_export, objects_of
from app.history.moments import Moment, load_words, states_then
from app.history.states import State
from app.statements import Statement
from app.tasks.field_values import is_of_field, is_of_people, sorted_field, state_to_sort
from app.tasks.filters import ORDERS, TASKS, filter_conditions
from app.tasks.grammar import Compared, FilterScope, TaskFilter
from app.tasks.matching import Surroundings, gone_words, matches
from app.tasks.models import Task

COLUMNS = (
    "key", "title", "status", "type", "priority", "assignees", "labels", "parent", "estimate", "dueDate", "creator",
    "createdAt", "updatedAt", "completedAt", "closeReason", "externalRef", "description", "sprint", "milestone",
)  # fmt: skip
"""What every table has; after these stands a column for each custom field."""


@dataclass(frozen=True)
class Choice:
    """Which tasks, and in what order: (name, descending) terms, by rank if there are none."""

    asked: TaskFilter
    sort: Sequence[tuple[str, bool]]
    scope: FilterScope


_BLOCKED = TaskFilter((Compared("blocked", {"eq": True}),))


async def columns_of(database: Database, viewer_id: UUID, moment: Moment) -> list[str]:
    """The columns of a project's table; a custom field is called as in queries, so that none is taken for another."""
    async with database.snapshot(viewer_id) as reader:
        await may_export(viewer_id, [moment.scope_id])(reader)
        await load_words(reader, [moment])
    return [*COLUMNS, *(f"field.{field['name']}" for field in _fields_of(moment))]


def _fields_of(moment: Moment) -> list[State]:
    there = [field for field in (moment.words or {})["custom_field"] if field["deleted_at"] is None]
    return sorted(there, key=itemgetter("rank", "id"))


async def task_rows(
    database: Database, viewer_id: UUID, moment: Moment, choice: Choice | None = None
) -> AsyncIterator[list[list[Any]]]:
    """The tasks of a project at a moment, in pages: those that were not deleted by when they were made, or a choice."""
    if choice is not None:
        async for page in _chosen_rows(database, viewer_id, moment, choice):
            yield page
        return
    check = may_export(viewer_id, [moment.scope_id])
    async for lines in objects_of(database, viewer_id, check, moment, ("task",), among=True):
        states = [line["state"] for line in lines if not line["state"]["deleted_at"]]
        if states:
            async with database.snapshot(viewer_id) as reader:
                yield await _rows(reader, moment, states)


async def _chosen_rows(
    database: Database, viewer_id: UUID, moment: Moment, choice: Choice
) -> AsyncIterator[list[list[Any]]]:
    """Read once for which they are and where they stand, and again in that order: a place is all that is held."""
    check = may_export(viewer_id, [moment.scope_id])
    async with database.snapshot(viewer_id) as reader:
        await check(reader)
        around = await _surroundings(reader, moment, choice)
    fields = {field["id"]: field for field in (moment.words or {})["custom_field"]}
    terms = choice.sort or [("rank", False)]
    places = []
    async for page in objects_of(database, viewer_id, check, moment, ("task",), among=True):
        places += [
            [*(_sorted_by(state, name, fields) for name, _ in terms), state["id"]]
            for state in (line["state"] for line in page)
            if matches(choice.asked, state, around)
        ]
    async with database.snapshot(viewer_id) as reader:
        await check(reader)
        await _name_people(reader, places, [name for name, _ in terms])
    ids = [UUID(str(place[-1])) for place in in_order(places, [descending for _, descending in terms])]
    for start in range(0, len(ids), PAGE):
        async with database.snapshot(viewer_id) as reader:
            await check(reader)
            keys = [(moment, ("task", one)) for one in ids[start : start + PAGE]]
            yield await _rows(reader, moment, [state for state in await states_then(reader, keys) if state])


async def _surroundings(reader: Reader, moment: Moment, choice: Choice) -> Surroundings:
    """What its filter asks beside the tasks. Whether one is blocked hangs on other projects too: it is read as it is
    now, of what the viewer sees."""
    await load_words(reader, [moment])
    words = moment.words or {}
    blocked = frozenset[str]()
    if choice.asked.mentions("blocked"):
        conditions = filter_conditions(_BLOCKED, choice.scope)
        chosen = select(TASKS.c.id).where(TASKS.c.project_id == moment.scope_id, *conditions)
        blocked = frozenset(str(row.id) for row in await reader.rows(Statement(chosen, Task)))
    categories = {one["id"]: one["category"] for one in words["status"]}
    gone = gone_words([*words["label"], *words["custom_field"]])
    return Surroundings(choice.scope, categories, blocked, gone, str(moment.scope_id))


def _sorted_by(state: State, name: str, fields: Mapping[str, State]) -> Any:
    if name in ORDERS:
        return state[ORDERS[name][0]]
    field = str(sorted_field(name))
    return state_to_sort(name, state, fields[field]["options"] if field in fields else {})


async def _name_people(reader: Reader, places: list[list[Any]], names: Sequence[str]) -> None:
    """Where places are by people's names: those that they have now."""
    terms = [term for term, name in enumerate(names) if is_of_field(name) and is_of_people(name)]
    ids = {place[term] for place in places for term in terms if place[term] is not None}
    found = {str(id_): name for id_, name in (await names_to_sort(reader, list(map(UUID, ids)))).items()}
    for place in places:
        for term in terms:
            place[term] = None if place[term] is None else found.get(place[term], "")


def in_order(places: list[list[Any]], descending: Sequence[bool]) -> list[list[Any]]:
    """Places (values of the terms, and an id) in their order: missing values last, as lists have them."""
    ordered = sorted(places, key=itemgetter(-1), reverse=descending[-1])
    for term in reversed(range(len(descending))):
        there = [place for place in ordered if place[term] is not None]
        there.sort(key=itemgetter(term), reverse=descending[term])
        ordered = there + [place for place in ordered if place[term] is None]
    return ordered


async def _rows(reader: Reader, moment: Moment, states: list[State]) -> list[list[Any]]:
    await load_words(reader, [moment])
    words = moment.words or {}
    named = {
        one["id"]: one["name"]
        for kind in ("status", "task_type", "sprint", "milestone")
        for one in words[kind]
    }
    named |= {one["id"]: one["name"] for one in words["label"] if one["deleted_at"] is None}
    fields = _fields_of(moment)
    for field in fields:
        named |= {id_: one["name"] for id_, one in field["options"].items() if not one["deleted"]}
    people = {one for state in states for one in (*state["assignee_ids"], state["creator_id"]) if one}
    people |= {
        value["user_id"] for state in states for value in state["fields"].values() if "user_id" in value
    }
    users = await users_by_id(reader, [UUID(one) for one in people])
    named |= {str(user.id): user.name for user in users.values()}
    parents = list(dict.fromkeys(state["parent_id"] for state in states if state["parent_id"]))
    above = await states_then(reader, [(moment, ("task", UUID(one))) for one in parents])
    key = words["project"][0]["key"]
    keys = {one: f"{key}-{state['number']}" for one, state in zip(parents, above, strict=True) if state}

    def listed(ids: list[str]) -> str:
        return ", ".join(sorted(named[one] for one in ids if one in named))

    def held(state: State, field: State) -> Any:
        for kind, value in state["fields"].get(field["id"], {}).items():
            if kind == "option_ids":
                there = sorted(
                    (one for one in value if one in named), key=lambda one: field["options"][one]["place"]
                )
                return ", ".join(named[one] for one in there)
            return named.get(value) if kind in ("option_id", "user_id") else value
        return None

    return [
        [
            f"{key}-{one['number']}", one["title"], named.get(one["status_id"]), named.get(one["type_id"]),
            one["priority"], listed(one["assignee_ids"]), listed(one["label_ids"]), keys.get(one["parent_id"]),
            one["estimate"], one["due_date"], named.get(one["creator_id"]), one["created_at"], one["updated_at"],
            one["completed_at"], one["close_reason"], one["external_ref"], one["sections"].get("description"),
            named.get(one["sprint_id"]), named.get(one["milestone_id"]), *(held(one, field) for field in fields),
        ]
        for one in states
    ]  # fmt: skip
