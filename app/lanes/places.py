"""Where tasks are, for whoever asks: questions that come while others are being answered are answered together.

An answer is remembered. It decides nothing: who may see the task, and whether it is there, is read under the guards of
the batch that it leads to; if it is not there any more, the batch fails, and its commands are carried out alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from uuid import UUID

from app.db import Database
from app.keys import as_text
from app.lanes.commands import Place
from app.statements import Statement, sql

ASKED_AT_ONCE = 512
MOST_KNOWN = 20_000
"""Places that are remembered, some 300 bytes each; those that nobody asks for leave first."""

_PLACES: Statement[Place] = sql(
    "SELECT user_id, task_id, project_id, workspace_id FROM task_places($1::text::uuid[], $2::text::uuid[])",
    "people",
    "tasks",
)

Question = tuple[UUID, UUID]
"""(who asks, task)"""


class Places:
    """Finds the projects of tasks. What somebody may not see is nowhere, and takes as long to be found there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[Question, list[asyncio.Future[Place | None]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._known: OrderedDict[Question, Place] = OrderedDict()

    def forget(self, question: Question) -> None:
        """Ask again next time."""
        self._known.pop(question, None)

    async def find(self, viewer_id: UUID, task_id: UUID) -> Place | None:
        """Where a task is, if this person may see it. Raises what the database raises."""
        question = (viewer_id, task_id)
        known = self._known.get(question)
        if known is not None:
            self._known.move_to_end(question)
            return known
        answer: asyncio.Future[Place | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(question, []).append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def close(self) -> None:
        """Wait for what is being looked up; the database's statements have an end."""
        if self._asking is not None:
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked = dict(list(self._waiting.items())[:ASKED_AT_ONCE])
                for question in asked:
                    del self._waiting[question]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: dict[Question, list[asyncio.Future[Place | None]]]) -> None:
        waiting = [answer for answers in asked.values() for answer in answers]
        try:
            people, tasks = (as_text(column) for column in zip(*asked, strict=True))
            rows = await self._database.glance(_PLACES, people=people, tasks=tasks)
        except Exception as failure:  # noqa: BLE001 (whoever asked is told)
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(failure)
            return
        found = {(row[0], row[1]): Place(row[2], row[3]) for row in rows}  # type: ignore[misc]
        self._known.update(found)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        for question, answers in asked.items():
            for answer in answers:
                if not answer.done():  # its asker may have gone away
                    answer.set_result(found.get(question))
