"""The doors of downloads: a bearer token, a stream of rows, and an entry in the audit log before the first.

Refusals are JSON as GraphQL's own, with the codes and statuses of the GraphQL door. What fails on the way (access that
ended, a database that went away) ends the stream in the middle, which clients see as a broken transfer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, aclosing
from typing import cast

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from app.errors import ClientError, NotFound, PermissionDenied, Unauthenticated
from schema.admission import retry_after
from schema.answers import encode, failure
from schema.callers import caller_of
from schema.context import Application, Session, open_session
from schema.doors.http import HEADERS, STATUS
from schema.doors.identity import bearer_token, request_id
from schema.doors.limits import DoorLimits
from schema.doors.origins import Origins
from schema.doors.places import Places
from schema.doors.protocol import CONNECTION
from schema.exports.audit import open_audit_export
from schema.exports.personal import open_personal_export
from schema.exports.projects import open_project_export, open_workspace_export

PIECE_BYTES = 65_536
"""Sent at once. A client that does not take one of these within the door's `stall_seconds` is given up."""

REFUSED = {NotFound.code: 404, PermissionDenied.code: 403}

Opened = tuple[str, str, AsyncIterator[bytes]]
"""A media type, a file name, and the bytes to come."""

Open = Callable[[Session, Mapping[str, str], Mapping[str, list[str]]], Awaitable[Opened]]
"""Makes an export ready: everything that can be refused is refused here."""


class ExportDoor:
    """One kind of download, by GET."""

    method = "GET"

    def __init__(self, application: Application, open_export: Open, origins: Origins, places: Places) -> None:
        self._application = application
        self._stall_seconds = DoorLimits.of(application.settings).stall_seconds
        self._open = open_export
        self._origins = origins
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; its id goes into every log line meanwhile, and out with the answer."""
        request = Request(self._places.seen(scope), receive)
        name = request_id(request.headers.get("x-request-id"))
        with structlog.contextvars.bound_contextvars(request_id=name), ExitStack() as held:
            try:
                response = await self._respond(request, name, held)
            except ClientDisconnect:
                return
            response.headers["X-Request-ID"] = name
            response.headers.update(self._origins.permission(request.headers))
            await self._send(response, scope, receive, send)

    async def _send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """What is held for a client that does not read is not held for long."""

        async def sending(message: Message) -> None:
            async with asyncio.timeout(self._stall_seconds):
                await send(message)

        try:
            await response(scope, receive, sending)
        except TimeoutError:
            connection = scope.get("extensions", {}).get(CONNECTION)
            if connection is not None:
                connection.cut()
        finally:
            if isinstance(response, StreamingResponse):
                await cast(AsyncGenerator[bytes], response.body_iterator).aclose()

    async def _respond(self, request: Request, name: str, held: ExitStack) -> Response:
        if request.method == "OPTIONS":
            headers = {"Allow": self.method, "Vary": "Origin"}
            return Response(status_code=204, headers=headers | self._origins.preflight(request.headers))
        visit = self._places.visit(caller_of(request))
        try:
            session = await self._session(request, name)
            visit.signed_in(session)
            await visit.admit_export()
            held.enter_context(self._places.file_of(visit))
            asked = {key: request.query_params.getlist(key) for key in request.query_params}
            media_type, file_name, content = await self._opened(session, request, asked)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            response = _refusal(await visit.charged(error), name, self.method)
            response.headers.update(visit.headers())
            return response
        headers = {**HEADERS, **visit.headers(), "Content-Disposition": f'attachment; filename="{file_name}"'}
        return StreamingResponse(_in_pieces(content), 200, headers, media_type)

    async def _opened(self, session: Session, request: Request, asked: Mapping[str, list[str]]) -> Opened:
        return await self._open(session, request.path_params, asked)

    async def _session(self, request: Request, name: str) -> Session:
        if request.method != self.method:
            raise ClientError("METHOD_NOT_ALLOWED", f"This address takes {self.method}.")
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            raise Unauthenticated()
        viewer = await self._application.authenticate(token)
        return open_session(
            self._application, request_id=name, transport="http", token=token, viewer=viewer,
            expires_at=viewer.expires_at, caller=caller_of(request),
        )  # fmt: skip


async def _in_pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(cast(AsyncGenerator[bytes], content)) as parts:
        async for part in parts:
            for start in range(0, len(part), PIECE_BYTES):
                yield part[start : start + PIECE_BYTES]


def _refusal(error: Exception, name: str, method: str) -> Response:
    answer = failure(error, name)
    status = REFUSED.get(answer.code or "", STATUS.get(answer.code or "", 400))
    headers = {"Content-Type": "application/json; charset=utf-8", **HEADERS, **retry_after(answer)}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 405:
        headers["Allow"] = method
    return Response(encode(answer, name), status, headers)


def export_routes(application: Application, origins: Origins) -> list[BaseRoute]:
    """The addresses of downloads."""
    places = Places(DoorLimits.of(application.settings), application.limits)
    audit = ExportDoor(application, open_audit_export, origins, places)
    personal = ExportDoor(application, open_personal_export, origins, places)
    project = ExportDoor(application, open_project_export, origins, places)
    workspace = ExportDoor(application, open_workspace_export, origins, places)
    return [
        Route("/exports/audit/{workspace}.{form}", audit),
        Route("/exports/me.json", personal),
        Route("/exports/projects/{project}.{form}", project),
        Route("/exports/workspaces/{workspace}.jsonl", workspace),
    ]
