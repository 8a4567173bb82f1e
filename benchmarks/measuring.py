"""Numbers out of rounds: a figure is the median of its rounds, a ratio the median of each round's own ratio."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median, and the least and the most of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    @classmethod
    def of_ratios(cls, ours: Sequence[float], theirs: Sequence[float]) -> Spread:
        """Of ours / theirs in each round: what slowed both of a round down together cancels out."""
        return cls.of([our / their for our, their in zip(ours, theirs, strict=True)])

    def as_json(self) -> dict[str, float]:
        """Rounded to four digits that count."""
        return {"median": rounded(self.median), "low": rounded(self.low), "high": rounded(self.high)}


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def rounded(value: float, digits: int = 4) -> float:
    """To so many significant digits."""
    if not value or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))
