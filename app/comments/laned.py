"""New comments, as lanes take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.comments.actions import (
    Addition,
    WrittenComment,
    add_comments,
    decide_addition,
    record_new,
    stage_new,
)
from app.comments.commands import NewComment
from app.comments.facts import Facts, ask_for_new, facts_from
from app.gathering import Gathering
from app.guards import Guard
from app.lanes.commands import Command, Seen
from app.outcomes import Result
from app.staging import Staged
from app.work import Work
from app.workspaces.access import access_guard


class CommentRoom:
    """How comments are added, many at once."""

    def guards(self, seen: Seen) -> Iterable[Guard]:
        return [access_guard(seen.workspace_id)]

    def ask(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        ask_for_new(asked, commands)

    def ask_more(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        """Nothing."""

    def facts(self, asked: Gathering, commands: Sequence[Seen]) -> dict[UUID, Any]:
        return dict(facts_from(asked, commands))

    def decide(self, comment: NewComment, facts: Facts) -> Addition:
        return decide_addition(comment, facts)

    def record(self, work: Work, decision: Addition) -> Result:
        record_new(work, [decision])
        return {"comment_ids": [decision.state["id"]]}

    def left(self, decision: Addition) -> WrittenComment:
        return WrittenComment(decision.project_id, decision.state)

    def stage(self, staged: Staged, decisions: Sequence[Addition]) -> None:
        stage_new(staged, decisions)


_ROOM = CommentRoom()


@dataclass(frozen=True)
class AddComment(Command):
    """A comment on a task."""

    comment: NewComment

    async def __call__(self, work: Work) -> Result:
        return await add_comments([self.comment])(work)

    @property
    def asked(self) -> NewComment:
        return self.comment

    @property
    def room(self) -> CommentRoom:
        return _ROOM

    @property
    def task_id(self) -> UUID:
        return self.comment.task_id

    @property
    def placing(self) -> None:
        return None

    @property
    def beside(self) -> None:
        return None
