"""How fast one socket may send messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pyrate_limiter import GCRA, InMemoryStateStore, Rate

BURST: Final = 4
"""Times a second's messages may come at once: a client that reconnects begins all its subscriptions again."""


class Pace:
    """A token bucket of this process (pyrate-limiter's). ``clock``: seconds."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = [Rate(per_second, 1000, BURST * per_second)]
        self._store = InMemoryStateStore()
        self._algorithm = GCRA()

    def keeps(self) -> bool:
        """Whether one message more is within it."""
        now = int(self._clock() * 1000)
        decision = self._store.check(self._algorithm, self._rates, now, 1)  # type: ignore[no-untyped-call]
        return bool(decision.allowed)
