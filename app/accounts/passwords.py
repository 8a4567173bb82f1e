"""Password hashing (argon2id by pwdlib), off the event loop."""

from __future__ import annotations

import asyncio

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.errors import ValidationFailed

SHORTEST = 8
LONGEST = 1024

_HASH = PasswordHash((Argon2Hasher(),))
# What a sign-in to no account is compared with, so that it takes as long as a real one.
_NOBODY = _HASH.hash("no account has this password")


def check_password(password: str) -> str:
    """A new password: at least 8 characters, at most 1,024."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValidationFailed(f"A password has {SHORTEST} to {LONGEST} characters.", path=("password",))
    return password


async def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return await asyncio.to_thread(_HASH.hash, password)


async def verify_password(password: str, password_hash: str | None) -> tuple[bool, str | None]:
    """Whether it is right, and a new hash to keep if the parameters changed. None: do the same work in vain."""
    if len(password) > LONGEST:
        password = ""
    right, renewed = await asyncio.to_thread(_HASH.verify_and_update, password, password_hash or _NOBODY)
    return (right and password_hash is not None), renewed
