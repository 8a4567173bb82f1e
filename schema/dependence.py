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
    whole: Dependence | None = Dependence.SCOPE
    for one in found:
        if one is not whole:
            whole = _STRONGER[whole, one]
    return whole


def _stronger(one: Dependence | None, other: Dependence | None) -> Dependence | None:
    return None if one is None or other is None else max(one, other, key=ORDER.index)


_STRONGER = {(one, other): _stronger(one, other) for one in (*ORDER, None) for other in (*ORDER, None)}


BY_SCOPE: dict[str, Any] = {"dependence": Dependence.SCOPE, "logged": True}
BY_ROLE: dict[str, Any] = {"dependence": Dependence.ROLE, "logged": True}
BY_VIEWER: dict[str, Any] = {"dependence": Dependence.VIEWER, "logged": True}
"""For `edge(…, **BY_SCOPE)`: of whom values depend, and that whatever changes them is logged."""
