"""The signing keys: a file with a JWK set, of which one key signs, one is next, and retired ones still verify.

The next key is published (and in every process) before it signs, and a retired one verifies for as long as a token
that it signed can live. So a rotation refuses nobody. Source of the form: RFC 7517, RFC 8037; of ids: RFC 7638.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM: Final = "Ed25519"

VERIFIED_FOR = timedelta(days=2)
"""How long a retired key is kept: longer than any access token lives (LOCKSTEP_ACCESS_TOKEN_SECONDS: a day)."""

_OURS = ("state", "since")


class KeysUnreadable(Exception):
    """The file is no JWK set with an active Ed25519 key; the message says what is wrong."""


class KeyState(StrEnum):
    """What a key does."""

    ACTIVE = "active"
    NEXT = "next"
    RETIRED = "retired"


@dataclass(frozen=True)
class SigningKey:
    """A key pair and what it does since when. ``kid`` is its RFC 7638 thumbprint."""

    key: OKPKey
    state: KeyState
    since: datetime

    @property
    def kid(self) -> str:
        return self.key.thumbprint()

    @classmethod
    def new(cls, state: KeyState, now: datetime) -> SigningKey:
        return cls(OKPKey.generate_key(ALGORITHM), state, now)

    def public(self) -> dict[str, Any]:
        """As the JWKS endpoint shows it."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    def private(self) -> dict[str, Any]:
        """As the file keeps it."""
        secret = self.key.as_dict(private=True)
        return {**secret, **self.public(), "state": self.state.value, "since": self.since.isoformat()}


@dataclass(frozen=True)
class KeyRing:
    """The keys of a file, in its order."""

    keys: tuple[SigningKey, ...]

    @property
    def active(self) -> SigningKey:
        """The one that signs."""
        return next(one for one in self.keys if one.state is KeyState.ACTIVE)

    def find(self, kid: str) -> SigningKey | None:
        """A key by its id."""
        return next((one for one in self.keys if one.kid == kid), None)

    @classmethod
    def new(cls, now: datetime) -> KeyRing:
        """A key that signs, and the next."""
        return cls((SigningKey.new(KeyState.ACTIVE, now), SigningKey.new(KeyState.NEXT, now)))

    def rotated(self, now: datetime) -> KeyRing:
        """The next key signs, the one that did retires, a new one is next, and what retired long ago goes."""
        kept = [
            one for one in self.keys if one.state is not KeyState.RETIRED or one.since > now - VERIFIED_FOR
        ]
        after = {KeyState.ACTIVE: KeyState.RETIRED, KeyState.NEXT: KeyState.ACTIVE}
        moved = [
            replace(one, state=after[one.state], since=now) if one.state in after else one for one in kept
        ]
        if not any(one.state is KeyState.ACTIVE for one in moved):
            moved.append(SigningKey.new(KeyState.ACTIVE, now))
        return KeyRing((*moved, SigningKey.new(KeyState.NEXT, now)))

    def without(self, kid: str, now: datetime) -> KeyRing:
        """A key gone at once, with all tokens that it signed: for one that others may have."""
        ring = self
        if self.active.kid == kid:
            ring = self.rotated(now)
        left = tuple(one for one in ring.keys if one.kid != kid)
        if not any(one.state is KeyState.NEXT for one in left):
            left = (*left, SigningKey.new(KeyState.NEXT, now))
        return KeyRing(left)

    @classmethod
    def read(cls, file: Path) -> KeyRing:
        """Read a file; a single key, as earlier versions made it, is one that signs. Raises ``KeysUnreadable``."""
        try:
            found = orjson.loads(file.read_bytes())
            members = found.get("keys", [found])
            ring = cls(tuple(_key(one) for one in members))
            states = [one.state for one in ring.keys]
        except (ValueError, KeyError, TypeError, AttributeError, JoseError) as fault:
            raise KeysUnreadable(f"{file} is no set of Ed25519 keys ({type(fault).__name__})") from None
        if states.count(KeyState.ACTIVE) != 1 or states.count(KeyState.NEXT) > 1:
            raise KeysUnreadable(f"{file} must have one active key and one next at most")
        return ring

    def write(self, file: Path, *, replacing: bool) -> None:
        """Put the file there, whole or not at all, readable by this account alone.

        ``replacing`` False: of two processes at once, one wins and both read its keys.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as opened:
                members = [one.private() for one in self.keys]
                opened.write(orjson.dumps({"keys": members}, option=orjson.OPT_INDENT_2))
            if replacing:
                Path(name).replace(file)
            else:
                with contextlib.suppress(FileExistsError):
                    os.link(name, file)
        finally:
            Path(name).unlink(missing_ok=True)


def _key(member: dict[str, Any]) -> SigningKey:
    key = OKPKey.import_key({name: value for name, value in member.items() if name not in _OURS})
    if key.curve_name != ALGORITHM or not key.is_private:
        raise ValueError("not a private Ed25519 key")
    since = member.get("since")
    at = datetime.fromisoformat(since) if since else datetime.now(UTC)
    return SigningKey(key, KeyState(member.get("state", "active")), at)
