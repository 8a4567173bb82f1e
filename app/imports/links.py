"""The last pass: links, and parents that come later in the file than their children. Cycles stay, flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.errors import CycleRefused, Refusal
from app.ids import new_id
from app.imports.batches import Names, Refs, import_guard
from app.imports.cycles import cyclic_edges
from app.imports.models import ImportRef
from app.imports.reads import (
    LINK,
    PARENT_OF,
    TASK,
    Key,
    blocks_of_project,
    kept_id,
    links_there,
    refs_by_key,
)
from app.imports.records import Record, SourceLink
from app.imports.reports import Note, Outcome
from app.imports.surveys import Plan
from app.imports.updates import raise_versions, set_refs
from app.links.actions import blocks_guard, write_new_links
from app.links.models import Link
from app.links.rules import BLOCKS, SYMMETRIC
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import check_permission
from app.projects.actions.vocabulary import vocabulary_guard
from app.tasks.actions.writing import write_decisions
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import Decision, decide_edit
from app.tasks.facts import facts_for_edits, hierarchy_guard
from app.tasks.holding import Held, hold_tasks
from app.tasks.reads import locate_tasks
from app.work import Action, Work
from app.writes import Values, insert_rows


def link_keys(records: Sequence[Record], plan: Plan) -> list[Key]:
    """What refs tell whether a batch has links or parents to set."""
    return [
        (PARENT_OF, record.external_id) if plan.is_parent(link) else (LINK, link.key)
        for record in records
        for link in record.links
    ]


def links_due(record: Record, plan: Plan, refs: Refs) -> bool:
    """Whether a link or the parent of a record is not there yet."""
    for link in record.links:
        if not plan.is_parent(link):
            if (LINK, link.key) not in refs:
                return True
        elif (known := refs.get((PARENT_OF, record.external_id))) is None or known.fingerprint[
            "parent"
        ] != link.target:
            return True
    return False


@dataclass
class _Batch:
    """What the steps of one unit share."""

    project_id: UUID
    source: str
    plan: Plan
    names: Names
    notes: list[Note]
    tasks: Refs = field(default_factory=dict)
    refs: Refs = field(default_factory=dict)
    held: Held | None = None

    def task_id(self, name: str) -> UUID | None:
        ref = self.tasks.get((TASK, name))
        return None if ref is None else ref.object_id

    def alive(self, name: str) -> bool:
        """Whether the issue's task is there, seen and not deleted."""
        task_id = self.task_id(name)
        task = self.held.tasks.get(task_id) if self.held is not None and task_id is not None else None
        return task is not None and task.deleted_at is None

    def note(self, outcome: Outcome, record: Record, link: SourceLink, why: str) -> None:
        what = f"dependency {link.kind} {link.far_end}"
        self.notes.append(Note(outcome, record.line, record.external_id, what, why))


def import_links(
    project_id: UUID, workspace_id: UUID, source: str, records: Sequence[Record], plan: Plan, names: Names,
    notes: list[Note],
) -> Action:  # fmt: skip
    """Set the links and the remaining parents of a batch whose tasks are all there."""

    async def action(work: Work) -> Result:
        notes.clear()
        work.batch_id = new_id()
        batch = _Batch(project_id, source, plan, names, notes)
        ends = {end for record in records for link in record.links for end in (link.source, link.target)}
        batch.tasks = await refs_by_key(work, project_id, source, [(TASK, end) for end in sorted(ends)])
        places = await locate_tasks(work, work.viewer_id, [ref.object_id for ref in batch.tasks.values()])
        rules = [import_guard(project_id), hierarchy_guard(project_id), vocabulary_guard(project_id)]
        batch.held = await hold_tasks(work, places, *rules, blocks_guard(workspace_id))
        if project_id in batch.held.projects:
            check_permission(batch.held.projects[project_id], Permission.IMPORT)
        batch.refs = await refs_by_key(work, project_id, source, link_keys(records, plan))
        parents, refused = await _set_parents(work, batch, records)
        added = await _add_links(work, batch, records, refused)
        return {"parents": parents, "links": added}

    return action


async def _set_parents(work: Work, batch: _Batch, records: Sequence[Record]) -> tuple[int, dict[str, bool]]:
    """Set parents that are not set; says which were refused (by link key), and whether for a cycle."""
    wanted = [
        (record, link)
        for record in records
        for link in record.links
        if batch.plan.is_parent(link) and links_due(_only(record, link), batch.plan, batch.refs)
    ]
    edits: list[tuple[Record, SourceLink, TaskEdit]] = []
    for record, link in wanted:
        edit = _parent_edit(batch, record, link)
        if edit is not None:
            edits.append((record, link, edit))
    if not edits:
        return 0, {}
    facts = await facts_for_edits(work, [edit for _, _, edit in edits])
    decisions: list[Decision] = []
    refused: dict[str, bool] = {}
    rows: list[Values] = []
    for record, link, edit in edits:
        try:
            decision = decide_edit(edit, facts)
        except Refusal as refusal:
            batch.note(
                Outcome.CHANGED, record, link, f"a link and not the parent, because: {refusal.message}"
            )
            refused[link.key] = isinstance(refusal, CycleRefused)
            continue
        if decision.delta:
            decisions.append(decision)
            rows.append(_row(batch, PARENT_OF, record.external_id, edit.task_id, {"parent": link.target}))
    await write_decisions(work, decisions)
    await raise_versions(work, decisions)
    there = {kept_id(name) for kind, name in batch.refs if kind == PARENT_OF}
    known = [row for row in rows if row["external_id"] in there]
    await set_refs(work, known)
    await insert_rows(work, ImportRef, [row for row in rows if row not in known])
    return len(decisions), refused


