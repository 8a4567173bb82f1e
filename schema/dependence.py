"""What a field's value depends on: declared once, so that what is the same for many is made once."""

from __future__ import annotations

from enum import StrEnum


class Dependence(StrEnum):
    """What a field's value depends on besides the object."""

    SCOPE = "scope"
    VIEWER = "viewer"
