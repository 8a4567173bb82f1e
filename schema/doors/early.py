"""Answers that are given before anybody reads the request: to who is late, sends too much, or is one too many."""

from __future__ import annotations

import orjson


def _answer(status: str, code: str, message: str, *headers: str) -> bytes:
    """An answer that is given before anybody reads the request: GraphQL JSON like all others."""
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
    lines = (
        f"HTTP/1.1 {status}", "content-type: application/json; charset=utf-8", f"content-length: {len(body)}",
        "cache-control: no-store", "x-content-type-options: nosniff", *headers, "connection: close", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + body


LATE = _answer("408 Request Timeout", "REQUEST_TIMEOUT", "The request did not arrive in time.")
TOO_LONG = _answer(
    "431 Request Header Fields Too Large", "PAYLOAD_TOO_LARGE", "The head of the request is too large."
)
FULL = _answer(
    "503 Service Unavailable", "UNAVAILABLE", "Too many connections. Try again shortly.", "retry-after: 5"
)
