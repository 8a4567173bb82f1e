"""Reads a GraphQL request out of an HTTP request, without ever holding more than the limit."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect

from app.errors import ClientError
from schema.doors.exchange import Asked
from schema.doors.limits import DoorLimits
from schema.doors.negotiation import JSON, is_utf8, media_type
from schema.requests import BadRequest, GraphQLRequest, read_batch, read_json, read_request


class UnsupportedMediaType(ClientError):
    """The body is in a form that is not served. JSON alone is: other forms make "simple" requests (CSRF)."""

    def __init__(self, message: str) -> None:
        super().__init__("UNSUPPORTED_MEDIA_TYPE", message)


class PayloadTooLarge(ClientError):
    """The body is over the limit."""

    def __init__(self, limit: int) -> None:
        message = f"A request's body may have at most {limit} bytes."
        super().__init__("PAYLOAD_TOO_LARGE", message, limit=limit)


class RequestTimeout(ClientError):
    """The body did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__("REQUEST_TIMEOUT", f"The request's body did not arrive within {seconds:g} seconds.")


def read_query_string(query_string: bytes) -> GraphQLRequest:
    """The request of a GET: URL-encoded parameters, of which `variables` and `extensions` hold JSON."""
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=100)
        parameters = {name.decode(): value.decode() for name, value in reversed(pairs)}
    except ValueError:
        raise BadRequest("The address's parameters are not URL-encoded UTF-8.") from None
    value: dict[str, Any] = {name: parameters.get(name) for name in ("query", "operationName", "documentId")}
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        value[name] = read_json(text, f"`{name}`") if text else None
    return read_request(value)


async def read_body(request: Asked, limits: DoorLimits) -> bytes:
    """The body of a POST, which says that it is JSON.

    Raises `ClientError`s; `ClientDisconnect` if the client goes away meanwhile.
    """
    if not request.headers.is_plain_json:
        check_content_type(request)
    body = request.body()
    if body is not None:
        if len(body) > limits.body_bytes:
            raise PayloadTooLarge(limits.body_bytes)
        return body
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await read_bounded(request, limits.body_bytes)
    except TimeoutError:
        raise RequestTimeout(limits.body_seconds) from None


def read_requests(body: bytes, limits: DoorLimits) -> GraphQLRequest | list[GraphQLRequest]:
    """The request in a body, or the batch of them. Raises `BadRequest`."""
    if not body:
        raise BadRequest("The request's body is empty: send a JSON object with a `query`.")
    return read_batch(read_json(body, "The request's body"), limits.batch)


def check_content_type(request: Asked) -> None:
    """Raises `UnsupportedMediaType` unless the body is plain JSON in UTF-8."""
    given = request.headers.get("content-type", "")
    if given != JSON and not _is_json(given):
        raise UnsupportedMediaType("Send the request as `Content-Type: application/json`, in UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the request's body as it is, without a Content-Encoding.")


def _is_json(content_type: str) -> bool:
    name, parameters = media_type(content_type)
    return name == JSON and is_utf8(parameters)


async def read_bounded(request: Asked, limit: int) -> bytes:
    """The body, if within the limit: a declared length counts at once, the real one as it arrives."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise PayloadTooLarge(limit)
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if len(body) + len(chunk) > limit:
            raise PayloadTooLarge(limit)
        body += chunk
    return bytes(body)
