"""Token buckets: what may be spent at once, and how it comes back. The algorithm is pyrate-limiter's (GCRA).

A bucket holds its quota and fills evenly. All buckets of one caller are charged together, all or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from pyrate_limiter import GCRA, Decision, Rate

State = tuple[float, ...]
"""For each bucket when it will be full (microseconds, epoch)."""

_PLUS_HALF: Final = 0.5
_NOTHING: Final = (1e-6, 1e21)
_ENDLESS: Final = 10**12


@dataclass(frozen=True, slots=True)
class Bucket:
    """It holds `quota` units, and as many come back within `seconds`. A quota of 0 is no limit."""

    name: str
    quota: int
    seconds: int = 60
    unit_seconds: float = field(init=False, repr=False, compare=False)
    """Until one unit has come back."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit_seconds", self.seconds / max(self.quota, 1))

    @property
    def rate(self) -> Rate:
        """As pyrate-limiter has it."""
        return Rate(max(self.quota, 1), self.seconds * 1000)

    @property
    def correcting(self) -> Rate:
        """For corrections: they are never refused, and may leave the bucket owing."""
        return Rate(max(self.quota, 1), self.seconds * 1000, _ENDLESS)


@dataclass(frozen=True, slots=True)
class Charge:
    """What to take from one bucket; of one without a limit nothing is taken."""

    bucket: Bucket
    units: int
    weight: int = field(init=False, repr=False, compare=False)
    """Never more than the whole bucket: else it would be refused for ever."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", min(self.units, self.bucket.quota))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bucket stands after a charge. `full_at`: epoch seconds."""

    bucket: Bucket
    remaining: int
    full_at: float

    @property
    def more_seconds(self) -> int:
        """Until there is more in it, rounded up; 0 if it is full."""
        return 0 if self.remaining >= self.bucket.quota else ceil(self.bucket.unit_seconds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of charges. `refused`: the place of the first that was not to be had, with how long to wait."""

    standings: Sequence[Standing]
    refused: int | None = None
    wait_seconds: float = 0.0


class Weighted(GCRA):
    """GCRA over several buckets at once, from each of which something else is taken.

    The library's script takes one weight from all. A weight w at an interval e from a burst b is the same arithmetic
    as a weight 1 at w·e from b/w: so each is 1 for the script, and 0 is next to nothing from next to everything.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights = tuple(weights)

    def step(self, rates: list[Rate], state: State, now: int, weight: int) -> tuple[State, Decision]:
        """In this process what the script does in Redis: all or nothing."""
        advanced: list[float] = []
        for rate, at, own in zip(rates, state, self._weights, strict=True):
            moved: State = (at,)
            if own:
                moved, decision = super().step([rate], (at,), now, own)
                if not decision.allowed:
                    return state, decision
            advanced += moved
        return tuple(advanced), Decision()

    def redis_args(self, rates: list[Rate]) -> list[int | float]:
        """Interval (microseconds) and burst of each bucket, as the script takes them."""
        arguments: list[int | float] = []
        for rate, own in zip(rates, self._weights, strict=True):
            interval = self._emission_us(rate) * own
            # Half a microsecond keeps the quotient's rounding from refusing the last unit.
            arguments += (interval, rate.burst / own + _PLUS_HALF / interval) if own else _NOTHING
        return arguments


def standings(buckets: Sequence[Bucket], state: State, now: int) -> list[Standing]:
    """How the limited ones of these buckets stand, by their state at `now` (epoch milliseconds)."""
    algorithm = GCRA()
    found = []
    for bucket, at in zip(buckets, state, strict=True):
        if bucket.quota:
            owed = algorithm.consumed([bucket.rate], (at,), now)
            found.append(Standing(bucket, max(bucket.quota - owed, 0), max(at / 1e6, now / 1000)))
    return found
