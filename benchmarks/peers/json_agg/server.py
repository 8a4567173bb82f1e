"""Hand-tuned SQL behind a plain endpoint of our own framework: the operation's name says which statement is run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.json_agg.statements import BOARD, PAGE, TASK
from benchmarks.peers.serving import database_url, serve

POOL = 10


@asynccontextmanager
async def _connected(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(database_url(), min_size=POOL, max_size=POOL) as pool:
        app.state.pool = pool
        yield


async def _answer(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    given = asked["variables"]
    arguments: tuple[Any, ...] = (given["key"], given["first"])
    statement = {"Board": BOARD, "Page": PAGE, "Task": TASK}[asked["operationName"]]
    if statement is TASK:
        project, _, number = given["key"].partition("-")
        arguments = (project, int(number), given["first"])
    found = await request.app.state.pool.fetchval(statement, *arguments)
    return Response(found.encode(), media_type="application/json")


async def _ready(_: Request) -> Response:
    return Response(b"ready")


app = Starlette(
    routes=[Route("/graphql", _answer, methods=["POST"]), Route("/ready", _ready)], lifespan=_connected
)

if __name__ == "__main__":
    serve(app, as_ours=True)
