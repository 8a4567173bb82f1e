"""The text of a token: a prefix that secret scanners know, 178 random bits, and a checksum.

``lsp_`` + 30 letters and digits + 6 of checksum (CRC-32 of what stands before it, in base 62), as GitHub's tokens
are made: a scanner needs no look-up to tell a token from a word, and neither do we to refuse nonsense.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

PREFIX = "lsp_"
RANDOM_LENGTH = 30
CHECK_LENGTH = 6
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_token() -> str:
    """A token that nobody has seen."""
    text = PREFIX + "".join(secrets.choice(_DIGITS) for _ in range(RANDOM_LENGTH))
    return text + _check(text)


def is_token(text: str) -> bool:
    """Whether it has the form of one of our tokens, checksum and all."""
    body, check = text[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
    return (
        body.startswith(PREFIX)
        and len(body) == len(PREFIX) + RANDOM_LENGTH
        and all(letter in _DIGITS for letter in body[len(PREFIX) :])
        and secrets.compare_digest(_check(body).encode(), check.encode())
    )


def token_hash(token: str) -> bytes:
    """What is kept of a token. It is random enough that a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).digest()


def _check(text: str) -> str:
    number = zlib.crc32(text.encode())
    found = ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found
