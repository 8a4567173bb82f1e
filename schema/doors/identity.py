"""Who is calling, and how the call is named: bearer tokens and request ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from uuid_utils import uuid7

from app.errors import Unauthenticated

# What goes into headers and log lines must not be able to break either.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*) *")


def request_id(given: str | None) -> str:
    """The client's `X-Request-ID` if it is a sane one, otherwise a new one."""
    return given if given is not None and REQUEST_ID.fullmatch(given) else uuid7().hex


def bearer_token(header: str | None) -> str | None:
    """The token in an `Authorization` header; None without the header. Raises `Unauthenticated`.

    Source: RFC 6750, section 2.1.
    """
    if header is None:
        return None
    match = BEARER.fullmatch(header)
    if match is None:
        raise Unauthenticated("The Authorization header must be `Bearer` and an access token.")
    return match[1]


def payload_token(payload: Mapping[str, Any]) -> str | None:
    """The token in a `connection_init` payload: `authorization` ("Bearer …") or `token`, in any letter case.

    None if there is neither, or only an empty one. Raises `Unauthenticated` for what cannot be a token.
    """
    members = {name.lower(): value for name, value in payload.items()}
    for name in ("authorization", "token"):
        value = members.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise Unauthenticated(f"`{name}` must be a string.")
        return bearer_token(value if name == "authorization" else f"Bearer {value}")
    return None


def init_token(payload: Mapping[str, Any], authorization: str | None) -> str | None:
    """The token of a socket: that of `connection_init`, or of the handshake's header, where no browser can put one."""
    return payload_token(payload) or bearer_token(authorization)
