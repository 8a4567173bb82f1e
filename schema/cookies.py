"""The refresh token as a cookie, for browsers (LOCKSTEP_REFRESH_COOKIE).

It counts only in a request that a page of an admitted origin sent: browsers name the page's origin in every POST, and
no page can name another's. So another site's page can make a browser send the cookie, if its SameSite even lets it, but
cannot have it used. Programs that are no browsers name no origin, and get their refresh tokens in the answer.
Source of the `__Host-` prefix: RFC 6265bis, section 4.1.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

NAME = "__Host-lockstep-refresh"

SameSite = Literal["strict", "lax"]


@dataclass
class Jar:
    """The cookies of a request that an admitted page sent. `given`: its refresh token; `headers`: what to set."""

    given: str | None = None
    headers: list[str] = field(default_factory=list)

    def put(self, token: str, same_site: SameSite, days: int) -> None:
        """Have the browser keep a refresh token where no script can read it."""
        self._set(token, same_site, days * 86_400)

    def clear(self, same_site: SameSite) -> None:
        """Have the browser forget it."""
        self._set("", same_site, 0)

    def _set(self, value: str, same_site: SameSite, seconds: int) -> None:
        self.headers = [
            f"{NAME}={value}; Path=/; Secure; HttpOnly; SameSite={same_site.capitalize()}; Max-Age={seconds}"
        ]
