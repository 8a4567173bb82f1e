"""Enums of boards."""

from __future__ import annotations

from app.boards.models import BoardLimitMode, BoardSwimlanes
from schema.enums import describe

__all__ = ["BoardLimitMode", "BoardSwimlanes"]

describe(
    BoardSwimlanes,
    "What a board's cards are grouped by, across its columns.",
    NONE="Nothing: one lane.",
    ASSIGNEE="Who they are assigned to; a card of several people is in the lane of each.",
    PRIORITY="Their priority.",
    EPIC="The epic (a task of the type “epic”) that they are part of.",
    LABEL="Their labels; a card with several is in the lane of each.",
)
describe(
    BoardLimitMode,
    "What a column's limit does.",
    WARN="It is shown: `overLimit` is true.",
    REFUSE="A task that would go over it is refused (`TransitionRefused`), whatever brings it there.",
)