def _only(record: Record, link: SourceLink) -> Record:
    """The record with this link alone."""
    alone = Record(record.line, record.external_id, "", "", "", record.created_at, record.updated_at)
    alone.links = [link]
    return alone


def _parent_edit(batch: _Batch, record: Record, link: SourceLink) -> TaskEdit | None:
    child_id, parent_id = batch.task_id(link.source), batch.task_id(link.target)
    if child_id is None or parent_id is None or not batch.alive(link.source):
        batch.note(
            Outcome.IN_CONFLICT, record, link, "an end of it was deleted here, or has left the project"
        )
        return None
    assert batch.held is not None
    task = batch.held.tasks[child_id]
    known = batch.refs.get((PARENT_OF, record.external_id))
    before = batch.task_id(known.fingerprint["parent"]) if known is not None else None
    if task.parent_id == parent_id:
        return None
    if task.parent_id != before:
        batch.note(
            Outcome.IN_CONFLICT,
            record,
            link,
            "its parent was changed here since the last import, and stays so",
        )
        return None
    # Setting it is a part of making the task: the time of its last change stays the file's.
    patch = TaskPatch(values={"parent_id": parent_id})
    return TaskEdit(child_id, task.version, patch, occurred_at=max(record.updated_at, task.updated_at))


async def _add_links(work: Work, batch: _Batch, records: Sequence[Record], refused: dict[str, bool]) -> int:
    wanted: dict[str, tuple[Record, SourceLink]] = {}
    for record in records:
        for link in record.links:
            is_link = not batch.plan.is_parent(link) or link.key in refused
            if is_link and (LINK, link.key) not in batch.refs and link.key not in wanted:
                if batch.alive(link.source) and batch.alive(link.target):
                    wanted[link.key] = record, link
                else:
                    batch.note(
                        Outcome.IN_CONFLICT, record, link, "an end of it was deleted here, or cannot be seen"
                    )
    made = {key: _link(work, batch, record, link) for key, (record, link) in wanted.items()}
    taken = await links_there(work, [way for link in made.values() for way in _ways(link)])
    new = {key: link for key, link in made.items() if not any(way in taken for way in _ways(link))}
    await _flag(work, batch, new, refused)
    await write_new_links(work, list(new.values()))
    await insert_rows(work, ImportRef, [_row(batch, LINK, key, link.id, {}) for key, link in new.items()])
    return len(new)


def _ways(link: Link) -> list[tuple[UUID, UUID, str]]:
    """The link, and where it says the same in both directions its reverse: one of them is enough."""
    there = (link.source_task_id, link.target_task_id, link.kind)
    return [there, (there[1], there[0], link.kind)] if link.kind in SYMMETRIC else [there]


def _link(work: Work, batch: _Batch, record: Record, link: SourceLink) -> Link:
    assert batch.held is not None
    source, target = (
        batch.held.tasks[batch.tasks[TASK, end].object_id] for end in (link.source, link.target)
    )
    return Link(
        id=new_id(), kind=link.kind, source_project_id=source.project_id, source_task_id=source.id,
        target_project_id=target.project_id, target_task_id=target.id, creator_id=batch.names.person(link.creator),
        cyclic=(link.source, link.kind, link.target) in batch.plan.cyclic,
        created_at=link.created_at or record.created_at,
    )  # fmt: skip


async def _flag(work: Work, batch: _Batch, links: dict[str, Link], refused: dict[str, bool]) -> None:
    """Flag links that close a cycle with others that were here before."""
    for key, closes in refused.items():
        if key in links and closes:
            links[key].cyclic = True
    blocks = {
        (link.source_task_id, link.target_task_id): link for link in links.values() if link.kind == BLOCKS
    }
    if not blocks:
        return
    for edge in cyclic_edges([*await blocks_of_project(work, batch.project_id), *blocks]):
        if edge in blocks:
            blocks[edge].cyclic = True


def _row(
    batch: _Batch, object_type: str, external_id: str, object_id: UUID, fingerprint: dict[str, Any]
) -> Values:
    return {
        "project_id": batch.project_id, "source": batch.source, "object_type": object_type,
        "external_id": kept_id(external_id), "object_id": object_id, "object_version": 1, "fingerprint": fingerprint,
    }  # fmt: skip
