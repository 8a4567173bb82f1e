"""Secrets that were sent stay out of what is said about a request: messages of GraphQL quote the values they refuse.

An answer goes to whoever sent the secret, but from there into consoles, error trackers and bug reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAMES = frozenset(
    {
        "password", "currentPassword", "newPassword", "token", "refreshToken", "accessToken", "code", "secret",
        "authorization", "clientSecret",
    }
)  # fmt: skip
"""What variables and fields of inputs are called that hold secrets: tests/secrets compares with the schema."""

HIDDEN = "…"
SHORT = 3
"""What has so few characters is no secret, and may be a part of anything."""

MOST = 100
"""Secrets that are looked for. Whoever sends more would keep the process busy, and is told nothing of them."""

_IN_DOCUMENT = re.compile(
    rf'\b(?:{"|".join(sorted(NAMES))})\s*:\s*("""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"?|[^\s,)}}]+)'
)


def hide(messages: Sequence[str], document: str, variables: Mapping[str, Any]) -> list[str]:
    """Messages about a request, without the secrets that the request holds."""
    secrets = {*_of_variables(variables), *_of_document(document)}
    if len(secrets) > MOST:
        return ["This is wrong, and cannot be quoted: the request holds too many secrets."] * len(messages)
    # The longest first: one may be a part of another.
    found = list(messages)
    for secret in sorted(secrets, key=len, reverse=True):
        found = [message.replace(secret, HIDDEN) for message in found]
    return found


def _of_variables(value: Any, secret: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            # What stands where a secret belongs is one, whatever its form; its names may be, too.
            if secret:
                yield from _of_variables(name, secret)
            yield from _of_variables(one, secret or name in NAMES)
    elif isinstance(value, list):
        for one in value:
            yield from _of_variables(one, secret)
    elif secret and len(str(value)) > SHORT:
        yield str(value)


def _of_document(document: str) -> Iterator[str]:
    for found in _IN_DOCUMENT.findall(document):
        words = str(found).strip('"[]{}()')
        # The name of a variable is none.
        yield from (
            word for word in re.split(r'[\s",\[\]{}:]+', words) if len(word) > SHORT and word[0] != "$"
        )
