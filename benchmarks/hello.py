"""The least that the same framework can do: an endpoint that answers `hello` (served as the product is)."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.doors import server_options


async def _hello(request: Request) -> Response:
    await request.body()
    return Response(b'{"hello":"world"}', media_type="application/json")


app = Starlette(routes=[Route("/graphql", _hello, methods=["GET", "POST"])])

if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", access_log=False, log_level="error", **server_options()
    )
