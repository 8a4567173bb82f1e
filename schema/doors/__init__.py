"""The doors: where clients come in. `graphql_routes` mounts them at one address."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.limits.limiter import Limits
from schema.doors.http import GraphiQLPage, HTTPDoor
from schema.doors.limits import DoorLimits
from schema.doors.origins import Origins
from schema.doors.places import Places
from schema.doors.protocol import request_protocol
from schema.doors.websocket import WebSocketDoor
from schema.doors.wire import SocketProtocol
from schema.execution import GraphQLService
from schema.graphiql import graphiql_page

__all__ = ["DoorLimits", "HTTPDoor", "Origins", "WebSocketDoor", "graphql_routes", "server_options"]


def graphql_routes(
    service: GraphQLService,
    path: str = "/graphql",
    *,
    limits: DoorLimits | None = None,
    graphiql: GraphiQLPage | None = graphiql_page,
    origins: Origins | None = None,
    rates: Limits | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> list[BaseRoute]:
    """Routes for HTTP and WebSocket at `path`; with `graphiql` None, browsers get no page, and with `rates` None
    nobody is charged. Answers carry `headers` unless they say otherwise.

    Serve them with uvicorn and `server_options`: its shutdown closes sockets with 1012 ("service restart"),
    upon which clients reconnect, ends streams, and waits for requests and mutations under way.
    """
    limits = limits or DoorLimits()
    origins = origins or Origins()
    places = Places(limits, rates)
    return [
        Route(path, HTTPDoor(service, limits, graphiql, origins, places, headers)),
        WebSocketRoute(path, WebSocketDoor(service, limits, origins, places)),
    ]


def server_options(limits: DoorLimits | None = None, drain_seconds: float = 10) -> dict[str, Any]:
    """What `uvicorn.Config` must be told for the doors to keep their promises.

    `drain_seconds`: how long a stopping server waits for what is under way, rounded up to whole seconds.
    """
    limits = limits or DoorLimits()
    return {
        "http": request_protocol(limits),
        # Whom a proxy spoke for is ours to find out (`schema.doors.places`).
        "proxy_headers": False,
        "ws": SocketProtocol,
        "ws_max_size": limits.body_bytes,
        # Doubles the memory of a socket, and costs more time than it saves on small frames.
        "ws_per_message_deflate": False,
        "timeout_graceful_shutdown": ceil(drain_seconds),
    }
