"""Every write of workflows: transitions, and templates that bring their statuses along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import Shape, delta_between
from app.events.kinds import EventKind
from app.fields.reads import CUSTOM_FIELDS
from app.ids import accept_client_id, new_id
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions import settings as project_settings
from app.projects.actions import vocabulary as vocabulary_actions
from app.projects.actions.opening import open_project
from app.projects.actions.vocabulary import STATUS, Vocabulary, record_words, vocabulary_guard
from app.projects.models import Status
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project
from app.ranks import rank_between, ranks_between
from app.values import check_name, now_utc, plain
from app.work import Action, RaceLost, Work
from app.workflows.effects import check_actions, check_named
from app.workflows.events import (
    TRANSITION_CREATED,
    TRANSITION_DELETED,
    TRANSITION_UPDATED,
    transition_state,
)
from app.workflows.models import Transition
from app.workflows.reads import transitions_by_project
from app.workflows.rules import check_conditions, gathered
from app.workflows.templates import TEMPLATES, Way, WorkflowTemplate
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_TRANSITIONS = 500
_KEYS = ("project_id", "id")


def create_transition(project_id: UUID, values: dict[str, Any], *, client_id: UUID | None = None) -> Action:
    """Add a transition, last in order unless it says where. The first one of a project forbids every other move."""

    async def action(work: Work) -> Result:
        there = await _open(work, project_id)
        if len(there) >= MOST_TRANSITIONS:
            raise LimitReached(
                f"A project has at most {MOST_TRANSITIONS} transitions.", limit=MOST_TRANSITIONS
            )
        row = {
            "project_id": project_id, "id": accept_client_id(client_id), "from_status_id": None, "type_id": None,
            "conditions": {}, "actions": {}, "rank": rank_between(there[-1].rank if there else None, None),
            "version": 1, "deleted_at": None,
        } | await _checked(work, project_id, values, there, None)  # fmt: skip
        if client_id is not None and await ids_in_use(work, [client_id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        await _insert(work, [row])
        return {"project_id": str(project_id), "id": str(row["id"])}

    return action


def update_transition(
    project_id: UUID, transition_id: UUID, expected_version: int, values: dict[str, Any]
) -> Action:
    """Change a transition."""

    async def action(work: Work) -> Result:
        there = await _open(work, project_id)
        transition = _find(there, transition_id)
        checked = await _checked(work, project_id, values, there, transition)
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await _change(work, [(transition, expected_version, checked)], TRANSITION_UPDATED)
        return {"project_id": str(project_id), "id": str(transition_id)}

    return action


def delete_transition(project_id: UUID, transition_id: UUID, expected_version: int) -> Action:
    """Delete a transition. Without any the project allows every move again."""

    async def action(work: Work) -> Result:
        transition = _find(await _open(work, project_id), transition_id)
        await _change(work, [(transition, expected_version, {"deleted_at": now_utc()})], TRANSITION_DELETED)
        return {"project_id": str(project_id), "id": str(transition_id)}

    return action


def apply_template(project_id: UUID, template: WorkflowTemplate, *, replace: bool = False) -> Action:
    """Give a project a template's transitions, and those of its statuses that it lacks (found by name).

    ``replace``: the transitions that are there go; otherwise a project that has some is refused.
    """

    async def action(work: Work) -> Result:
        there = await _open(work, project_id)
        if there and not replace:
            raise ValidationFailed(
                "The project has a workflow: `replace: true` puts the template in its place.",
                path=("replace",),
            )
        work.batch_id = new_id()
        gone = [(one, one.version, {"deleted_at": now_utc()}) for one in there]
        await _change(work, gone, TRANSITION_DELETED)
        await _put_template(work, project_id, template)
        return {"project_id": str(project_id)}

    return action


def create_project(
    workspace_id: UUID, key: str, name: str, *, template: WorkflowTemplate | None = None, **settings: Any
) -> Action:
    """Make a project (``settings`` as ``app.projects.actions.settings`` takes them), with a template's workflow."""
    if template is None:
        return project_settings.create_project(workspace_id, key, name, **settings)
    statuses = TEMPLATES[template].statuses
    made = project_settings.create_project(workspace_id, key, name, statuses=statuses, **settings)

    async def action(work: Work) -> Result:
        result = await made(work)
        await _put_template(work, UUID(result["project_id"]), template)
        return result

    return action


