"""Where tasks are, for whoever asks: questions that come while others are being answered are answered together.

An answer is remembered. It decides nothing: who may see the task, and whether it is there, is read under the guards of
the batch that it leads to; if it is not there any more, the batch fails, and its commands are carried out alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from typing import Any
from uuid import UUID

import structlog

from app.db import Database
from app.keys import as_text
from app.lanes.commands import Place
from app.statements import Statement, sql

log = structlog.get_logger(__name__)

ASKED_AT_ONCE = 512
MOST_KNOWN = 100_000
"""Tasks whose places are remembered, some 150 bytes each; those that were found first leave first."""

MOST_SEEN = 20_000
"""People in projects of which it is remembered that they see them."""

BUSY, MOST_OF_ONE = 16, 5_000
"""Of a project of which so many tasks were asked for one by one, so many of those last edited are looked up at once."""

_PLACES: Statement[Place] = sql(
    "SELECT user_id, task_id, project_id, workspace_id FROM task_places($1::text::uuid[], $2::text::uuid[])",
    "people", "tasks",
)  # fmt: skip
_LAST_EDITED: Statement[Any] = sql(
    "SELECT id FROM tasks WHERE project_id = $1 ORDER BY updated_at DESC, id DESC LIMIT $2", "project", "most"
)

Question = tuple[UUID, UUID]
"""(who asks, task)"""

Answer = asyncio.Future[Place | None]


class Places:
    """Finds the projects of tasks. What somebody may not see is nowhere, and takes as long to be found there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[Question, list[Answer]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._known: OrderedDict[UUID, Place] = OrderedDict()
        self._seen: set[tuple[UUID, UUID]] = set()
        """(person, project): without it what is known of a task is not told."""
        self._asked_of: Counter[UUID] = Counter()
        self._looking: set[asyncio.Task[None]] = set()

    def forget(self, question: Question) -> None:
        """Ask again next time."""
        viewer_id, task_id = question
        place = self._known.pop(task_id, None)
        if place is not None:
            self._seen.discard((viewer_id, place.project_id))

    async def find(self, viewer_id: UUID, task_id: UUID) -> Place | None:
        """Where a task is, if this person may see it. Raises what the database raises."""
        known = self._known.get(task_id)
        if known is not None and (viewer_id, known.project_id) in self._seen:
            return known
        answer: Answer = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((viewer_id, task_id), []).append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def close(self) -> None:
        """Wait for what is being looked up; the database's statements have an end."""
        under_way = [*self._looking, *([self._asking] if self._asking else ())]
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked = dict(list(self._waiting.items())[:ASKED_AT_ONCE])
                for question in asked:
                    del self._waiting[question]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: dict[Question, list[Answer]]) -> None:
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
        for (viewer_id, task_id), place in found.items():
            self._remember(viewer_id, task_id, place)
        for question, answers in asked.items():
            for answer in answers:
                if not answer.done():  # its asker may have gone away
                    answer.set_result(found.get(question))

    def _remember(self, viewer_id: UUID, task_id: UUID, place: Place) -> None:
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add((viewer_id, place.project_id))
        self._keep(task_id, place)
        self._asked_of[place.project_id] += 1
        if self._asked_of[place.project_id] == BUSY:
            looking = asyncio.create_task(self._look(viewer_id, place))
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)
        elif self._asked_of[place.project_id] > MOST_OF_ONE:
            del self._asked_of[place.project_id]  # many have come since, or have left

    def _keep(self, task_id: UUID, place: Place) -> None:
        self._known[task_id] = place
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    async def _look(self, viewer_id: UUID, place: Place) -> None:
        """Where many edit, the next one is likely to be of a task beside: nobody waits for this."""
        try:
            async with self._database.snapshot(viewer_id) as reader:
                rows = await reader.rows(_LAST_EDITED, project=place.project_id, most=MOST_OF_ONE)
        except Exception as failure:  # noqa: BLE001 (each is asked for when it is needed)
            log.debug("places_not_looked_up", error=type(failure).__name__)
            return
        for row in rows:
            self._keep(row[0], place)
