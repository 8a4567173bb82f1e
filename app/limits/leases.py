"""A little of a busy caller's quota, held by this process: most of their requests then need not ask Redis.

What is held was taken from the shared buckets before, so all processes together never let through more than there is.
It is little (`PORTION`) and held briefly (`LEASE_SECONDS`), and what was not used goes back: meanwhile another process
may refuse a caller who is that near to their limit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.limits.rates import Bucket, Charge, Standing, Verdict
from app.limits.shared import SharedBuckets

LEASE_SECONDS: Final = 1.0
PORTION: Final = 100
"""A hundredth of a quota is taken at once, and at most so many units of what is counted one by one."""
KEPT: Final = 10
"""Of what an operation was charged too much, up to a tenth of the quota waits here for the caller's next one."""


@dataclass(slots=True, eq=False)
class Lease:
    """What is held of one caller's buckets, in their order; how they stood when Redis was last asked."""

    units: list[int]
    told: Sequence[Standing] = ()
    asking: bool = False
    ending: asyncio.TimerHandle | None = field(default=None, repr=False)


class LeasedBuckets:
    """Shared buckets by caller, asked in portions by whoever comes again within a second."""

    def __init__(self, shared: SharedBuckets, clock: Callable[[], float] | None = None) -> None:
        self._shared = shared
        self._clock = clock or time.time
        self._leases: dict[str, Lease] = {}
        self._buckets: dict[str, list[Bucket]] = {}

    def close(self) -> None:
        """Give everything back."""
        for key in list(self._leases):
            self._end(key)

    def charge_now(self, key: str, charges: Sequence[Charge]) -> Sequence[Standing] | None:
        """Take all of it from what is held here: how the buckets stand then. None: there is not as much."""
        lease = self._leases.get(key)
        if lease is None:
            return None
        left = [units - charge.weight for units, charge in zip(lease.units, charges, strict=True)]
        if min(left) < 0:
            return None
        lease.units = left
        return self._standings(lease, charges)

    async def charge(self, key: str, charges: Sequence[Charge], wait_seconds: float) -> Verdict:
        """Take all of it or nothing. Raises `Away`."""
        lease = self._leases.get(key)
        weights = [charge.weight for charge in charges]
        if lease is None:
            verdict = await self._shared.charge(key, charges, wait_seconds)
            if verdict.refused is None and key not in self._leases:
                self._begin(key, charges, verdict)
            return verdict
        standings = self.charge_now(key, charges)
        if standings is not None:
            return Verdict(standings)
        held = [min(weight, units) for weight, units in zip(weights, lease.units, strict=True)]
        lease.units = [units - part for units, part in zip(lease.units, held, strict=True)]
        needed = [weight - part for weight, part in zip(weights, held, strict=True)]
        try:
            verdict = await self._ask(key, lease, charges, needed, wait_seconds)
        except BaseException:
            self._return(key, lease, charges, held)
            raise
        if verdict.refused is not None:
            self._return(key, lease, charges, held)
            return verdict
        lease.told = verdict.standings
        return Verdict(self._standings(lease, charges))

    async def _ask(
        self, key: str, lease: Lease, charges: Sequence[Charge], needed: list[int], wait_seconds: float
    ) -> Verdict:
        """Take what is needed, and a portion besides if that is to be had; one caller's requests not each their own."""
        portions = [
            min(charge.bucket.quota // 100, PORTION if charge.units == 1 else charge.bucket.quota)
            if more and not lease.asking
            else 0
            for charge, more in zip(charges, needed, strict=True)
        ]
        if any(portions):
            lease.asking = True
            try:
                wanted = [
                    Charge(charge.bucket, more + portion)
                    for charge, more, portion in zip(charges, needed, portions, strict=True)
                ]
                verdict = await self._shared.charge(key, wanted, wait_seconds)
            finally:
                lease.asking = False
            if verdict.refused is None:
                self._return(key, lease, charges, portions)
                return verdict
        exact = [Charge(charge.bucket, more) for charge, more in zip(charges, needed, strict=True)]
        return await self._shared.charge(key, exact, wait_seconds)

    def correct(self, key: str, bucket: Bucket, units: int) -> None:
        """Take `units` more from the first of a caller's buckets, or give them back if negative; nobody waits."""
        lease = self._leases.get(key)
        if lease is not None:
            spare = max(bucket.quota // KEPT - lease.units[0], 0)
            part = min(units, lease.units[0]) if units > 0 else max(units, -spare)
            lease.units[0] -= part
            units -= part
        self._shared.correct(key, bucket, units)

    def _begin(self, key: str, charges: Sequence[Charge], verdict: Verdict) -> None:
        lease = Lease([0 for _ in charges], verdict.standings)
        lease.ending = asyncio.get_running_loop().call_later(LEASE_SECONDS, self._end, key)
        self._leases[key] = lease
        self._buckets[key] = [charge.bucket for charge in charges]

    def _end(self, key: str) -> None:
        lease, buckets = self._leases.pop(key), self._buckets.pop(key)
        if lease.ending is not None:
            lease.ending.cancel()
        self._shared.give_back(key, list(map(Charge, buckets, lease.units)))

    def _return(self, key: str, lease: Lease, charges: Sequence[Charge], units: Sequence[int]) -> None:
        if self._leases.get(key) is lease:
            lease.units = [left + part for left, part in zip(lease.units, units, strict=True)]
        else:  # it has ended meanwhile
            self._shared.give_back(
                key, [Charge(one.bucket, part) for one, part in zip(charges, units, strict=True)]
            )

    def _standings(self, lease: Lease, charges: Sequence[Charge]) -> list[Standing]:
        """How the buckets stand, with what is held here."""
        limited = [units for charge, units in zip(charges, lease.units, strict=True) if charge.bucket.quota]
        now = self._clock()
        found = []
        for one, units in zip(lease.told, limited, strict=True):
            bucket, left = one.bucket, one.remaining + units
            full_at = one.full_at - units * bucket.unit_seconds
            found.append(Standing(bucket, min(bucket.quota, left), max(now, full_at)))
        return found
