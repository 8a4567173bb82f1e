"""How fast one socket may send messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pyrate_limiter import GCRA, Rate

BURST: Final = 4
"""Times a second's messages may come at once: a client that reconnects begins all its subscriptions again."""

State = tuple[float, ...]
"""What is kept of one socket: when its bucket will be full."""

FULL: Final[State] = (0.0,)


class Pace:
    """Token buckets (pyrate-limiter's), whose states the sockets keep. ``clock``: seconds."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = [Rate(per_second, 1000, BURST * per_second)]
        self._algorithm = GCRA()
        (self._one,), _ = self._algorithm.step(self._rates, (0,), 0, 1)

    def step(self, state: State) -> State | None:
        """The state after one message more; None if that is not within it."""
        now = int(self._clock() * 1000)
        # What the library works out, where it does not refuse.
        full_at = max(int(state[0]), now * 1000) + self._one
        if full_at - self._rates[0].burst * self._one <= now * 1000:
            return (full_at,)
        after, decision = self._algorithm.step(self._rates, state, now, 1)
        return after if decision.allowed else None
