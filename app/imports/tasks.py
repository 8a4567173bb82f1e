"""One batch in one unit: tasks made and changed, comments added and changed, refs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.comments.actions import write_new_comments
from app.errors import NotFound, Refusal
from app.events.deltas import State
from app.ids import new_id
from app.imports.batches import Names, Refs, comment_key, import_guard, is_due, keys_of, new_task
from app.imports.models import ImportRef
from app.imports.reads import COMMENT, PARENT_OF, TASK, kept_id, refs_by_key
from app.imports.records import Fingerprint, Record, SourceComment
from app.imports.reports import Note, Outcome
from app.imports.surveys import Plan
from app.imports.updates import change_comments, change_tasks
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import check_permission
from app.projects.actions.opening import access_guards
from app.projects.actions.vocabulary import vocabulary_guard
from app.ranks import ranks_between
from app.tasks.actions.create import decide_new, take_numbers, write_new
from app.tasks.commands import NewTask
from app.tasks.facts import facts_for_new, hierarchy_guard, order_guard
from app.tasks.reads import last_rank, tasks_by_key
from app.values import plain
from app.work import Action, Work
from app.writes import Values, insert_rows


def import_records(
    project_id: UUID, source: str, records: Sequence[Record], plan: Plan, names: Names, notes: list[Note]
) -> Action:
    """Bring a batch up to date. ``notes`` is filled with what could not be; the result counts the rest."""

    async def action(work: Work) -> Result:
        notes.clear()
        work.batch_id = new_id()
        # All guards of this unit in one call: taken one after the other, two units could deadlock.
        await work.guard(
            *await access_guards(work, [project_id]), import_guard(project_id), vocabulary_guard(project_id),
            order_guard(project_id), hierarchy_guard(project_id),
        )  # fmt: skip
        refs = await refs_by_key(work, project_id, source, keys_of(records))
        due = [record for record in records if is_due(record, refs)]
        fresh = [record for record in due if (TASK, record.external_id) not in refs]
        known = [record for record in due if (TASK, record.external_id) in refs]
        batch = Batch(project_id, source, plan, names, refs, notes)
        made = await _make_tasks(work, batch, fresh)
        counts = await change_tasks(work, project_id, known, refs, names, notes)
        added = await _add_comments(work, batch, due)
        counts |= await change_comments(work, project_id, known, refs, notes)
        return {"created": made, "comments": added} | counts

    return action


class Batch:
    """What the steps of one unit share; ``refs`` grows by what they make."""

    def __init__(
        self, project_id: UUID, source: str, plan: Plan, names: Names, refs: Refs, notes: list[Note]
    ) -> None:
        self.project_id = project_id
        self.source = source
        self.plan = plan
        self.names = names
        self.refs = refs
        self.notes = notes

    def ref(self, object_type: str, external_id: str, object_id: UUID, fingerprint: Fingerprint) -> Values:
        row: Values = {
            "project_id": self.project_id, "source": self.source, "object_type": object_type,
            "external_id": kept_id(external_id), "object_id": object_id, "object_version": 1,
            "fingerprint": fingerprint,
        }  # fmt: skip
        self.refs[object_type, external_id] = ImportRef(**row)
        return row


async def _make_tasks(work: Work, batch: Batch, records: Sequence[Record]) -> int:
    if not records:
        return 0
    tasks = [new_task(record, batch.project_id, batch.names) for record in records]
    facts = await facts_for_new(work, tasks, ())
    if batch.project_id not in facts.projects:
        raise NotFound("Project")
    check_permission(facts.projects[batch.project_id], Permission.IMPORT)
    parents = await _parents_there(work, batch, records)
    ranks = ranks_between(await last_rank(work, batch.project_id), None, len(records))
    written: list[tuple[NewTask, State]] = []
    rows = []
    for place, (record, task) in enumerate(zip(records, tasks, strict=True)):
        task_id = new_id()
        try:
            state = decide_new(task, task_id, ranks[place], 0, facts, None)
        except Refusal as refusal:
            batch.notes.append(
                Note(Outcome.LOST, record.line, record.external_id, "the issue", refusal.message)
            )
            continue
        state["completed_at"] = plain(batch.names.completed_at(record))
        parent = batch.plan.parent_of.get(record.external_id)
        # A parent that comes later is set in the last pass.
        if parent is not None and parent in parents:
            state["parent_id"] = str(parents[parent])
            rows.append(batch.ref(PARENT_OF, record.external_id, task_id, {"parent": parent}))
        parents[record.external_id] = task_id
        rows.append(batch.ref(TASK, record.external_id, task_id, record.fingerprint()))
        written.append((task, state))
    # Of those alone that are made: a counter that moved for none of them would be a write without an event.
    first = await take_numbers(work, batch.project_id, len(written)) if written else 0
    for number, (_, state) in enumerate(written, first):
        state["number"] = number
    await write_new(work, [task for task, _ in written], [state for _, state in written], facts, notify=False)
    await insert_rows(work, ImportRef, rows)
    return len(written)


async def _parents_there(work: Work, batch: Batch, records: Sequence[Record]) -> dict[str, UUID]:
    """Those parents of the batch's issues that earlier batches made, and that are still there."""
    asked = {batch.plan.parent_of.get(record.external_id) for record in records} - {None}
    refs = await refs_by_key(work, batch.project_id, batch.source, [(TASK, one) for one in asked if one])
    rows = await tasks_by_key(work, [(batch.project_id, ref.object_id) for ref in refs.values()])
    return {
        name: ref.object_id
        for (_, name), ref in refs.items()
        if ref.object_id in rows and rows[ref.object_id].deleted_at is None
    }


async def _add_comments(work: Work, batch: Batch, records: Sequence[Record]) -> int:
    missing = [
        (record, comment)
        for record in records
        for comment in record.comments
        if comment_key(record, comment) not in batch.refs and (TASK, record.external_id) in batch.refs
    ]
    task_ids = {record.external_id: batch.refs[TASK, record.external_id].object_id for record, _ in missing}
    there = await tasks_by_key(work, [(batch.project_id, task_id) for task_id in task_ids.values()])
    states, rows = [], []
    for record, comment in missing:
        task_id = task_ids[record.external_id]
        if task_id not in there or there[task_id].deleted_at is not None:
            why = "its task was deleted here or has left the project"
            what = f"comment {comment.key}"
            batch.notes.append(Note(Outcome.IN_CONFLICT, record.line, record.external_id, what, why))
            continue
        state = _comment_state(comment, task_id, batch.names)
        _, key = comment_key(record, comment)
        states.append(state)
        rows.append(batch.ref(COMMENT, key, UUID(state["id"]), comment.fingerprint()))
    await write_new_comments(work, [batch.project_id] * len(states), states)
    await insert_rows(work, ImportRef, rows)
    return len(states)


def _comment_state(comment: SourceComment, task_id: UUID, names: Names) -> State:
    return {
        "id": str(new_id()), "task_id": str(task_id), "parent_id": None,
        "author_id": plain(names.person(comment.author)), "body": comment.body, "version": 1,
        "created_at": plain(comment.created_at), "updated_at": plain(comment.updated_at), "deleted_at": None,
    }  # fmt: skip
