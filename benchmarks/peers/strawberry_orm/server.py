"""Strawberry on FastAPI with its own router, SQLAlchemy's ORM and DataLoaders, uvicorn: nothing of ours."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from strawberry.fastapi import GraphQLRouter

from benchmarks.peers.serving import database_url, serve
from benchmarks.peers.strawberry_orm.loaders import Loaders
from benchmarks.peers.strawberry_orm.schema import schema

engine = create_async_engine(database_url("postgresql+asyncpg"), pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ["REDIS_URL"])


async def _session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


async def _context(session: Annotated[AsyncSession, Depends(_session)]) -> dict[str, Any]:
    return {"session": session, "loaders": Loaders(session), "redis": redis}


app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=_context, graphql_ide=None), prefix="/graphql")


@app.get("/ready")
async def ready() -> str:
    """That it is up."""
    return "ready"


if __name__ == "__main__":
    serve(app, as_ours=False)
