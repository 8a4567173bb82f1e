"""Secrets that are handed to people: random, and kept as a hash only."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits, as 43 characters that stand in a URL as they are."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of it. The secret is random: a fast hash cannot be turned back."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()
