"""DataLoaders over an ORM session, as a usual application has them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from strawberry.dataloader import DataLoader

from benchmarks.peers.strawberry_orm import models as m

Key = tuple[UUID, UUID]
"""(project, status or task or word of the project)."""
Listed = tuple[UUID, UUID, int]
"""The same, and how many are asked for."""


class Loaders:
    """Of one request; they share its session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._lock = asyncio.Lock()
        self.statuses = DataLoader(load_fn=self._statuses)
        self.status = DataLoader(load_fn=self._by_key(m.Status))
        self.type = DataLoader(load_fn=self._by_key(m.TaskType))
        self.tasks = DataLoader(load_fn=self._tasks)
        self.assignees = DataLoader(load_fn=self._assignees)
        self.labels = DataLoader(load_fn=self._labels)
        self.comment_count = DataLoader(load_fn=self._comment_counts)
        self.comments = DataLoader(load_fn=self._comments)
        self.user = DataLoader(load_fn=self._users)

    async def rows(self, query: Any) -> list[Any]:
        """Run a query: an ORM session takes one at a time."""
        async with self._lock:
            return list(await self._session.scalars(query))

    async def tuples(self, query: Any) -> list[Any]:
        """The same for one of several columns."""
        async with self._lock:
            return list(await self._session.execute(query))

    async def _statuses(self, projects: list[UUID]) -> list[list[m.Status]]:
        query = select(m.Status).where(m.Status.project_id.in_(projects), m.Status.deleted_at.is_(None))
        found = await self.rows(query.order_by(m.Status.rank))
        return _grouped(projects, ((row.project_id, row) for row in found))

    def _by_key(self, model: Any) -> Callable[[list[Key]], Awaitable[list[Any]]]:
        async def load(keys: list[Key]) -> list[Any]:
            found = await self.rows(select(model).where(tuple_(model.project_id, model.id).in_(keys)))
            rows = {(row.project_id, row.id): row for row in found}
            return [rows.get(key) for key in keys]

        return load

    async def _tasks(self, asked: list[Listed]) -> list[list[m.Task]]:
        """Of statuses: the first of each, by rank."""
        keys, first = [(project, status) for project, status, _ in asked], asked[0][2]
        place = func.row_number().over(
            partition_by=(m.Task.project_id, m.Task.status_id), order_by=(m.Task.rank, m.Task.id)
        )
        ranked = (
            select(m.Task, place.label("place"))
            .where(tuple_(m.Task.project_id, m.Task.status_id).in_(keys), m.Task.deleted_at.is_(None))
            .subquery()
        )
        task = aliased(m.Task, ranked)
        found = await self.rows(select(task).where(ranked.c.place <= first).order_by(ranked.c.place))
        return _grouped(keys, (((row.project_id, row.status_id), row) for row in found))

    async def _assignees(self, keys: list[Key]) -> list[list[m.User]]:
        a = m.TaskAssignee
        query = (
            select(a.project_id, a.task_id, m.User)
            .join(m.User, m.User.id == a.user_id)
            .where(tuple_(a.project_id, a.task_id).in_(keys))
        )
        found = await self.tuples(query.order_by(m.User.name))
        return _grouped(keys, (((project, task), user) for project, task, user in found))

    async def _labels(self, keys: list[Key]) -> list[list[m.Label]]:
        o = m.TaskLabel
        query = (
            select(o.task_id, m.Label)
            .join(m.Label, (m.Label.project_id == o.project_id) & (m.Label.id == o.label_id))
            .where(tuple_(o.project_id, o.task_id).in_(keys))
        )
        found = await self.tuples(query.order_by(m.Label.name))
        return _grouped(keys, (((label.project_id, task), label) for task, label in found))

    async def _comment_counts(self, keys: list[Key]) -> list[int]:
        c = m.Comment
        query = select(c.project_id, c.task_id, func.count()).where(
            tuple_(c.project_id, c.task_id).in_(keys), c.deleted_at.is_(None)
        )
        found = await self.tuples(query.group_by(c.project_id, c.task_id))
        counts = {(project, task): count for project, task, count in found}
        return [counts.get(key, 0) for key in keys]

    async def _comments(self, asked: list[Listed]) -> list[list[m.Comment]]:
        """The first of each task: one task is asked about here, so one plain query."""
        lists = []
        for project, task, first in asked:
            query = select(m.Comment).where(m.Comment.project_id == project, m.Comment.task_id == task)
            found = await self.rows(query.order_by(m.Comment.created_at, m.Comment.id).limit(first))
            lists.append(found)
        return lists

    async def _users(self, ids: list[UUID]) -> list[m.User | None]:
        found = await self.rows(select(m.User).where(m.User.id.in_(ids)))
        users = {user.id: user for user in found}
        return [users.get(one) for one in ids]


def _grouped(keys: list[Any], pairs: Iterable[tuple[Any, Any]]) -> list[list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return [groups[key] for key in keys]