async def _put_template(work: Work, project_id: UUID, template: WorkflowTemplate) -> None:
    asked = TEMPLATES[template]
    words = (await by_project(work, STATUSES, [project_id]))[project_id]
    there = {one.name.casefold(): one.id for one in words if one.deleted_at is None}
    lacking = [status for status in asked.statuses if status[0].casefold() not in there]
    ranks = ranks_between(words[-1].rank if words else None, None, len(lacking))
    rows = [
        Status(project_id=project_id, id=new_id(), name=name, category=category.value, color=color, rank=rank)
        for (name, category, color), rank in zip(lacking, ranks, strict=True)
    ]
    await record_words(work, STATUS, [row.model_dump() for row in rows])
    there |= {row.name.casefold(): row.id for row in rows}
    await _insert(work, transition_rows(project_id, asked.ways, there))


def transition_rows(project_id: UUID, ways: Sequence[Way], statuses: dict[str, UUID]) -> list[dict[str, Any]]:
    """The rows of a template's transitions; ``statuses`` maps casefolded names to ids."""
    ranks = ranks_between(None, None, len(ways))
    return [
        {
            "project_id": project_id, "id": new_id(), "name": way.name, "type_id": None, "rank": rank,
            "from_status_id": None if way.begins is None else statuses[way.begins.casefold()],
            "to_status_id": statuses[way.ends.casefold()], "conditions": gathered(way.conditions, "conditions"),
            "actions": gathered(way.actions, "actions"), "version": 1, "deleted_at": None,
        }
        for way, rank in zip(ways, ranks, strict=True)
    ]  # fmt: skip


def delete_word(vocabulary: Vocabulary, project_id: UUID, word_id: UUID, expected_version: int) -> Action:
    """Delete a status or a task type that no task has, and the transitions that name it."""
    deleted = vocabulary_actions.delete_word(vocabulary, project_id, word_id, expected_version)

    async def action(work: Work) -> Result:
        await _open(work, project_id, Permission.MANAGE_WORDS)
        await delete_transitions_of(work, project_id, word_id)
        return await deleted(work)

    return action


async def delete_transitions_of(work: Work, project_id: UUID, word_id: UUID) -> None:
    """Delete the transitions that name a status or a task type that goes; the caller holds the vocabulary."""
    there = (await transitions_by_project(work, [project_id])).get(project_id, [])
    named = [one for one in there if word_id in (one.from_status_id, one.to_status_id, one.type_id)]
    await _change(work, [(one, one.version, {"deleted_at": now_utc()}) for one in named], TRANSITION_DELETED)


async def _open(
    work: Work, project_id: UUID, permission: Permission = Permission.MANAGE_WORKFLOW
) -> list[Transition]:
    # Tasks share the guard of the words while they move: what governs them stands still until they are written.
    guard = vocabulary_guard(project_id, shared=False)
    await open_project(work, project_id, permission, guard)
    return (await transitions_by_project(work, [project_id])).get(project_id, [])


def _find(there: Sequence[Transition], transition_id: UUID) -> Transition:
    for transition in there:
        if transition.id == transition_id:
            return transition
    raise NotFound("Transition", path=("id",))


