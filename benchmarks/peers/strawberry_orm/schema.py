"""The schema as Strawberry's documentation would write it: types with resolvers, a DataLoader for each edge."""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import Any

import strawberry
from sqlalchemy import select
from strawberry import ID, Info

from benchmarks.peers.strawberry_orm import models as m
from benchmarks.peers.strawberry_orm.updating import update_task


def _key(row: Any, column: str = "id") -> tuple[Any, Any]:
    return row.project_id, getattr(row, column)


@strawberry.type
class User:
    """A person."""

    id: ID
    name: str
    avatar_url: str | None

    @classmethod
    def of(cls, row: m.User) -> User:
        """Of a row."""
        return cls(id=ID(str(row.id)), name=row.name, avatar_url=row.avatar_url)


@strawberry.type
class Label:
    """A label."""

    id: ID
    name: str
    color: str


@strawberry.type
class TaskType:
    """A kind of task."""

    id: ID
    name: str


@strawberry.type
class Comment:
    """A comment."""

    id: ID
    body: str
    created_at: datetime
    author_id: strawberry.Private[Any]

    @strawberry.field
    async def author(self, info: Info) -> User | None:
        """Who wrote it."""
        found = await info.context["loaders"].user.load(self.author_id) if self.author_id else None
        return User.of(found) if found else None


@strawberry.type
class CommentList:
    """Comments."""

    nodes: list[Comment]


@strawberry.type
class Status:
    """A column of a board."""

    id: ID
    name: str
    category: str
    row: strawberry.Private[Any]

    @classmethod
    def of(cls, row: m.Status) -> Status:
        """Of a row."""
        return cls(id=ID(str(row.id)), name=row.name, category=row.category.upper(), row=row)

    @strawberry.field
    async def tasks(self, info: Info, first: int) -> StatusTasks:
        """Its first tasks."""
        rows = await info.context["loaders"].tasks.load((*_key(self.row), first))
        return StatusTasks(nodes=[Task.of(row, info.context["key"]) for row in rows])


@strawberry.type
class Task:
    """A task."""

    id: ID
    key: str
    title: str
    description: str
    priority: int
    due_date: date | None
    estimate: float | None
    rank: str
    version: int
    created_at: datetime
    updated_at: datetime
    row: strawberry.Private[Any]

    @classmethod
    def of(cls, row: m.Task, key: str) -> Task:
        """Of a row; `key` is its project's."""
        return cls(
            id=ID(str(row.id)), key=f"{key}-{row.number}", title=row.title, priority=row.priority,
            description=row.sections.get("description", ""), due_date=row.due_date, estimate=row.estimate,
            rank=row.rank, version=row.version, created_at=row.created_at, updated_at=row.updated_at, row=row,
        )  # fmt: skip

    @strawberry.field
    async def status(self, info: Info) -> Status:
        """Where it stands."""
        return Status.of(await info.context["loaders"].status.load(_key(self.row, "status_id")))

    @strawberry.field
    async def type(self, info: Info) -> TaskType:
        """What kind it is."""
        row = await info.context["loaders"].type.load(_key(self.row, "type_id"))
        return TaskType(id=ID(str(row.id)), name=row.name)

    @strawberry.field
    async def assignees(self, info: Info) -> list[User]:
        """Who it is assigned to."""
        return [User.of(row) for row in await info.context["loaders"].assignees.load(_key(self.row))]

    @strawberry.field
    async def labels(self, info: Info) -> list[Label]:
        """Its labels."""
        rows = await info.context["loaders"].labels.load(_key(self.row))
        return [Label(id=ID(str(row.id)), name=row.name, color=row.color) for row in rows]

    @strawberry.field
    async def comment_count(self, info: Info) -> int:
        """How many comments it has."""
        count: int = await info.context["loaders"].comment_count.load(_key(self.row))
        return count

    @strawberry.field
    async def comments(self, info: Info, first: int) -> CommentList:
        """Its first comments."""
        rows = await info.context["loaders"].comments.load((*_key(self.row), first))
        made = [
            Comment(id=ID(str(row.id)), body=row.body, created_at=row.created_at, author_id=row.author_id)
            for row in rows
        ]
        return CommentList(nodes=made)


@strawberry.type
class StatusTasks:
    """Tasks of a status."""

    nodes: list[Task]


@strawberry.type
class PageInfo:
    """Where a page stands."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class TaskEdge:
    """A task in a page."""

    cursor: str
    node: Task


@strawberry.type
class TaskConnection:
    """A page of tasks."""

    edges: list[TaskEdge]
    page_info: PageInfo


@strawberry.type
class Project:
    """A project."""

    id: ID
    key: str
    name: str
    row: strawberry.Private[Any]

    @strawberry.field
    async def statuses(self, info: Info) -> list[Status]:
        """Its columns."""
        return [Status.of(row) for row in await info.context["loaders"].statuses.load(self.row.id)]

    @strawberry.field
    async def tasks(self, info: Info, first: int) -> TaskConnection:
        """Its first tasks."""
        query = select(m.Task).where(m.Task.project_id == self.row.id, m.Task.deleted_at.is_(None))
        query = query.order_by(m.Task.created_at, m.Task.id).limit(first + 1)
        rows = await info.context["loaders"].rows(query)
        edges = [TaskEdge(cursor=_cursor(row), node=Task.of(row, self.key)) for row in rows[:first]]
        end = edges[-1].cursor if edges else None
        return TaskConnection(
            edges=edges, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end)
        )


def _cursor(row: m.Task) -> str:
    return base64.b64encode(f"{row.created_at.isoformat()}|{row.id}".encode()).decode()


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    async def project(self, info: Info, key: str) -> Project | None:
        """A project by its key."""
        info.context["key"] = key
        row = await info.context["session"].scalar(select(m.Project).where(m.Project.key == key))
        return Project(id=ID(str(row.id)), key=row.key, name=row.name, row=row) if row else None

    @strawberry.field
    async def task(self, info: Info, key: str) -> Task | None:
        """A task by its key."""
        project, _, number = key.partition("-")
        query = select(m.Task).join(m.Project, m.Project.id == m.Task.project_id)
        row = await info.context["session"].scalar(
            query.where(m.Project.key == project, m.Task.number == int(number), m.Task.deleted_at.is_(None))
        )
        return Task.of(row, project) if row else None


@strawberry.input
class TaskPatch:
    """What to change."""

    title: str


@strawberry.input
class TaskUpdateInput:
    """What `taskUpdate` takes."""

    id: ID
    expected_version: int
    patch: TaskPatch


@strawberry.type
class UpdatedTask:
    """A task after its update."""

    version: int


@strawberry.type
class TaskUpdatePayload:
    """What `taskUpdate` answers; no task: it had another version."""

    task: UpdatedTask | None


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    async def task_update(self, info: Info, input: TaskUpdateInput) -> TaskUpdatePayload:
        """Change a task that still has the expected version."""
        version = await update_task(info.context, str(input.id), input.expected_version, input.patch.title)
        return TaskUpdatePayload(task=UpdatedTask(version=version) if version else None)


schema = strawberry.Schema(Query, Mutation)
