"""What a figure is, and what comes of measuring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.measuring import Spread, rounded
from benchmarks.stage import Bench

Met = Literal["aim", "must", "no", "failed"]


@dataclass(frozen=True)
class Rounds:
    """What was measured: a value of each round, of ours and of theirs measured in turns.

    Without `theirs`, ours is held against a bound in its own unit. `beside` is shown with it and held against nothing.
    """

    ours: Sequence[float]
    theirs: Sequence[float] | None
    beside: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One line of the table. `must` and `aim` bound the ratio ours / theirs, or ours itself where there is no peer."""

    key: str
    title: str
    unit: str
    peer: str
    must: float
    aim: float
    measure: Callable[[Bench], Rounds]
    better: Literal["less", "more"] = "less"

    def met(self, value: float) -> Met:
        """The strongest bound that holds."""
        sign = 1 if self.better == "less" else -1
        bounds: tuple[tuple[Met, float], ...] = (("aim", self.aim), ("must", self.must))
        return next((name for name, bound in bounds if value * sign <= bound * sign), "no")

    def result(self, rounds: Rounds) -> dict[str, Any]:
        """The line as it stands in `latest.json`."""
        ours = Spread.of(rounds.ours)
        theirs = Spread.of(rounds.theirs) if rounds.theirs is not None else None
        ratio = Spread.of_ratios(rounds.ours, rounds.theirs) if rounds.theirs is not None else None
        judged = ratio or ours
        return {
            **self._line(),
            "ours": rounded(ours.median),
            "theirs": theirs and rounded(theirs.median),
            "ratio": ratio and rounded(ratio.median),
            "spread": [rounded(judged.low), rounded(judged.high)],
            "met": self.met(judged.median),
            "rounds": len(rounds.ours),
            "beside": rounds.beside,
        }

    def failure(self, reason: str) -> dict[str, Any]:
        """The line of a figure that could not be measured."""
        empty = {"ours": None, "theirs": None, "ratio": None, "spread": None}
        return {**self._line(), **empty, "met": "failed", "reason": reason}

    def _line(self) -> dict[str, Any]:
        return {
            "figure": self.key, "title": self.title, "unit": self.unit, "peer": self.peer,
            "better": self.better, "must": rounded(self.must), "aim": rounded(self.aim),
        }  # fmt: skip