async def _insert(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    await insert_rows(work, Transition, rows)
    now = now_utc()
    for row in rows:
        state = {"state": transition_state(Transition(**row))}
        work.record(row["project_id"], TRANSITION_CREATED, row["id"], state, version=1, occurred_at=now)


async def _change(
    work: Work, changes: Sequence[tuple[Transition, int, dict[str, Any]]], kind: EventKind
) -> None:
    """Write changed transitions, all with the same columns, and their events; raises ``VersionConflict``."""
    now = now_utc()
    rows, told = [], []
    for transition, expected, values in changes:
        old = transition_state(transition)
        delta = delta_between(old, {**old, **{name: plain(one) for name, one in values.items()}}, Shape())
        if transition.version != expected:
            raise VersionConflict(
                "transition", transition.id, expected=expected, current=transition.version, clashes=[]
            )
        if delta:
            place = {"project_id": transition.project_id, "id": transition.id, "version": expected}
            rows.append({**place, **values})
            told.append((transition, delta))
    columns = {name for row in rows for name in row} - {*_KEYS, "version"}
    if rows and len(await compare_and_set(work, Transition, rows, columns, keys=_KEYS)) < len(rows):
        raise RaceLost
    for transition, delta in told:
        work.record(
            transition.project_id, kind, transition.id, {"delta": delta}, version=transition.version + 1,
            occurred_at=now,
        )  # fmt: skip


async def _checked(
    work: Work, project_id: UUID, values: dict[str, Any], there: Sequence[Transition],
    changed: Transition | None,
) -> dict[str, Any]:  # fmt: skip
    checked = {name: value for name, value in values.items() if name not in ("before_id", "after_id")}
    if "name" in checked:
        checked["name"] = check_name(checked["name"] or "", "name", length=80)
    words = await by_project(work, STATUSES, [project_id])
    types = await by_project(work, TASK_TYPES, [project_id])
    for name, path, known, required in (
        ("from_status_id", "fromStatusId", words, False),
        ("to_status_id", "toStatusId", words, True),
        ("type_id", "typeId", types, False),
    ):
        if name in checked and not (checked[name] is None and not required):
            living = {one.id for one in known[project_id] if one.deleted_at is None}
            if checked[name] not in living:
                raise NotFound("Task type" if name == "type_id" else "Status", path=(path,))
    ends = {
        name: checked[name] if name in checked else getattr(changed, name, None)
        for name in ("from_status_id", "to_status_id")
    }
    if ends["from_status_id"] == ends["to_status_id"]:
        raise ValidationFailed("A transition leads to another status.", path=("toStatusId",))
    if "conditions" in checked:
        checked["conditions"] = check_conditions(checked["conditions"])
        await _check_named(work, project_id, checked["conditions"])
    if "actions" in checked:
        actions = checked["actions"] = check_actions(checked["actions"])
        type_id = checked.get("type_id", getattr(changed, "type_id", None))
        labels, fields = [
            (await by_project(work, one, [project_id]))[project_id] for one in (LABELS, CUSTOM_FIELDS)
        ]
        check_named(actions, labels, fields, type_id)
    if values.get("before_id") or values.get("after_id"):
        checked["rank"] = _place(there, changed, values.get("before_id"), values.get("after_id"))
    return checked


async def _check_named(work: Work, project_id: UUID, conditions: dict[str, Any]) -> None:
    """The labels and custom fields that conditions name must be there."""
    for kinds, statement, noun, path in (
        (("labels", "without_labels"), LABELS, "Label", "labelIds"),
        (("custom_fields",), CUSTOM_FIELDS, "Custom field", "customFieldIds"),
    ):
        named = {one for kind in kinds for one in conditions.get(kind, ())}
        if not named:
            continue
        words: list[Any] = (await by_project(work, statement, [project_id]))[project_id]
        if not named <= {str(one.id) for one in words if one.deleted_at is None}:
            raise NotFound(noun, path=("conditions", path))


def _place(
    there: Sequence[Transition], moved: Transition | None, before_id: UUID | None, after_id: UUID | None
) -> str:
    others = [one for one in there if moved is None or one.id != moved.id]
    places = {one.id: place for place, one in enumerate(others)}
    anchor = after_id or before_id
    if anchor is None or anchor not in places:
        raise NotFound("Transition", path=("afterId" if after_id else "beforeId",))
    place = places[anchor] + 1 if after_id else places[anchor]
    return rank_between(
        others[place - 1].rank if place else None, others[place].rank if place < len(others) else None
    )
