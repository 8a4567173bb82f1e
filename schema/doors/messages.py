"""The messages of graphql-transport-ws, read strictly and written fast.

Source: PROTOCOL.md of the npm package `graphql-ws`
(https://github.com/enisdenj/graphql-ws/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.errors import ClientError
from schema.requests import GraphQLRequest, json_type, read_json, read_request

PROTOCOL: Final = "graphql-transport-ws"
# The identifier comes back with every event; nobody needs a longer one.
MAX_IDENTIFIER = 16_384


class Close(Exception):
    """Ends the socket with a code and a reason, at once."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        # A close frame holds 125 bytes, two of them the code (RFC 6455, section 5.5).
        self.reason = reason.encode()[:123].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    """`connection_init`; an absent or null payload is an empty one."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`, with what the pong must bring back."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """`pong`: heard, nothing to do."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`subscribe`: run this operation under this identifier."""

    identifier: str
    request: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Complete:
    """`complete`: the client has heard enough of this operation."""

    identifier: str


Message = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str | None) -> Message:
    """The message in a text frame. Raises `Close` with 4400 for anything the protocol does not know.

    None: a frame of bytes.
    """
    if text is None:
        raise Close(4400, "Messages are text, not binary.")
    try:
        value = read_json(text, "The message")
        if not isinstance(value, dict):
            raise Close(4400, f"A message is a JSON object, not {json_type(value)}.")
        return _read(value)
    except ClientError as error:
        raise Close(4400, error.message) from None


def _read(value: dict[str, Any]) -> Message:
    match value.get("type"):
        case "connection_init":
            return Init(_payload(value) or {})
        case "ping":
            return Ping(_payload(value))
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            identifier = _identifier(value)
            payload = value.get("payload")
            if not isinstance(payload, dict):
                raise Close(4400, f"The payload of subscribe must be an object, not {json_type(payload)}.")
            return Subscribe(identifier, read_request(payload))
        case "complete":
            return Complete(_identifier(value))
        case str() as unknown:
            raise Close(4400, f"Clients send no messages of type {unknown!r}.")
        case other:
            raise Close(4400, f"A message's type must be a string, not {json_type(other)}.")


def _payload(value: dict[str, Any]) -> dict[str, Any] | None:
    payload = value.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Close(4400, f"The payload of {value['type']} must be an object, not {json_type(payload)}.")
    return payload


def _identifier(value: dict[str, Any]) -> str:
    identifier = value.get("id")
    if not isinstance(identifier, str):
        raise Close(4400, f"The id of {value['type']} must be a string, not {json_type(identifier)}.")
    if not 0 < len(identifier) <= MAX_IDENTIFIER:
        raise Close(4400, f"The id of {value['type']} must have 1 to {MAX_IDENTIFIER} characters.")
    return identifier


def text_frame(payload: bytes) -> bytes:
    """A message as a whole frame of text. Source: RFC 6455, section 5.2 (what a server sends is not masked)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 65_536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload


ACK: Final = text_frame(b'{"type":"connection_ack"}')
PING: Final = text_frame(b'{"type":"ping"}') + b"\x89\x00"
"""Both kinds: that of the wire is answered by browsers even while their pages sleep."""


def pong(payload: dict[str, Any] | None) -> bytes:
    """The answer to a ping, with its payload."""
    return text_frame(
        orjson.dumps({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
    )


def next_frame(identifier: str, payload: bytes) -> bytes:
    """One result; `payload` is its JSON."""
    return text_frame(b'{"id":%b,"type":"next","payload":%b}' % (orjson.dumps(identifier), payload))


def error_frame(identifier: str, errors: list[dict[str, Any]]) -> bytes:
    """The errors that end an operation."""
    return text_frame(orjson.dumps({"id": identifier, "type": "error", "payload": errors}))


def complete_frame(identifier: str) -> bytes:
    """The end of an operation."""
    return text_frame(orjson.dumps({"id": identifier, "type": "complete"}))
