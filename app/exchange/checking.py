"""What a line of an export may be: checked before anything is written; no file brings what nobody could make."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Float, Integer, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.errors import BadInput, Refusal
from app.exchange.arrangements import check_board, check_view, statuses_of
from app.exchange.lines import Line
from app.exchange.writing import MODELS
from app.fields.models import FieldKind
from app.fields.rules import ENTRY_OF, TEXT_LENGTH, URL_LENGTH
from app.history.states import State
from app.links.rules import check_kind
from app.projects.models import ConflictPolicy, ProjectRole, ProjectVisibility, StatusCategory
from app.ranks import MalformedRank, check_rank
from app.sprints.actions import check_capacity
from app.sprints.models import SprintStage
from app.statements import table
from app.tasks.rules import check_config, check_counts, check_sections, check_values
from app.values import check_color, check_name, check_text, is_endless
from app.workflows.effects import check_actions
from app.workflows.models import TransitionActionKind, TransitionConditionKind, TransitionField
from app.workflows.rules import check_conditions

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REFERENCES = {
    "status": {"successor_id": "status"},
    "task": {"status_id": "status", "type_id": "task_type", "sprint_id": "sprint", "milestone_id": "milestone"},
    "comment": {"task_id": "task"},
    "transition": {"from_status_id": "status", "to_status_id": "status", "type_id": "task_type"},
}  # fmt: skip
_ENDS = ("source_task_id", "target_task_id")
MOST_VERSION = 2**31 - 1
LONGEST_RANK = 1000


class Unfit(ValueError):
    """A line that no export has, with why."""


@dataclass
class Checks:
    """What the lines so far have: ids by project and type, numbers, and what each of them names that must be there."""

    projects: set[str] = field(default_factory=set)
    ids: set[tuple[str, str, str]] = field(default_factory=set)
    numbers: set[tuple[str, int]] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    emptied: dict[str, tuple[int, str]] = field(default_factory=dict)
    _named: list[tuple[int, tuple[str, str, str]]] = field(default_factory=list)

    def take(self, number: int, line: Line) -> None:
        """Check a line that is to be imported. Raises ``Unfit``."""
        name, state, project = line["type"], line.get("state"), str(line.get("project"))
        if not isinstance(state, dict) or not _is_id(project) or not _is_id(line.get("id")):
            raise Unfit("it has no state, id or project")
        if state.get("id") != line["id"]:
            raise Unfit("its state is of another id")
        try:
            _check(name, state)
        except (Refusal, BadInput) as refusal:
            raise Unfit(str(refusal)) from None
        except MalformedRank:
            raise Unfit("its rank is none") from None
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as fault:
            raise fault if isinstance(fault, Unfit) else Unfit(f"{fault!r}") from None
        self._place(number, name, state, project)

    def _place(self, number: int, name: str, state: State, project: str) -> None:
        key = (project, name, state["id"])
        if key in self.ids and name != "link":  # a link between projects stands there for each end
            raise Unfit("its id stands there twice")
        self.ids.add(key)
        if name == "project":
            self.projects.add(project)
        if name == "task":
            if (project, state["number"]) in self.numbers:
                raise Unfit("its number stands there twice")
            self.numbers.add((project, state["number"]))
            if state["parent_id"] is not None:
                self.parents[state["id"]] = state["parent_id"]
            self._needs(number, *((project, "label", one) for one in state["label_ids"]))
        if name == "status" and state.get("successor_id") and state.get("deleted_at") is None:
            self.emptied[state["id"]] = number, state["successor_id"]
        if name in ("view", "board"):
            self._arrange(number, name, state, project)
        for column, kind in _REFERENCES.get(name, {}).items():
            if state.get(column) is not None:
                self._needs(number, (project, kind, state[column]))

    def _arrange(self, number: int, name: str, state: State, project: str) -> None:
        """A view, or a board; a deleted one may name what is gone."""
        if (state.get("filter") or {}).get("project", project) not in (None, project):
            raise Unfit("its filter is of another project")
        if name == "board" and state["deleted_at"] is None:
            self._needs(number, *((project, "status", one) for one in statuses_of(state)))
            if state.get("view_id") is not None:
                self._needs(number, (project, "view", state["view_id"]))

    def _needs(self, number: int, *keys: tuple[str, str, str]) -> None:
        # Words come first in a file: hardly anything waits for its end.
        self._named += [(number, key) for key in keys if key not in self.ids]

    def lacking(self) -> Iterator[tuple[int, str]]:
        """Lines that name what is not in the file, and why they do not fit; a cycle of parents has no line."""
        for number, key in self._named:
            _, kind, one = key
            if key in self.ids:
                continue
            yield number, f"it names the {kind} {one}, which is not in the file"
        for number, successor in self.emptied.values():
            if successor in self.emptied:
                yield number, "its tasks go to a status whose tasks go elsewhere"
        for project, name, _ in self.ids:
            if project not in self.projects:
                yield 1, f"a {name} is of the project {project}, which is not in the file"
        known: set[str] = set()
        for start in self.parents:
            path: list[str] = []
            here: str | None = start
            while here is not None and here not in known:
                known.add(here)
                path.append(here)
                here = self.parents.get(here)
            if here in path:
                yield 1, f"the task {here} stands above itself"


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_id, value)) and len(set(value)) == len(value)


_APART = {"view": ("scope_id", "columns")}
"""Columns that are another thing in the state, or none."""


def _rank(rank: str) -> None:
    if len(rank) > LONGEST_RANK:
        raise MalformedRank(rank)
    check_rank(rank)


def _check(name: str, state: State) -> None:
    for column in table(MODELS[name]).c:
        apart = column.name == "workspace_id" or column.name.endswith("project_id")
        if not apart and column.name not in _APART.get(name, ()):
            _check_column(column, state.get(column.name), optional=column.nullable or column.name in _ENDS)
    _RULES.get(name, _named)(state)


def _check_column(column: Any, value: Any, *, optional: bool) -> None:
    name, kind = column.name, column.type
    if value is None:
        fits = optional
    elif isinstance(kind, Uuid):
        fits = _is_id(value)
    elif isinstance(kind, DateTime):
        moment = datetime.fromisoformat(value)
        fits = moment.tzinfo is not None and not is_endless(moment)
    elif isinstance(kind, Date):
        fits = date.fromisoformat(value) is not None
    elif isinstance(kind, Boolean):
        fits = isinstance(value, bool)
    elif isinstance(kind, Integer):
        fits = type(value) is int and (1 if name in ("version", "number") else 0) <= value <= MOST_VERSION
    elif isinstance(kind, Float):
        fits = type(value) in (int, float) and math.isfinite(value)
    elif isinstance(kind, JSONB):
        # A set (a custom field's `type_ids`) is a list of its members.
        fits = _are_ids(value) if name.endswith("_ids") else isinstance(value, dict)
    else:
        fits = isinstance(value, str) and "\x00" not in value
    if not fits:
        raise Unfit(f"{name} cannot be this")


def _named(state: State) -> None:
    for name, value in state.items():
        if name == "name":
            check_name(value, "name")
        elif name == "rank":
            _rank(value)
        elif name == "color":
            check_color(value, "color")
        elif name in ("description", "goal"):
            check_text(value, name)


def _project(state: State) -> None:
    _named({name: state[name] for name in ("name", "description")})
    ProjectVisibility(state["visibility"])
    ProjectRole(state["workspace_role"])
    ConflictPolicy(state["conflict_policy"])


def _status(state: State) -> None:
    _named(state)
    StatusCategory(state["category"])


def _sprint(state: State) -> None:
    _named(state)
    SprintStage(state["stage"])
    check_capacity(state["capacity"])


def _custom_field(state: State) -> None:
    _named(state)
    FieldKind(state["kind"])
    for option_id, option in state["options"].items():
        fits = _is_id(option_id) and type(option["place"]) is int and isinstance(option["deleted"], bool)
        if not fits:
            raise Unfit("options cannot be this")
        check_name(option["name"], "options")
        check_color(option["color"], "options")


def _transition(state: State) -> None:
    _named(state)
    for kind, value in state["conditions"].items():
        condition = TransitionConditionKind(kind)
        if condition is TransitionConditionKind.ROLE:
            ProjectRole(value)
        elif condition is TransitionConditionKind.FIELDS:
            for one in value:
                TransitionField(one)
        elif condition is TransitionConditionKind.SPRINT_STAGES:
            for one in value:
                SprintStage(one)
    check_conditions(state["conditions"])
    for kind in state["actions"]:
        TransitionActionKind(kind)
    _actions(check_actions(state["actions"]))


def _actions(actions: State) -> None:
    for kind in (TransitionActionKind.ADD_LABELS, TransitionActionKind.REMOVE_LABELS):
        if kind in actions and not _are_ids(actions[kind]):
            raise Unfit("actions cannot be this")
    for field_id, value in actions.get(TransitionActionKind.SET_CUSTOM_FIELDS, {}).items():
        if not _is_id(field_id) or not (value is None or _is_value(value)):
            raise Unfit("actions cannot be this")


def _task(state: State) -> None:
    check_values({name: state.get(name) for name in _SHORT})
    _rank(state["rank"])
    check_sections(state["sections"])
    check_config(state["config"])
    check_counts(state["sections"], state["assignee_ids"])
    for name in ("assignee_ids", "label_ids"):
        if not _are_ids(state[name]):
            raise Unfit(f"{name} cannot be this")
    for field_id, value in state["fields"].items():
        if not _is_id(field_id) or not _is_value(value):
            raise Unfit("fields cannot be this")


_SHORT = ("title", "priority", "estimate", "close_reason", "external_ref", "status_id", "type_id")


def _is_value(value: dict[str, Any]) -> bool:
    ((entry, one),) = value.items()
    if entry not in ENTRY_OF.values():
        return False
    if entry in ("text", "url"):
        check_text(one, "fields", length=TEXT_LENGTH if entry == "text" else URL_LENGTH)
    if entry == "number":
        return type(one) in (int, float) and math.isfinite(one)
    if entry == "date":
        return date.fromisoformat(one) is not None
    if entry == "option_ids":
        return _are_ids(one)
    return entry in ("text", "url") or _is_id(one)


def _board(state: State) -> None:
    _rank(state["rank"])
    check_board(state)


def _comment(state: State) -> None:
    check_text(state["body"], "body")


def _link(state: State) -> None:
    check_kind(state["kind"])
    ends = [state[name] for name in _ENDS]
    if ends[0] == ends[1] or not all(one is None or _is_id(one) for one in ends):
        raise Unfit("a link has two tasks, one at each end")


_RULES: dict[str, Callable[[State], None]] = {
    "project": _project, "status": _status, "sprint": _sprint, "custom_field": _custom_field,
    "transition": _transition, "view": check_view, "board": _board, "task": _task, "comment": _comment, "link": _link,
}  # fmt: skip
