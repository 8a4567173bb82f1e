"""Ariadne under Starlette, with the models and DataLoaders of stock Strawberry: schema first, resolvers by field."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ariadne import ObjectType, QueryType, make_executable_schema
from ariadne.asgi import GraphQL
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.serving import database_url, serve
from benchmarks.peers.strawberry_orm import models as m
from benchmarks.peers.strawberry_orm.loaders import Loaders

SCHEMA = (Path(__file__).parents[1] / "common" / "schema.graphql").read_text()
engine = create_async_engine(database_url("postgresql+asyncpg"), pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)

query, project, status = QueryType(), ObjectType("Project"), ObjectType("Status")
task, comment, user = ObjectType("Task"), ObjectType("Comment"), ObjectType("User")


def _loaders(info: Any) -> Loaders:
    loaders: Loaders = info.context["loaders"]
    return loaders


def _key(row: Any, column: str = "id") -> tuple[Any, Any]:
    return row.project_id, getattr(row, column)


@query.field("project")
async def _project(_: Any, info: Any, key: str) -> Any:
    info.context["key"] = key
    found = await _loaders(info).rows(select(m.Project).where(m.Project.key == key))
    return found[0] if found else None


@query.field("task")
async def _task(_: Any, info: Any, key: str) -> Any:
    info.context["key"], _dash, number = key.partition("-")
    asked = select(m.Task).join(m.Project, m.Project.id == m.Task.project_id)
    found = await _loaders(info).rows(
        asked.where(
            m.Project.key == info.context["key"], m.Task.number == int(number), m.Task.deleted_at.is_(None)
        )
    )
    return found[0] if found else None


@project.field("statuses")
async def _statuses(row: Any, info: Any) -> Any:
    return await _loaders(info).statuses.load(row.id)


@project.field("tasks")
async def _page(row: Any, info: Any, first: int) -> Any:
    asked = select(m.Task).where(m.Task.project_id == row.id, m.Task.deleted_at.is_(None))
    rows = await _loaders(info).rows(asked.order_by(m.Task.created_at, m.Task.id).limit(first + 1))
    edges = [{"cursor": _cursor(one), "node": one} for one in rows[:first]]
    return {
        "edges": edges,
        "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": edges[-1]["cursor"] if edges else None},
    }


def _cursor(row: Any) -> str:
    return base64.b64encode(f"{row.created_at.isoformat()}|{row.id}".encode()).decode()


@status.field("tasks")
async def _tasks(row: Any, info: Any, first: int) -> Any:
    return {"nodes": await _loaders(info).tasks.load((*_key(row), first))}


@task.field("status")
async def _status(row: Any, info: Any) -> Any:
    return await _loaders(info).status.load(_key(row, "status_id"))


@task.field("type")
async def _type(row: Any, info: Any) -> Any:
    return await _loaders(info).type.load(_key(row, "type_id"))


@task.field("assignees")
async def _assignees(row: Any, info: Any) -> Any:
    return await _loaders(info).assignees.load(_key(row))


@task.field("labels")
async def _labels(row: Any, info: Any) -> Any:
    return await _loaders(info).labels.load(_key(row))


@task.field("commentCount")
async def _comment_count(row: Any, info: Any) -> Any:
    return await _loaders(info).comment_count.load(_key(row))


@task.field("comments")
async def _comments(row: Any, info: Any, first: int) -> Any:
    return {"nodes": await _loaders(info).comments.load((*_key(row), first))}


@comment.field("author")
async def _author(row: Any, info: Any) -> Any:
    return await _loaders(info).user.load(row.author_id) if row.author_id else None


for made, names in (
    (task, {"dueDate": "due_date", "createdAt": "created_at", "updatedAt": "updated_at"}),
    (comment, {"createdAt": "created_at"}),
):
    for name, column in names.items():
        made.set_field(name, lambda row, _info, column=column: _iso(getattr(row, column)))
user.set_alias("avatarUrl", "avatar_url")
task.set_field("key", lambda row, info: f"{info.context['key']}-{row.number}")
task.set_field("description", lambda row, _info: row.sections.get("description", ""))
status.set_field("category", lambda row, _info: row.category.upper())


def _iso(value: Any) -> str | None:
    return str(value.isoformat()) if value else None


schema = make_executable_schema(SCHEMA, query, project, status, task, comment, user)


class _Sessions:
    """A session and its loaders for each request."""

    def __init__(self, served: Any) -> None:
        self._served = served

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with sessions() as session:
            scope["loaders"] = Loaders(session)
            await self._served(scope, receive, send)


def _context(request: Any, _data: Any) -> dict[str, Any]:
    return {"request": request, "loaders": request.scope["loaders"]}


async def _ready(_: Request) -> Response:
    return Response(b"ready")


graphql = GraphQL(schema, context_value=_context, introspection=False)
app = Starlette(routes=[Route("/ready", _ready), Route("/graphql", _Sessions(graphql))])

if __name__ == "__main__":
    serve(app, as_ours=False)
