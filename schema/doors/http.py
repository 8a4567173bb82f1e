"""The HTTP door: queries and mutations by POST, queries by GET, subscriptions as streams, GraphiQL for browsers.

Source: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/). Where the draft and the server
audit of the npm package `graphql-http` differ (the newest draft has 422 and 294 in places), we send the codes
of the audit, which the clients in use know. Status codes:

| what | `application/graphql-response+json`, or no type named | `application/json` called by its name |
|---|---|---|
| executed, with or without field errors | 200 | 200 |
| does not parse or validate, operation unknown, bad variables | 400, no `data` entry | 200, no `data` |
| not JSON, or not a request | 400, no `data` entry | 400, no `data` |
| 401, 403, 405, 406, 408, 413, 415, 429, 500, 503, 504 | so | so |

A client that accepts a stream and no JSON gets what a document has wrong as the stream's one answer, for so the
protocol of `graphql-sse` wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import ClientError
from schema.admission import Visit, retry_after
from schema.answers import (
    BAD_USER_INPUT,
    INTERNAL,
    OPERATION_UNKNOWN,
    PARSE_FAILED,
    TOO_COSTLY,
    VALIDATION_FAILED,
    Answer,
    encode,
    failure,
)
from schema.callers import Caller
from schema.cookies import NAME, Jar
from schema.doors.batches import Batch, run_admitted
from schema.doors.body import read_body, read_query_string, read_requests
from schema.doors.compression import compressed
from schema.doors.exchange import Asked, Lines, Told
from schema.doors.forms import EVENT_STREAM, MULTIPART, Form
from schema.doors.headers import with_headers
from schema.doors.identity import request_id
from schema.doors.limits import DoorLimits
from schema.doors.negotiation import JSON, wants_page
from schema.doors.origins import Origins
from schema.doors.places import Places
from schema.doors.streams import Stream, one
from schema.doors.wanted import Wanted
from schema.execution import GraphQLService
from schema.kept.shelf import Kept
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
    "LIMIT_REACHED": 429,
    INTERNAL: 500,
    "UNAVAILABLE": 503,
    "OUTCOME_UNKNOWN": 503,
    "TIMEOUT": 504,
}
# Old clients read the body only of a 200, and name `application/json` alone.
FORGIVEN = {
    PARSE_FAILED,
    VALIDATION_FAILED,
    OPERATION_UNKNOWN,
    BAD_USER_INPUT,
    TOO_COSTLY,
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding, Origin",
    "X-Content-Type-Options": "nosniff",
    # An answer is data: opened as a page of its own it may do nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
ANYTHING = Wanted()
NOTHING: Mapping[str, str] = MappingProxyType({})


class MethodNotAllowed(ClientError):
    """The address, or the operation, is not served by this method."""

    def __init__(self, message: str, allow: str) -> None:
        super().__init__("METHOD_NOT_ALLOWED", message)
        self.allow = allow


class HTTPDoor:
    """The ASGI application of the GraphQL address. `graphiql` makes the page for browsers, if any; `headers` are on
    every answer that does not say otherwise.
    """

    def __init__(
        self,
        service: GraphQLService,
        limits: DoorLimits,
        graphiql: GraphiQLPage | None,
        origins: Origins | None = None,
        places: Places | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._service = service
        self._limits = limits
        self._graphiql = graphiql
        self._origins = origins or Origins()
        self._places = places or Places(limits)
        self._headers = headers
        self._lines: dict[tuple[str | None, str | None], Lines] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; its id goes into every log line meanwhile, and out with the answer."""
        request = Asked(self._places.seen(scope), receive)
        head = request.headers
        name = request_id(head.get("x-request-id"))
        origin = head.get("origin")
        jar = None
        if origin is not None and self._origins.admits(origin, head.get("host")):
            jar = request.jar = Jar(request.starlette().cookies.get(NAME))
        # The server runs each request in a context of its own: nothing has to be taken back.
        structlog.contextvars.bind_contextvars(request_id=name)
        try:
            response = await self._respond(request, name)
        except ClientDisconnect:
            return
        if origin is not None:
            response.headers.update(self._origins.permission(head))
        if isinstance(response, Told):
            response.request_id = name
            if jar is not None:
                response.cookies = jar.headers
            await response(scope, receive, send)
            return
        response.headers["X-Request-ID"] = name
        for cookie in jar.headers if jar else ():
            response.headers.append("Set-Cookie", cookie)
        await response(scope, receive, with_headers(send, self._headers))

    async def _respond(self, request: Asked, name: str) -> Response | Told:
        head, peer = request.headers, request.scope.get("client")
        if request.method == "OPTIONS":
            headers = {"Allow": "GET, POST", "Vary": HEADERS["Vary"]}
            return Response(status_code=204, headers=headers | self._origins.preflight(head))
        if (
            self._graphiql is not None
            and request.method in ("GET", "HEAD")
            and wants_page(head.get("accept"))
        ):
            return self._graphiql(self._service.application, request.starlette())
        wanted = ANYTHING
        caller = Caller(peer[0] if peer else None, head.agent, request.jar)
        visit = self._places.visit(caller)
        try:
            wanted = head.wanted
            response = await self._serve(request, name, wanted, visit, caller)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            response = await self._refuse(request, name, wanted, visit, error)
        if told := visit.headers():
            response.headers.update(told)
        return response

    async def _refuse(
        self, request: Asked, name: str, wanted: Wanted, visit: Visit, error: Exception
    ) -> Response | Told:
        headers = {"Allow": error.allow} if isinstance(error, MethodNotAllowed) else {}
        answer = failure(await visit.charged(error), name)
        if wanted.json is None and wanted.stream is not None and answer.code in FORGIVEN:
            return Stream(wanted.stream, one(answer), name, self._limits)
        return await self._json(request, wanted, answer, name, headers)

    async def _serve(
        self, request: Asked, name: str, wanted: Wanted, visit: Visit, caller: Caller
    ) -> Response | Told:
        by_get = request.method in ("GET", "HEAD")
        if not by_get and request.method != "POST":
            raise MethodNotAllowed("Send GraphQL requests by POST, or queries by GET.", "GET, POST")
        token, service = request.headers.token, self._service
        session = service.sign_in_now(token, name, "http", caller)
        if session is None:
            session = await service.sign_in(token, name, "http", caller)
        visit.signed_in(session)
        if by_get:
            prepared = self._service.prepare(read_query_string(request.scope["query_string"]))
        else:
            body = await read_body(request, self._limits)
            known = self._service.recall(body)
            asked = read_requests(body, self._limits) if known is None else known.request
            if isinstance(asked, list):
                batch = Batch(self._service, self._limits, session, visit)
                items = [encode(answer, name) for answer in await batch.run(asked)]
                return await self._content(request, wanted, b"[" + b",".join(items) + b"]")
            prepared = known or self._service.prepare(asked, body)
        if by_get and prepared.kind is OperationType.MUTATION:
            raise MethodNotAllowed("Mutations are sent by POST.", "POST")
        if prepared.kind is OperationType.SUBSCRIPTION:
            form = stream_form(request, wanted)
            await visit.admit(prepared)
            answers = self._places.streaming(self._service.subscribe(prepared, session), visit)
            return Stream(form, answers, name, self._limits)
        tags = request.headers.get("if-none-match", "") if by_get else ""
        answer = await run_admitted(
            self._service, self._limits, prepared, session, visit, tagged=by_get, known=tags
        )
        if answer.unchanged and answer.tag is not None:
            return Told(b"", 304, Lines(self._headers), tagged(answer.tag))
        if wanted.json is None and wanted.stream is not None and answer.executed:
            return Stream(wanted.stream, one(answer), name, self._limits)
        return await self._json(request, wanted, answer, name)

    async def _json(
        self,
        request: Asked,
        wanted: Wanted,
        answer: Answer,
        name: str,
        headers: Mapping[str, str] = NOTHING,
    ) -> Told:
        status, more = status_of(answer, wanted), headers
        if status == 401:
            more = {**more, "WWW-Authenticate": "Bearer"}
        elif status >= 429:
            more = {**more, **retry_after(answer)}
        if answer.tag is not None:
            more = {**more, **tagged(answer.tag)}
        return await self._content(request, wanted, encode(answer, name), status, more, answer.kept)

    async def _content(
        self,
        request: Asked,
        wanted: Wanted,
        content: bytes,
        status: int = 200,
        headers: Mapping[str, str] = NOTHING,
        kept: Kept | None = None,
    ) -> Told:
        encoding = None
        if accepted := request.headers.get("accept-encoding"):
            content, encoding = await compressed(content, accepted, kept)
        return Told(content, status, self._usual(wanted.json, encoding), headers)

    def _usual(self, media_type: str | None, encoding: str | None) -> Lines:
        """The headers of such answers that are always the same."""
        found = self._lines.get((media_type, encoding))
        if found is None:
            headers = {**self._headers, "Content-Type": f"{media_type or JSON}; charset=utf-8", **HEADERS}
            if encoding is not None:
                headers["Content-Encoding"] = encoding
            found = self._lines[media_type, encoding] = Lines(headers)
        return found


def tagged(tag: str) -> dict[str, str]:
    """What goes with an answer that its client may keep, and ask about by its tag (RFC 9110, section 13.1.2)."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": f"{HEADERS['Vary']}, Authorization"}


def stream_form(request: Asked, wanted: Wanted) -> Form:
    """The form of a subscription's stream. Raises `BadRequest` for a client that named none."""
    if wanted.stream is None or request.method == "HEAD":
        raise BadRequest(
            f"Subscriptions are served as {EVENT_STREAM} or {MULTIPART};subscriptionSpec=1.0 (list one of them in "
            "Accept), and over WebSocket (graphql-transport-ws)."
        )
    return wanted.stream


def status_of(answer: Answer, wanted: Wanted) -> int:
    """The HTTP status of an answer (see the table above)."""
    if answer.executed or answer.code is None:
        return 200
    if wanted.forgiving and answer.code in FORGIVEN:
        return 200
    return STATUS.get(answer.code, 400)
