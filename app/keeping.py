"""What answers are kept by: a read that depends on more than the logs of its projects says so here."""

from __future__ import annotations

from contextvars import ContextVar
from enum import StrEnum


class Noted(StrEnum):
    """What else a read can depend on."""

    TIME = "time"
    ELSEWHERE = "scope"
    VIEWER = "viewer"


_NOTED: ContextVar[set[Noted] | None] = ContextVar("noted", default=None)


def watch(noted: set[Noted]) -> None:
    """From here on in this task what reads depend on is put there."""
    _NOTED.set(noted)


def note(what: Noted) -> None:
    """What is being read depends on what time it is, on projects that were not looked up, or on who asks."""
    noted = _NOTED.get()
    if noted is not None:
        noted.add(what)
