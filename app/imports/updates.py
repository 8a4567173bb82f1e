"""A newer version of a file over an older one: what the file changed is merged with what people changed here.

Where both changed the same field, people's work stays, and the clash is noted on every run until one side gives in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.comments.actions import write_decisions as write_comments
from app.comments.decisions import Decision as CommentDecision
from app.comments.events import COMMENT_SHAPE, COMMENT_UPDATED, comment_state
from app.comments.reads import comments_by_key
from app.errors import Refusal, VersionConflict
from app.events.deltas import delta_between
from app.imports.batches import Names, Refs, comment_key, patch_of
from app.imports.models import ImportRef
from app.imports.reads import TASK
from app.imports.records import Record
from app.imports.reports import Note, Outcome
from app.outcomes import Result
from app.projects.models import ConflictPolicy
from app.statements import sql
from app.tasks.actions.writing import write_decisions
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import Decision, decide_edit
from app.tasks.facts import Facts, facts_for_edits
from app.values import plain
from app.work import Work
from app.writes import Values, set_unversioned

REF_KEYS = ("project_id", "source", "object_type", "external_id")


async def change_tasks(
    work: Work, project_id: UUID, records: Sequence[Record], refs: Refs, names: Names, notes: list[Note]
) -> Result:
    """Apply what the file changed of tasks that an earlier run made."""
    edits: list[tuple[Record, ImportRef, TaskEdit]] = []
    for record in records:
        ref = refs[TASK, record.external_id]
        if ref.fingerprint != record.fingerprint():
            patch = patch_of(record, ref.fingerprint, names)
            edits.append(
                (record, ref, TaskEdit(ref.object_id, ref.object_version, patch, ConflictPolicy.MERGE))
            )
    if not edits:
        return {"updated": 0}
    facts = await facts_for_edits(work, [edit for _, _, edit in edits])
    decisions, taken = [], []
    for record, ref, edit in edits:
        row = facts.rows.get(edit.task_id)
        if row is None or row.project_id != project_id:
            notes.append(_left(record, "the issue", "its task has left the project"))
            continue
        decision, whole = _decide(record, edit, facts, notes)
        if decision is not None and decision.delta:
            decisions.append(decision)
            if whole:
                taken.append(_ref_row(ref, record, decision))
    await write_decisions(work, decisions)
    await set_refs(work, taken)
    return {"updated": len(decisions)}


def _left(record: Record, what: str, why: str) -> Note:
    return Note(Outcome.IN_CONFLICT, record.line, record.external_id, what, why)


def _decide(record: Record, edit: TaskEdit, facts: Facts, notes: list[Note]) -> tuple[Decision | None, bool]:
    """The decision, without the fields that people changed too; and whether it is the whole edit."""
    whole = True
    # What happens at closing happens when the file says, and an edit is as old as the last change in it.
    row = facts.rows[edit.task_id]
    dated = edit._replace(occurred_at=max(record.updated_at, row.updated_at))
    then = replace(facts, now=record.closed_at or record.updated_at)
    while True:
        try:
            return decide_edit(dated, then), whole
        except VersionConflict as conflict:
            why = "it was changed here since the last import, and stays so"
            notes.extend(_left(record, clash.field, why) for clash in conflict.clashes)
            patch = _without(dated.patch, {clash.field for clash in conflict.clashes})
            if not conflict.clashes or patch == dated.patch:
                notes.append(_left(record, "the issue", conflict.message))
                return None, False
            dated, whole = dated._replace(patch=patch), False
        except Refusal as refusal:
            notes.append(_left(record, "the issue", refusal.message))
            return None, False


def _without(patch: TaskPatch, fields: set[str]) -> TaskPatch:
    # A status and its time of closing go together.
    dropped = fields | ({"completed_at", "status_id"} if fields & {"completed_at", "status_id"} else set())
    return replace(
        patch,
        values={name: value for name, value in patch.values.items() if name not in dropped},
        sections={name: text for name, text in patch.sections.items() if f"sections.{name}" not in dropped},
        config={name: value for name, value in patch.config.items() if f"config.{name}" not in dropped},
    )


def _ref_row(ref: ImportRef, record: Record, decision: Decision) -> Values:
    # While people's edits lie between, the old version stays the base, or their next clash would go unseen.
    untouched = decision.old["version"] == ref.object_version
    version = decision.new["version"] if untouched else ref.object_version
    return ref_values(ref) | {"fingerprint": record.fingerprint(), "object_version": version}


def ref_values(ref: Any) -> Values:
    """The key of a ref, as its statements take it."""
    return {name: getattr(ref, name) for name in REF_KEYS}


async def set_refs(work: Work, rows: Sequence[Values]) -> None:
    """Remember what was taken over."""
    await set_unversioned(work, ImportRef, rows, {"fingerprint", "object_version"}, keys=REF_KEYS)


async def change_comments(
    work: Work, project_id: UUID, records: Sequence[Record], refs: Refs, notes: list[Note]
) -> Result:
    """Set the texts that the file changed; one that was edited or deleted here stays as it is."""
    changed = [
        (record, comment, refs[key])
        for record in records
        for comment in record.comments
        if (key := comment_key(record, comment)) in refs and refs[key].fingerprint != comment.fingerprint()
    ]
    rows = await comments_by_key(work, [(project_id, ref.object_id) for _, _, ref in changed])
    decisions, taken = [], []
    for record, comment, ref in changed:
        row = rows.get(ref.object_id)
        if row is None or row.version != ref.object_version:
            why = "it was changed here since the last import, and stays so"
            notes.append(_left(record, f"comment {comment.key}", why))
            continue
        old = comment_state(row)
        version, at = row.version + 1, max(comment.updated_at, row.updated_at)
        new = {**old, "body": comment.body, "version": version, "updated_at": plain(at)}
        delta = delta_between(old, new, COMMENT_SHAPE)
        decisions.append(CommentDecision(project_id, row.id, old, new, delta, COMMENT_UPDATED, False))
        taken.append(ref_values(ref) | {"fingerprint": comment.fingerprint(), "object_version": version})
    if decisions:
        await write_comments(work, decisions)
        await set_refs(work, taken)
    return {"comments_updated": len(decisions)}


async def raise_versions(work: Work, decisions: Sequence[Decision]) -> None:
    """Let refs follow edits that an import made on top of what it had made itself."""
    ids = [decision.task_id for decision in decisions]
    versions = [decision.old["version"] for decision in decisions]
    projects = [decision.project_id for decision in decisions]
    if ids:
        await work.run(_RAISE, projects=projects, ids=ids, versions=versions)


_RAISE = sql(
    """
    UPDATE import_refs SET object_version = object_version + 1
    FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS raised(project_id, id, version)
    WHERE import_refs.project_id = raised.project_id AND import_refs.object_id = raised.id
      AND import_refs.object_version = raised.version AND import_refs.object_type = 'task'
    """,
    "projects", "ids", "versions",
)  # fmt: skip
