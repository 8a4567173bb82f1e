"""The least that our own framework can do: an endpoint that answers `hello`, served with our own process settings."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.serving import serve


async def _hello(request: Request) -> Response:
    await request.body()
    return Response(b'{"data":{"hello":"world"}}', media_type="application/json")


async def _ready(_: Request) -> Response:
    return Response(b"ready")


app = Starlette(routes=[Route("/graphql", _hello, methods=["GET", "POST"]), Route("/ready", _ready)])

if __name__ == "__main__":
    serve(app, as_ours=True)
