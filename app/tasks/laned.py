"""Edits and moves of tasks, as lanes take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.gathering import Gathering
from app.guards import Guard
from app.lanes.commands import Apart, Command, Seen
from app.outcomes import Result
from app.staging import Staged
from app.tasks.actions.edit import update_tasks
from app.tasks.actions.writing import WrittenTask, record_decisions, stage_tasks, written_task
from app.tasks.asking import ask_for_edits, ask_since
from app.tasks.commands import TaskEdit
from app.tasks.decisions import Decision, decide_edit
from app.tasks.events import TASK_RESTORED
from app.tasks.facts import Facts, facts_from, guards_of
from app.work import Work
from app.workflows.facts import Move, asks_more


class TaskRoom:
    """How edits are carried out, many at once."""

    def guards(self, seen: Seen) -> Iterable[Guard]:
        return guards_of(seen)

    def ask(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        ask_for_edits(asked, commands)

    def ask_more(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        ask_since(asked, commands)

    def facts(self, asked: Gathering, commands: Sequence[Seen]) -> dict[UUID, Any]:
        return dict(facts_from(asked, commands))

    def decide(self, edit: TaskEdit, facts: Facts) -> Decision:
        row, status_id = facts.rows[edit.task_id], edit.patch.values.get("status_id")
        if edit.kind is TASK_RESTORED:
            status_id = row.status_id
        # What a transition asks of other tasks is held before it is read.
        if status_id and asks_more([Move(row.project_id, row.id, status_id, row.parent_id)], facts.around):
            raise Apart
        return decide_edit(edit, facts)

    def record(self, work: Work, decision: Decision) -> Result:
        record_decisions(work, [decision])
        return {"items": [{"task_id": str(decision.task_id)}]}

    def left(self, decision: Decision) -> WrittenTask | None:
        # What changed nothing was compared with nothing: others may have changed it since it was read.
        return written_task(decision) if decision.delta else None

    def stage(self, staged: Staged, decisions: Sequence[Decision]) -> None:
        stage_tasks(staged, decisions)


_ROOM = TaskRoom()


@dataclass(frozen=True)
class EditTask(Command):
    """An edit or a move of one task. With a new parent it is carried out alone: all above that are to be read."""

    edit: TaskEdit

    async def __call__(self, work: Work) -> Result:
        return await update_tasks([self.edit])(work)

    @property
    def asked(self) -> TaskEdit:
        return self.edit

    @property
    def room(self) -> TaskRoom | None:
        return None if self.edit.patch.values.get("parent_id") else _ROOM

    @property
    def task_id(self) -> UUID:
        return self.edit.task_id

    @property
    def placing(self) -> UUID | None:
        return self.edit.task_id if self.edit.anchor_id else None

    @property
    def beside(self) -> UUID | None:
        return self.edit.anchor_id
