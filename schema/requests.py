"""A GraphQL request, whatever door it came through: the four parameters, and nothing else.

Source: GraphQL over HTTP, "Request Parameters" (https://graphql.github.io/graphql-over-http/draft/). The
payload of a `subscribe` message (graphql-transport-ws) has the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from app.errors import ClientError


class BadRequest(ClientError):
    """The request is not a well-formed GraphQL request: it is refused before its document is read."""

    def __init__(self, message: str) -> None:
        super().__init__("BAD_REQUEST", message)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """`query` is the document's text; `operation_name` is None if the client gave none, or an empty one."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


def read_json(text: bytes | str, what: str) -> Any:
    """The value of a JSON text. Raises `BadRequest` for what is not JSON in valid UTF-8.

    orjson refuses what JSON does not know (NaN, lone surrogates, trailing commas) and more than 1,024 levels
    of nesting, so nothing below has to fear for the stack. Integers past 64 bits become floats, as those past
    53 bits do in browsers.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"{what} is not valid JSON: {error.msg} (at character {error.pos}).") from None


def read_request(value: object) -> GraphQLRequest:
    """The request in a decoded JSON object. `null` is the same as absent, unknown members are ignored.

    Raises `BadRequest` naming the first member of a wrong type.
    """
    if isinstance(value, list):
        raise BadRequest("Batches are not served here: send one request at a time.")
    if not isinstance(value, dict):
        raise BadRequest(f"A GraphQL request is a JSON object, not {json_type(value)}.")
    query = value.get("query")
    if query is None:
        raise BadRequest("`query` is missing: it must hold the text of a GraphQL document.")
    if not isinstance(query, str):
        raise BadRequest(f"`query` must be a string, not {json_type(query)}.")
    name = value.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest(f"`operationName` must be a string, not {json_type(name)}.")
    # Some tools send an empty name where they mean none; no operation can have it.
    return GraphQLRequest(query, name or None, _member(value, "variables"), _member(value, "extensions"))


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
