"""Headers that every answer carries, whatever made it: pages, data, downloads, errors, and what is not found.

Sources: OWASP Secure Headers Project; RFC 6797 (Strict-Transport-Security).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # An answer is data: opened as a page of its own it may do nothing. (GraphiQL's page has a policy of its own.)
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What an answer gets where it does not say otherwise itself."""


def security_headers(public_url: str, hsts_days: int) -> dict[str, str]:
    """The headers of a service reached at ``public_url``; strict transport only where that is https."""
    if hsts_days and urlsplit(public_url).scheme == "https":
        return {**ALWAYS, "Strict-Transport-Security": f"max-age={hsts_days * 86400}"}
    return ALWAYS


def with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """A ``send`` that adds headers to an answer which has none of that name."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers.items():
                given.setdefault(name, value)
        await send(message)

    return sending
