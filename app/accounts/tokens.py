"""Access tokens: short-lived JWTs (Ed25519), so that a request needs no look-up to know who sends it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import structlog
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OKPKey

from app.accounts.keys import ALGORITHM, KeyRing, KeysUnreadable
from app.config import Settings
from app.errors import Unauthenticated
from app.ids import id_of
from app.values import now_utc

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
"""How often the key file's date is looked at."""

_TYPE = "at+jwt"  # RFC 9068: nothing else that is signed here can pass for an access token
_EXPIRED = "This access token has expired. Exchange your refresh token for a new one."
_INVALID = "This is not a valid access token. Sign in again."
_LONGEST = 2048
_KNOWN = 4096


@dataclass(frozen=True)
class Viewer:
    """Who sends a request: a person, by one of their sign-ins, until ``expires_at`` (epoch seconds).

    With an access token of a program ``session_id`` is the token's, and ``scopes`` is what it is for; None: everything.
    """

    user_id: UUID
    session_id: UUID
    expires_at: float
    scopes: frozenset[str] | None = None


class Tokens:
    """Issues and reads access tokens. A token read once is not verified again, until the keys change."""

    def __init__(
        self, key_file: Path, *, lifetime_seconds: int, issuer: str = "lockstep", audience: str = "lockstep"
    ) -> None:
        self._file = key_file
        self._issuer = issuer
        self._audience = audience
        self.lifetime_seconds = lifetime_seconds
        self._known: dict[str, Viewer] = {}
        self._expected = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience}
        )
        self._dated = _date(key_file)
        self._looked_at = time.monotonic()
        self._take(KeyRing.read(key_file))

    @classmethod
    def open(cls, settings: Settings) -> Tokens:
        """Read the signing keys, or make some that only this account can read."""
        if not settings.keys_path.exists():
            KeyRing.new(now_utc()).write(settings.keys_path, replacing=False)
        return cls(
            settings.keys_path, lifetime_seconds=settings.access_token_seconds, issuer=settings.token_issuer,
            audience=settings.token_audience,
        )  # fmt: skip

    def _take(self, ring: KeyRing) -> None:
        self._ring = ring
        self._keys = {one.kid: one.key for one in ring.keys}
        self._signing = (ring.active.kid, ring.active.key)
        self._known.clear()  # a key may be gone, and all that it signed with it
        self.jwks = orjson.dumps({"keys": [one.public() for one in ring.keys]})

    async def watch(self) -> None:
        """Take over changed keys, for ever: a rotation needs no restart."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Read the key file again if it has changed. One that cannot be read changes nothing."""
        self._looked_at = time.monotonic()
        try:
            dated = _date(self._file)
            if dated != self._dated:
                self._take(KeyRing.read(self._file))
                self._dated = dated
                log.info("keys_changed", signing=self._signing[0])
        except (OSError, KeysUnreadable) as fault:
            log.warning("keys_unreadable", error=repr(fault))

    def issue(self, user_id: UUID, session_id: UUID) -> tuple[str, float]:
        """A token and when it expires (epoch seconds)."""
        issued = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued,
            "exp": issued + self.lifetime_seconds,
        }
        kid, key = self._signing
        header = {"alg": ALGORITHM, "kid": kid, "typ": _TYPE}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM]), float(claims["exp"])

    @staticmethod
    def remaining_seconds(expires_at: float | None) -> int:
        """Whole seconds until then; 0 if it has passed."""
        return max(int((expires_at or 0) - time.time()), 0)

    def read(self, token: str) -> Viewer:
        """Who a token names; raises ``Unauthenticated`` if it is not ours or has expired."""
        viewer = self._known.get(token)
        if viewer is None:
            viewer = self._verify(token)
            if len(self._known) >= _KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[token] = viewer
        if viewer.expires_at <= time.time():
            self._known.pop(token, None)
            raise Unauthenticated(_EXPIRED)
        return viewer

    def _verify(self, token: str) -> Viewer:
        if len(token) > _LONGEST:
            raise Unauthenticated("This is not an access token.")
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
            claims = decoded.claims
            self._expected.validate(claims)
            # Whatever it says, none of ours lives longer.
            ends = min(float(claims["exp"]), time.time() + self.lifetime_seconds)
            viewer = Viewer(id_of(claims["sub"]), id_of(claims["sid"]), ends)
            # Something else that we signed is no access token.
            ours = decoded.header.get("typ") == _TYPE
        except ExpiredTokenError:
            # Whichever process sees it first after its time.
            raise Unauthenticated(_EXPIRED) from None
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated(_INVALID) from None
        if not ours:
            raise Unauthenticated(_INVALID)
        return viewer

    def _key_of(self, signed: Any) -> OKPKey:
        kid = signed.headers()["kid"]
        if kid not in self._keys and time.monotonic() - self._looked_at > LOOK_SECONDS / 4:
            self.look()  # another process may sign with a key of a moment ago
        return self._keys[kid]


def _date(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_ino
