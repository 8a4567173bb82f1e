"""Pure checks of what may stand in a comment."""

from __future__ import annotations

from app.errors import ValidationFailed
from app.values import TEXT_LENGTH, check_text

BODY_LENGTH = TEXT_LENGTH
"""Characters of a body, at most."""


def check_body(body: str) -> str:
    """Markdown, kept as typed: not blank, at most 100,000 characters, valid Unicode without NUL."""
    if not body.strip():
        raise ValidationFailed("A comment must not be empty.", path=("body",))
    check_text(body, "body", length=BODY_LENGTH)
    try:
        body.encode()
    except UnicodeEncodeError:
        raise ValidationFailed("A text must be valid Unicode.", path=("body",)) from None
    return body
