"""What a field's value depends on: declared once, so that what is the same for many is made once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Dependence(StrEnum):
    """What a field's value depends on besides the object: nothing, its viewer's role there, or its viewer."""

    SCOPE = "scope"
    ROLE = "role"
    VIEWER = "viewer"


ORDER = (Dependence.SCOPE, Dependence.ROLE, Dependence.VIEWER)
"""From the weakest to the strongest."""

LOGGED = "logged"
"""Key of a field's metadata, see `schema.edges.edge`."""


def strongest(*found: Dependence | None) -> Dependence | None:
    """What a whole depends on by its parts; None if there is one of which nobody knows."""
    if None in found:
        return None
    return max((one for one in found if one is not None), key=ORDER.index, default=Dependence.SCOPE)


BY_SCOPE: dict[str, Any] = {"dependence": Dependence.SCOPE, "logged": True}
BY_ROLE: dict[str, Any] = {"dependence": Dependence.ROLE, "logged": True}
BY_VIEWER: dict[str, Any] = {"dependence": Dependence.VIEWER, "logged": True}
"""For `edge(…, **BY_SCOPE)`: of whom values depend, and that whatever changes them is logged."""
