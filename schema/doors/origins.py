"""Which web pages may call from a browser. Sources: RFC 6454; the fetch standard, section "CORS protocol".

Nobody is signed in by a cookie, so a page of another origin can do nothing in a visitor's name (the refresh token's
cookie counts only from admitted origins, see `schema.cookies`); and what it may send without asking ("simple requests")
is refused for its media type. Answers to origins that are not admitted simply
carry no permission, and browsers keep them from the page. Sockets are not under CORS, so they are refused outright.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

# What a preflight may ask for: names of headers, and not too many of them.
HEADER_NAMES = re.compile(r"[A-Za-z0-9-]{1,64}(\s*,\s*[A-Za-z0-9-]{1,64}){0,31}")
# What browsers name: nothing of a user, a path, or the scheme of an extension.
OF_A_PAGE = re.compile(r"https?://[^/?#@\s]+", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
EXPOSED = "X-Request-ID, Retry-After, RateLimit, RateLimit-Policy"
PREFLIGHT_SECONDS = 7200  # Chromium's longest


class Origins:
    """Our own origin, the one that people reach us by (`public_url`), and those allowed besides."""

    def __init__(
        self, allowed: Iterable[str] = (), public_url: str = "", *, credentials: bool = False
    ) -> None:
        # Whether pages of other origins may send and get cookies.
        self._credentials = {"Access-Control-Allow-Credentials": "true"} if credentials else {}
        self._allowed = {origin.lower() for origin in allowed}
        parts = urlsplit(public_url)
        if parts.scheme:
            self._allowed.add(f"{parts.scheme}://{parts.netloc}".lower())
        # Where people reach us by TLS, a page that came without it is of anybody on the way.
        self._only_tls = parts.hostname if parts.scheme == "https" else None

    def admits(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin may call us at this host. Programs that are no browsers send no origin."""
        if origin is None or origin.lower() in self._allowed:
            return True
        theirs = _place(origin) if OF_A_PAGE.fullmatch(origin) else None
        if theirs is None or (theirs[0] == self._only_tls and origin.lower().startswith("http:")):
            return False
        # Only the host is compared: behind a proxy that ends TLS we do not know our own scheme.
        return host is not None and theirs == _place(f"{origin.partition(':')[0]}://{host}")

    def permission(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that let a page of an admitted other origin read an answer."""
        origin = headers.get("origin")
        if origin is None or origin.lower() not in self._allowed:
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            **self._credentials,
        }

    def preflight(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What `OPTIONS` says to a browser that asks before it sends; nothing for origins not admitted."""
        permission = self.permission(headers)
        if not permission or "access-control-request-method" not in headers:
            return {}
        asked = headers.get("access-control-request-headers", "").strip()
        return {
            **permission,
            "Access-Control-Allow-Methods": "GET, POST",
            # Any header is harmless here, and clients have some of their own.
            "Access-Control-Allow-Headers": asked
            if HEADER_NAMES.fullmatch(asked)
            else "Authorization, Content-Type",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None
