"""A GraphQL request, whatever door it came through: the four parameters, and nothing else.

Source: GraphQL over HTTP, "Request Parameters" (https://graphql.github.io/graphql-over-http/draft/). The
payload of a `subscribe` message (graphql-transport-ws) has the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from app.errors import ClientError

LEVELS = 200
"""Of objects and arrays within one another in what a client sends. orjson reads 1,024, and writes 254; what walks
through variables below has the stack for so many."""


class BadRequest(ClientError):
    """The request is not a well-formed GraphQL request: it is refused before its document is read."""

    def __init__(self, message: str) -> None:
        super().__init__("BAD_REQUEST", message)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """`query` is the document's text, empty if the client named it instead (see `schema.persisted`);
    `operation_name` is None if the client gave none, or an empty one.
    """

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    document_id: str | None = None


def read_json(text: bytes | str, what: str) -> Any:
    """The value of a JSON text. Raises `BadRequest` for what is not JSON in valid UTF-8, or deeper than `LEVELS`.

    orjson refuses what JSON does not know (NaN, lone surrogates, trailing commas). Integers past 64 bits become
    floats, as those past 53 bits do in browsers.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"{what} is not valid JSON: {error.msg} (at character {error.pos}).") from None
    # Most have fewer brackets than that.
    opened = (
        text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    )
    if opened > LEVELS and _is_deeper(value, LEVELS):
        raise BadRequest(f"{what} nests objects and arrays more than {LEVELS} levels deep.")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    within = [value]
    for _ in range(levels + 1):
        within = [
            inner
            for one in within
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(within)


def read_request(value: object) -> GraphQLRequest:
    """The request in a decoded JSON object. `null` is the same as absent, unknown members are ignored.

    Raises `BadRequest` naming the first member of a wrong type.
    """
    if not isinstance(value, dict):
        raise BadRequest(f"A GraphQL request is a JSON object, not {json_type(value)}.")
    query, name, document_id = (_text(value, key) for key in ("query", "operationName", "documentId"))
    extensions = _member(value, "extensions")
    if query is None and document_id is None and "persistedQuery" not in extensions:
        raise BadRequest("`query` is missing: it must hold the text of a GraphQL document.")
    # Some tools send an empty name where they mean none; no operation can have it.
    return GraphQLRequest(query or "", name or None, _member(value, "variables"), extensions, document_id)


def read_batch(value: object, limit: int) -> GraphQLRequest | list[GraphQLRequest]:
    """The request in a decoded JSON value, or the requests, if it is an array and `limit` is not 0.

    Raises `BadRequest`, for all if there is one that is no request.
    """
    if not isinstance(value, list):
        return read_request(value)
    if limit == 0:
        raise BadRequest("Batches are not served here: send one request at a time.")
    if not 1 <= len(value) <= limit:
        raise BadRequest(f"A batch holds 1 to {limit} requests, not {len(value)}.")
    return [read_request(one) for one in value]


def _text(value: dict[str, Any], name: str) -> str | None:
    text = value.get(name)
    if text is not None and not isinstance(text, str):
        raise BadRequest(f"`{name}` must be a string, not {json_type(text)}.")
    return text


def _member(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict):
        raise BadRequest(f"`{name}` must be an object, not {json_type(member)}.")
    return member


def json_type(value: object) -> str:
    """What JSON calls the type of a decoded value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
