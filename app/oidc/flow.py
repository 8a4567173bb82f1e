"""The secrets of one flow, all made from one that stays in the browser that began it.

``state``, ``nonce`` and the PKCE verifier are hashes of it with a word each: none tells another, and no server needs to
keep any. Whoever comes back without it did not begin here (login CSRF; RFC 9700, section 4.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass


def encoded(data: bytes) -> str:
    """As RFC 7636 writes bytes: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return encoded(hashlib.sha256(verifier.encode()).digest())


@dataclass(frozen=True)
class FlowSecrets:
    """What one flow goes by."""

    secret: str

    @classmethod
    def new(cls) -> FlowSecrets:
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        return self._made("state")

    @property
    def nonce(self) -> str:
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        return self._made("verifier")

    def _made(self, word: str) -> str:
        return encoded(hmac.digest(self.secret.encode(), word.encode(), "sha256"))
