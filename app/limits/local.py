"""Buckets in this process alone: what counts while Redis is away."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from pyrate_limiter import Decision, InMemoryStateStore

from app.limits.rates import Charge, Verdict, Weighted, standings

_KEPT: Final = 10_000
"""Callers whose buckets are kept; the one longest unheard of begins anew."""


class LocalBuckets:
    """Buckets by caller. ``clock`` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stores: OrderedDict[str, InMemoryStateStore] = OrderedDict()

    def charge(self, key: str, charges: Sequence[Charge]) -> Verdict:
        """Take all of it or nothing."""
        now = int(self._clock() * 1000)
        rates = [charge.bucket.rate for charge in charges]
        algorithm = Weighted([charge.weight for charge in charges])
        store = self._store(key)
        decision: Decision = store.check(algorithm, rates, now, 1)  # type: ignore[no-untyped-call]
        state = store.read(algorithm, rates)  # type: ignore[no-untyped-call]
        standing = standings([charge.bucket for charge in charges], state, now)
        if decision.allowed:
            return Verdict(standing)
        place = next(n for n, rate in enumerate(rates) if rate is decision.failing_rate)
        return Verdict(standing, place, (decision.retry_after_ms or 0) / 1000)

    def correct(self, key: str, charges: Sequence[Charge], units: int) -> None:
        """Take `units` more from the first of a caller's buckets, or give them back if negative."""
        if key in self._stores and units:
            rates = [charges[0].bucket.correcting, *(charge.bucket.rate for charge in charges[1:])]
            weights = [units, *(0 for _ in charges[1:])]
            store = self._store(key)
            store.check(Weighted(weights), rates, int(self._clock() * 1000), 1)  # type: ignore[no-untyped-call]

    def _store(self, key: str) -> InMemoryStateStore:
        store = self._stores.get(key)
        if store is None:
            store = self._stores[key] = InMemoryStateStore()
            if len(self._stores) > _KEPT:
                self._stores.popitem(last=False)
        else:
            self._stores.move_to_end(key)
        return store
