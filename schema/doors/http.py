"""The HTTP door: queries and mutations by POST, queries by GET, and GraphiQL for browsers.

Source: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/). Where the draft and the server
audit of the npm package `graphql-http` differ (the newest draft has 422 and 294 in places), we send the codes
of the audit, which the clients in use know. Status codes:

| what | `application/graphql-response+json`, or no type named | `application/json` called by its name |
|---|---|---|
| executed, with or without field errors | 200 | 200 |
| does not parse or validate, operation unknown, bad variables | 400, no `data` entry | 200, no `data` |
| not JSON, or not a request | 400, no `data` entry | 400, no `data` |
| 401, 403, 405, 406, 408, 413, 415, 429, 500 | so | so |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import ClientError
from schema.answers import (
    BAD_USER_INPUT,
    INTERNAL,
    OPERATION_UNKNOWN,
    PARSE_FAILED,
    VALIDATION_FAILED,
    Answer,
    encode,
    failure,
)
from schema.doors.body import read_body, read_query_string
from schema.doors.identity import bearer_token, request_id
from schema.doors.limits import DoorLimits
from schema.doors.negotiation import GRAPHQL_RESPONSE, JSON, preferences, wants_page
from schema.execution import GraphQLService
from schema.requests import BadRequest

GraphiQLPage = Callable[[Any, HTTPConnection], Response]

STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "REQUEST_TIMEOUT": 408,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    INTERNAL: 500,
}
# Old clients read the body only of a 200, and name `application/json` alone.
FORGIVEN = {PARSE_FAILED, VALIDATION_FAILED, OPERATION_UNKNOWN, BAD_USER_INPUT}


class MethodNotAllowed(ClientError):
    """The address, or the operation, is not served by this method."""

    def __init__(self, message: str, allow: str) -> None:
        super().__init__("METHOD_NOT_ALLOWED", message)
        self.allow = allow


class HTTPDoor:
    """The ASGI application of the GraphQL address. `graphiql` makes the page for browsers, if any."""

    def __init__(self, service: GraphQLService, limits: DoorLimits, graphiql: GraphiQLPage | None) -> None:
        self._service = service
        self._limits = limits
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; its id goes into every log line meanwhile, and out with the answer."""
        request = Request(scope, receive)
        name = request_id(request.headers.get("x-request-id"))
        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                response = await self._respond(request, name)
            except ClientDisconnect:
                return
            response.headers["X-Request-ID"] = name
            await response(scope, receive, send)

    async def _respond(self, request: Request, name: str) -> Response:
        accept = request.headers.get("accept")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": "GET, POST"})
        if self._graphiql is not None and request.method in ("GET", "HEAD") and wants_page(accept):
            return self._graphiql(self._service.application, request)
        content_type, forgiving = JSON, False
        headers: dict[str, str] = {}
        try:
            content_type, forgiving = negotiate(accept)
            answer = await self._answer(request, name)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            answer = failure(error, name)
            if isinstance(error, MethodNotAllowed):
                headers["Allow"] = error.allow
        status = status_of(answer, forgiving=forgiving)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(
            encode(answer, name),
            status,
            {
                "Content-Type": f"{content_type}; charset=utf-8",
                "Cache-Control": "no-store",
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
                **headers,
            },
        )

    async def _answer(self, request: Request, name: str) -> Answer:
        by_get = request.method in ("GET", "HEAD")
        if not by_get and request.method != "POST":
            raise MethodNotAllowed("Send GraphQL requests by POST, or queries by GET.", "GET, POST")
        token = bearer_token(request.headers.get("authorization"))
        session = await self._service.sign_in(token, name, "http")
        if by_get:
            graphql_request = read_query_string(request.scope["query_string"])
        else:
            graphql_request = await read_body(request, self._limits)
        prepared = self._service.prepare(graphql_request)
        if by_get and prepared.kind is OperationType.MUTATION:
            raise MethodNotAllowed("Mutations are sent by POST.", "POST")
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise BadRequest("Subscriptions are served here over WebSocket (graphql-transport-ws).")
        return await self._service.execute(prepared, session)


def negotiate(accept: str | None) -> tuple[str, bool]:
    """The media type of the answer, and whether the client is one that wants 200 for request errors.

    Raises a `ClientError` of code NOT_ACCEPTABLE.
    """
    # RFC 9110: no header, or an empty one, accepts anything.
    wanted = preferences(accept or "*/*", (JSON, GRAPHQL_RESPONSE))
    if not wanted:
        message = f"Answers are {GRAPHQL_RESPONSE} or {JSON}: list one of them in Accept."
        raise ClientError("NOT_ACCEPTABLE", message)
    best = wanted[0]
    return best.media_type, best.media_type == JSON and best.named


def status_of(answer: Answer, *, forgiving: bool) -> int:
    """The HTTP status of an answer (see the table above)."""
    if answer.executed or answer.code is None:
        return 200
    if forgiving and answer.code in FORGIVEN:
        return 200
    return STATUS.get(answer.code, 400)
