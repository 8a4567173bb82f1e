"""Access tokens: short-lived JWTs (Ed25519), so that a request needs no look-up to know who sends it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.errors import Unauthenticated

_ALGORITHM = "Ed25519"
_ISSUER = "lockstep"
_KNOWN = 4096
_EXPECTED = jwt.JWTClaimsRegistry(iss={"essential": True, "value": _ISSUER})


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
    """Issues and reads access tokens. A token read once is not verified again."""

    def __init__(self, key: OKPKey, *, lifetime_seconds: int) -> None:
        self._key = key
        self.lifetime_seconds = lifetime_seconds
        self._known: dict[str, Viewer] = {}

    @classmethod
    def open(cls, key_file: Path, *, lifetime_seconds: int) -> Tokens:
        """Read the signing key, or make one that only this account can read."""
        if not key_file.exists():
            _make_key(key_file)
        return cls(OKPKey.import_key(orjson.loads(key_file.read_bytes())), lifetime_seconds=lifetime_seconds)

    def issue(self, user_id: UUID, session_id: UUID) -> tuple[str, float]:
        """A token and when it expires (epoch seconds)."""
        issued = int(time.time())
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued,
            "exp": issued + self.lifetime_seconds,
        }
        token = jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])
        return token, float(claims["exp"])

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
            raise Unauthenticated("This access token has expired. Exchange your refresh token for a new one.")
        return viewer

    def _verify(self, token: str) -> Viewer:
        if len(token) > 2048:
            raise Unauthenticated("This is not an access token.")
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            _EXPECTED.validate(claims)
            return Viewer(UUID(claims["sub"]), UUID(claims["sid"]), float(claims["exp"]))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated("This is not a valid access token. Sign in again.") from None


def _make_key(key_file: Path) -> None:
    """Put a new key there, whole or not at all; of two processes at once, one wins and both read its key."""
    key_file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=key_file.parent)  # readable by this account alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
        with contextlib.suppress(FileExistsError):
            os.link(name, key_file)
    finally:
        Path(name).unlink()
