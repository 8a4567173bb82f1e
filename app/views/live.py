"""Lists that keep themselves up to date: what a scope's events do to the tasks that a filter matches.

Worked out from the log alone: each task's state before and after an event is folded from its own events, and the
filter is evaluated on both. So whoever goes on from an older position gets the same changes, and nothing is kept for
those who are away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from app.accounts.reads import names_to_sort
from app.db import Database, Reader
from app.errors import BadInput
from app.events.kinds import fold
from app.events.models import Event
from app.fields.events import CUSTOM_FIELD_DELETED
from app.projects.reads import LABELS, STATUSES, by_project
from app.statements import Statement, sql
from app.tasks.events import TASK_ARRIVED, TASK_CREATED
from app.tasks.field_values import is_of_field, is_of_people, sorted_field, state_to_sort
from app.tasks.filters import ORDERS
from app.tasks.grammar import CUSTOM, FilterScope, TaskFilter, read_custom, time_dependent
from app.tasks.kept_filters import filter_to_json
from app.tasks.matching import Surroundings, gone_words, matches

MOST_STATES = 2_000
"""Of tasks, kept by one list; of others they are folded again."""

State = dict[str, Any]
Objects = dict[tuple[str, str], State]
_HISTORY: Statement[Event] = sql(
    """
    SELECT events.* FROM unnest($2::uuid[]) AS asked(id)
    JOIN events ON events.scope_id = $1 AND events.object_id = asked.id AND events.seq < $3
    ORDER BY events.seq
    """,
    "scope", "ids", "before",
    model=Event,
)  # fmt: skip
_WORKSPACE = sql("SELECT workspace_id FROM projects WHERE id = $1", "project")
_PUT_NEW = (TASK_CREATED.name, TASK_ARRIVED.name)


class ChangeKind(StrEnum):
    """What happened to a task as far as a list is concerned."""

    ENTERED = "entered"
    CHANGED = "changed"
    LEFT = "left"


@dataclass(frozen=True)
class Change:
    """What some events did to one task of a list. ``place``: its values of the order, and its id; None if it left."""

    kind: ChangeKind
    task_id: UUID
    seq: int
    place: list[Any] | None


class Changed(Exception):
    """The list is another as a whole: its view was changed, or what a status means. It must be loaded anew."""


def check_live(asked: TaskFilter) -> None:
    """Raise ``BadInput`` for a filter whose list changes without an event of its project."""
    fields = time_dependent(asked)
    if fields:
        raise BadInput(
            "This filter changes with time alone (" + ", ".join(fields) + "): give days as dates.",
            notLive=fields,
        )
    if asked.mentions("blocked"):
        raise BadInput("Whether a task is blocked is decided by others: leave it out.", notLive=["blocked"])


def _only_placed(event: Event) -> bool:
    """Whether nothing but its name, or its place among others, changed."""
    changed: set[str] = set(event.payload.get("delta", {}).get("set", {"": None}))
    return changed <= {"name", "rank"}


@dataclass
class LiveList:
    """The tasks of a project that a filter matches, as of one position after the other."""

    database: Database
    project_id: UUID
    asked: TaskFilter
    sort: Sequence[tuple[str, bool]]
    scope: FilterScope
    defined_by: frozenset[UUID] = frozenset()
    """The shared view, the board: what changes or deletes one of them makes another list."""
    _around: Surroundings | None = None
    _options: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    _states: OrderedDict[UUID, State | None] = field(default_factory=OrderedDict)

    @property
    def meant(self) -> Hashable:
        """What is listed, but for where it stands: equal lists of two people have the same changes."""
        asks_who = any("me" in one.ops for one in self.asked.comparisons())
        return (
            self.project_id, self.defined_by, orjson.dumps(filter_to_json(self.asked)), tuple(map(tuple, self.sort)),
            self.scope.time_zone, self.scope.viewer_id if asks_who else None,
        )  # fmt: skip

    def anew(self) -> LiveList:
        """The same list, for any place in the log."""
        return LiveList(self.database, self.project_id, self.asked, self.sort, self.scope, self.defined_by)

    async def changes(self, events: Sequence[Event]) -> list[Change]:
        """What the next events did, one for each task, in order of its last event. Raises ``Changed``."""
        if not events:
            return []
        async with self.database.snapshot(scopes=[self.project_id]) as reader:
            around = self._around = await self._surroundings(reader, events[0].seq)
            before = await self._before(reader, events)
        objects: Objects = {("task", str(one)): state for one, state in before.items() if state is not None}
        last: dict[UUID, int] = {}
        for event in events:
            self._check(event)
            if event.object_type == "task":
                fold(objects, event)
                last.pop(event.object_id, None)
                last[event.object_id] = event.seq
        found = []
        for task_id, seq in last.items():
            after = objects.get(("task", str(task_id)))
            self._keep(task_id, after)
            if (change := self._change(task_id, seq, before.get(task_id), after, around)) is not None:
                found.append(change)
        await self._name_people([change.place for change in found if change.place is not None])
        return found

    def _change(
        self, task_id: UUID, seq: int, before: State | None, after: State | None, around: Surroundings
    ) -> Change | None:
        was = before is not None and matches(self.asked, before, around)
        if after is None or not matches(self.asked, after, around):
            return Change(ChangeKind.LEFT, task_id, seq, None) if was else None
        if was and before == after:
            return None
        return Change(ChangeKind.CHANGED if was else ChangeKind.ENTERED, task_id, seq, self._place(after))

    def _place(self, state: State) -> list[Any]:
        names = [name for name, _ in self.sort] or ["rank"]
        return [*(self._sorted_by(state, name) for name in names), state["id"]]

    def _sorted_by(self, state: State, name: str) -> Any:
        if not is_of_field(name):
            return state[ORDERS[name][0]]
        return state_to_sort(name, state, self._options.get(sorted_field(name), {}))

    async def _name_people(self, places: list[list[Any]]) -> None:
        """Where places are by people's names: those that they have now, which are the directory's to tell."""
        terms = [at for at, (name, _) in enumerate(self.sort) if is_of_field(name) and is_of_people(name)]
        ids = {UUID(place[term]) for place in places for term in terms if place[term] is not None}
        if not ids:
            return
        async with self.database.snapshot(scopes=[self.project_id]) as reader:
            await reader.declare(workspaces=[await reader.value(_WORKSPACE, project=self.project_id)])
            names = await names_to_sort(reader, list(ids))
        for place in places:
            for term in terms:
                place[term] = None if place[term] is None else names.get(UUID(place[term]), "")

    def _check(self, event: Event) -> None:
        if event.object_id in self.defined_by and not _only_placed(event):
            raise Changed
        if event.object_type == "custom_field" and event.object_id in self._sort_fields():
            delta = event.payload.get("delta", {})
            if event.kind == CUSTOM_FIELD_DELETED.name or any("options" in part for part in delta.values()):
                raise Changed
        if event.object_type in ("label", "custom_field") and self._another(event):
            raise Changed
        if event.object_type != "status" or self._around is None:
            return
        delta = event.payload.get("delta", {}).get("set", {})
        if "category" in delta and self.asked.mentions("status_category"):
            raise Changed
        if (state := event.payload.get("state")) is not None:
            self._around.categories[state["id"]] = state["category"]  # type: ignore[index]

    def _another(self, event: Event) -> bool:
        """Whether tasks show something that the filter asks for no more, or again, without an event of theirs."""
        asked = (
            self.asked.mentions("label")
            if event.object_type == "label"
            else event.object_id in self._asked_fields()
        )
        if not asked:
            return False
        delta = event.payload.get("delta", {})
        options = delta.get("entries", {}).get("options", {}).values()
        return (
            "deleted_at" in delta.get("set", {})
            or any(
                (one.get("old") or {}).get("deleted", False) != (one.get("new") or {}).get("deleted", False)
                for one in options
            )
            or ("state" in event.payload and event.object_version != 1)  # it is there again
        )

    def _asked_fields(self) -> set[UUID]:
        custom = (one.field for one in self.asked.comparisons() if one.field.startswith(CUSTOM))
        return {read_custom(name)[0] for name in custom}

    async def _surroundings(self, reader: Reader, before: int) -> Surroundings:
        """What statuses meant when the first events came; from then on it is followed."""
        if self._around is not None:
            return self._around
        rows = (await by_project(reader, STATUSES, [self.project_id])).get(self.project_id, [])
        found = await self._folded(reader, [row.id for row in rows], before)
        fields = await self._folded(reader, self._sort_fields(), before)
        self._options = {UUID(state["id"]): state["options"] for (_, _), state in fields.items()}
        categories = {
            state["id"]: state["category"] for (kind, _), state in found.items() if kind == "status"
        }
        words = list(self._asked_fields())
        if self.asked.mentions("label"):
            labels = await by_project(reader, LABELS, [self.project_id])
            words += [row.id for row in labels.get(self.project_id, [])]
        gone = gone_words((await self._folded(reader, words, before)).values())
        return Surroundings(self.scope, categories, gone=gone, project_id=str(self.project_id))

    def _sort_fields(self) -> list[UUID]:
        return [sorted_field(name) for name, _ in self.sort if is_of_field(name)]

    async def _before(self, reader: Reader, events: Sequence[Event]) -> dict[UUID, State | None]:
        """The states of the tasks that the events are of, before the first of them."""
        first: dict[UUID, Event] = {}
        for event in events:
            if event.object_type == "task":
                first.setdefault(event.object_id, event)
        found: dict[UUID, State | None] = {one: self._states[one] for one in first if one in self._states}
        unknown = [one for one, event in first.items() if one not in found and event.kind not in _PUT_NEW]
        folded = await self._folded(reader, unknown, events[0].seq)
        return found | {one: folded.get(("task", str(one))) for one in unknown}

    async def _folded(self, reader: Reader, ids: list[UUID], before: int) -> Objects:
        objects: Objects = {}
        if ids:
            for event in await reader.rows(_HISTORY, scope=self.project_id, ids=ids, before=before):
                fold(objects, event)
        return objects

    def _keep(self, task_id: UUID, state: State | None) -> None:
        self._states[task_id] = state
        self._states.move_to_end(task_id)
        if len(self._states) > MOST_STATES:
            self._states.popitem(last=False)
