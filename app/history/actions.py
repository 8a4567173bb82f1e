"""Undoing one's own last changes, and taking a task back to an older version: by new events, never by forgetting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from app.errors import Clash, LimitReached, NotFound, Refusal, Refusals, ValidationFailed, VersionConflict
from app.events.models import Event
from app.history.attached import take_back_comments, take_back_link
from app.history.built import built_on_tasks
from app.history.objects import ROOMS, deletes, take_back
from app.history.places import placed_back
from app.history.reversals import Reversal, Span, brings, reversals_of_events, reversals_of_spans
from app.history.standing import take_back_settings, take_back_view
from app.history.undoable import Which, can_undo, events_to_undo, own_events
from app.ids import new_id
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_project
from app.projects.models import ConflictPolicy
from app.tasks.actions.deciding import TaskOutcome, Told, decide_items
from app.tasks.actions.edit import EDITED_AT_ONCE
from app.tasks.actions.refused import keep_refusal
from app.tasks.actions.writing import write_decisions
from app.tasks.commands import TaskEdit
from app.tasks.facts import Facts, facts_for_edits
from app.tasks.reads import locate_tasks
from app.views.events import VIEW_CREATED
from app.work import Action, Work


def undo(project_id: UUID, which: Which, told: Told) -> Action:
    """Take back one's own change in a project, each task on its own; if none can be, nothing is done.

    Redoing is undoing what an undo did. The result has ``items`` as ``decide_items`` gives them (those of other objects
    have ``object``, a type and an id, in the place of ``task_id``), and the ``batch_id`` of the new events.
    """

    async def action(work: Work) -> Result:
        await access_project(work, work.viewer_id, project_id)
        events = events_to_undo(await own_events(work, project_id, work.viewer_id), which)
        if not events or any(event.object_type != "project" for event in events):
            # What was done to settings asks for more, but also archiving can be taken back.
            await access_project(work, work.viewer_id, project_id, Permission.EDIT_TASKS)
        work.reflect(project_id)
        try:
            return await _undo(work, project_id, events, told)
        except (Refusal, Refusals) as refused:
            if events and which.last:
                _name_older(refused, events)
            raise

    return action


async def _undo(work: Work, project_id: UUID, events: Sequence[Event], told: Told) -> Result:
    _check(events)
    latest = {event.object_id: event for event in events}
    chosen = [event for event in latest.values() if event.object_type == "task"]
    others = [event for event in latest.values() if event.object_type != "task"]
    # What is there again or goes back first, since tasks may need it; what goes goes last, without tasks.
    await _take_back(work, project_id, [event for event in others if not _goes(event)])
    result: Result = {"items": [], "batch_id": None}
    told.clear()
    if chosen:
        reversals = await reversals_of_events(work, project_id, chosen)
        made = [event for event in chosen if brings(event)]
        back = await placed_back(work, project_id, chosen, reversals)
        result = await _written(work, back, told, made=made)
    await _take_back(work, project_id, [event for event in others if _goes(event)])
    return _with_objects(work, result, others)


def _name_older(refused: Refusal | Refusals, events: Sequence[Event]) -> None:
    """Say which change it is that cannot be taken back, and how those before it can be: it may stand for good."""
    first = refused if isinstance(refused, Refusal) else refused.items[0][1]
    kinds = ", ".join(dict.fromkeys(event.kind for event in events))
    seq = min(event.seq for event in events)
    first.message += (
        f" This was about your last change that stands: {kinds}, event {seq} of the project. To undo the last one "
        f"before it, say `beforeSeq: {seq}`; to undo another one, its `mutationId` or `batchId`."
    )


def _goes(event: Event) -> bool:
    return event.kind == VIEW_CREATED.name or (event.object_type in ROOMS and deletes(event))


async def _take_back(work: Work, project_id: UUID, events: Sequence[Event]) -> None:
    """Take back what events did to other objects than tasks, the last one first; all or none."""
    begun = len(work.recorded)
    comments = [event for event in events if event.object_type == "comment"]
    await take_back_comments(work, project_id, comments)
    # A view before the boards that were over it.
    for event in sorted(events, key=lambda event: (event.object_type != "view", -event.seq)):
        if event.object_type == "view":
            await take_back_view(work, project_id, event)
        elif event.object_type == "project":
            await take_back_settings(work, project_id, event)
        elif event.object_type == "link":
            await take_back_link(work, project_id, event)
        elif event.object_type in ROOMS:
            await take_back(work, project_id, event)
    causes = {event.object_id: event.id for event in events}
    work.recorded[begun:] = [
        one._replace(caused_by=causes.get(one.object_id, one.caused_by)) for one in work.recorded[begun:]
    ]


def _with_objects(work: Work, result: Result, others: Sequence[Event]) -> Result:
    """The result with an item for each other object, and one batch id for all that was recorded."""
    changed = {one.object_id for one in work.recorded}
    items = [
        {
            "object": [event.object_type, str(event.scope_id), str(event.object_id)],
            "outcome": (TaskOutcome.APPLIED if event.object_id in changed else TaskOutcome.UNCHANGED).value,
        }
        for event in others
    ]
    work.batch_id = UUID(result["batch_id"]) if result["batch_id"] else new_id()
    return {"items": [*result["items"], *items], "batch_id": str(work.batch_id)}


def _check(events: Sequence[Event]) -> None:
    if not events:
        raise NotFound("Change of yours among the project's last events")
    # Many tasks at once may have been commented on at once.
    of_type = Counter(event.object_type for event in events)
    if max(of_type.values()) > EDITED_AT_ONCE:
        raise LimitReached(f"At most {EDITED_AT_ONCE} of a kind at once.", limit=EDITED_AT_ONCE)
    if not all(map(can_undo, events)):
        raise ValidationFailed("Who sees a project cannot be undone: change it back yourself.")
    if len({event.object_id for event in events}) < len(events):
        raise ValidationFailed("This changed something several times: a task is taken back by taskRevert.")


def revert_task(
    task_id: UUID, to_version: int, expected_version: int, policy: ConflictPolicy | None
) -> Action:
    """Take a task back to what it was at a version. What others changed since ``expected_version`` stays or clashes."""

    async def action(work: Work) -> Result:
        if not 1 <= to_version < expected_version:
            told = (
                f"from 1 to {expected_version - 1}" if expected_version > 1 else "of a task that was changed"
            )
            raise ValidationFailed(
                f"Say a version {told}: one before the version that you see.", path=("toVersion",)
            )
        place = (await locate_tasks(work, work.viewer_id, [task_id])).get(task_id)
        if place is None:
            raise NotFound("Task", path=("id",))
        work.reflect(place.project_id)
        span = Span(task_id, to_version, expected_version)
        found = await reversals_of_spans(work, place.project_id, [span])
        if task_id not in found:
            raise NotFound("Task", path=("id",))
        edit = found[task_id].edit
        reversal = replace(found[task_id], edit=edit and edit._replace(policy=policy))
        return await _written(work, [reversal], Told(), alone=True)

    return action


async def _written(
    work: Work,
    reversals: Sequence[Reversal],
    told: Told,
    *,
    alone: bool = False,
    made: Sequence[Event] = (),
) -> Result:
    """Decide and write what can be taken back. Raises the refusals if nothing can.

    ``made``: the events that brought tasks which go, unless somebody built on them.
    """
    by_task = {one.task_id: one for one in reversals}
    edits = [one.edit for one in reversals if one.edit is not None]

    facts = await facts_for_edits(work, edits) if edits else None
    built = await built_on_tasks(work, made[0].scope_id, made) if made else {}

    def check(edit: TaskEdit, facts: Facts) -> None:
        _check_built(built.get(edit.task_id, ()), edit, facts)
        _check_place(by_task[edit.task_id], edit, facts)

    decisions, items = decide_items(edits, facts, told, atomic=False, check=check) if facts else ([], [])
    decided = iter(zip(items, range(len(items)), strict=True))
    found: list[Result] = []
    refusals: dict[int, Refusal] = {}
    placed = Told()
    for place, reversal in enumerate(reversals):
        if reversal.edit is None:
            assert reversal.refusal is not None
            refusals[place] = reversal.refusal
            found.append(_refused(reversal.task_id, reversal.refusal))
            continue
        item, number = next(decided)
        found.append(item)
        if number in told.refusals:
            refusals[place] = told.refusals[number]
        else:
            placed.decisions[place] = told.decisions[number]
    told.refusals, told.decisions = refusals, placed.decisions
    if len(refusals) == len(found):
        if len(found) == 1:
            raise refusals[0]
        raise Refusals(list(refusals.items()))
    work.batch_id = None if alone else new_id()
    await write_decisions(work, decisions, causes={one.task_id: one.cause for one in reversals})
    return {"items": found, "batch_id": str(work.batch_id) if work.batch_id else None}


def _refused(task_id: UUID, refusal: Refusal) -> Result:
    clashing = isinstance(refusal, VersionConflict)
    outcome = TaskOutcome.CONFLICT if clashing else TaskOutcome.REFUSED
    return {"task_id": str(task_id), "refused": keep_refusal(refusal), "outcome": outcome.value}


def _check_built(clashes: Sequence[Clash], edit: TaskEdit, facts: Facts) -> None:
    if clashes and edit.task_id in facts.states:
        version: int = facts.states[edit.task_id]["version"]
        raise VersionConflict("task", edit.task_id, expected=version, current=version, clashes=list(clashes))


def _check_place(reversal: Reversal, edit: TaskEdit, facts: Facts) -> None:
    """A place is no edit, and so has no version that would tell that somebody moved the task since."""
    state = facts.states.get(edit.task_id)
    back = edit.patch.values.get("rank")
    if state is None or (back is None and edit.anchor_id is None) or state["rank"] in (reversal.moved, back):
        return
    clash = Clash("rank", reversal.moved, state["rank"], back, None, None)
    version: int = state["version"]
    raise VersionConflict("task", edit.task_id, expected=version, current=version, clashes=[clash])
