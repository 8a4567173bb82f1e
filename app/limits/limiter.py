"""What an operation is charged, and the answer to who asks for too much.

Every operation is charged for being one and for what it may cost, before it runs; afterwards the cost is corrected to
what it was. Redis counts for all processes. While it is away each process counts alone, and nobody can sign in.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Final, Literal
from uuid import UUID

import structlog

from app import metrics
from app.config import Settings
from app.errors import ClientError, Unavailable
from app.limits.addresses import network
from app.limits.leases import LeasedBuckets
from app.limits.local import LocalBuckets
from app.limits.rates import Bucket, Charge, Standing, Verdict
from app.limits.shared import Away, Clock, SharedBuckets

log = structlog.get_logger(__name__)

Kind = Literal["query", "mutation", "subscription"]

SIGN_IN_WAIT_SECONDS: Final = 2.0
KNOWN_DAYS: Final = 90
"""How long an address counts as its owner's own, after a sign-in that succeeded there."""
_BLOCKED_KEPT: Final = 10_000
_CHARGES_KEPT: Final = 1000

_MESSAGES: Final = {
    "cost": "Your operations cost more than {quota} in a minute.",
    "requests": "You sent more than {quota} operations in a minute.",
    "writes": "You sent more than {quota} mutations in a minute.",
    "subscriptions": "You began more than {quota} subscriptions in a minute.",
    "sign-in": "Too many attempts to sign in.",
}


class RateLimited(ClientError):
    """Too much was asked for. ``standings``: how the caller's buckets stand, as far as that may be told."""

    def __init__(self, bucket: Bucket, wait_seconds: float, standings: Sequence[Standing] = ()) -> None:
        seconds = max(ceil(wait_seconds), 1)
        told = _MESSAGES[bucket.name].format(quota=f"{bucket.quota:,}")
        super().__init__(
            "RATE_LIMITED",
            f"{told} Try again in {seconds} seconds.",
            policy=bucket.name,
            retryAfterSeconds=seconds,
        )
        self.standings = standings


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose buckets are charged: a person's, or those of an address that nobody is signed in at."""

    key: str
    signed_in: bool

    @classmethod
    def of(cls, user_id: UUID | None, address: str) -> Payer:
        """A person wherever they are; else the address (of IPv6 the /64, which one customer has whole)."""
        return cls(f"a:{network(address)}", signed_in=False) if user_id is None else _person(user_id)


@lru_cache(maxsize=10_000)
def _person(user_id: UUID) -> Payer:
    return Payer(f"u:{user_id}", signed_in=True)


@dataclass(frozen=True, slots=True)
class Admission:
    """An operation that may run, and how its caller's buckets stand then."""

    payer: Payer
    cost: int
    standings: Sequence[Standing] = ()

    def standing(self, name: str) -> Standing | None:
        """That of one bucket; None where there is no such limit."""
        return next((one for one in self.standings if one.bucket.name == name), None)


class Limits:
    """One process's view of everybody's buckets. ``clock`` (epoch seconds) is a test's."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._shared = SharedBuckets(settings.redis_url, clock)
        self._leased = LeasedBuckets(self._shared, clock)
        self._local = LocalBuckets(clock or time.time)
        self._wait_seconds = settings.limits_wait_ms / 1000
        self._blocked: OrderedDict[str, tuple[float, Bucket]] = OrderedDict()
        self._clock = clock or time.monotonic
        self._cost = Bucket("cost", settings.cost_per_minute)
        self._requests = {
            True: Bucket("requests", settings.requests_per_minute),
            False: Bucket("requests", settings.anonymous_requests_per_minute),
        }
        self._writes = Bucket("writes", settings.writes_per_minute)
        self._subscriptions = Bucket("subscriptions", settings.subscriptions_per_minute)
        self._known: dict[tuple[bool, Kind | None, int], Sequence[Charge]] = {}
        attempts = settings.sign_in_attempts
        self._pair = Bucket("sign-in", attempts, 600)
        self._account = Bucket("sign-in", settings.sign_in_attempts_per_account, 3600)
        self._address = Bucket("sign-in", settings.sign_in_attempts_per_address, 600)

    async def close(self) -> None:
        """Let go of Redis."""
        self._leased.close()
        await self._shared.close()

    def check_blocked(self, payer: Payer) -> None:
        """Raise ``RateLimited`` for a caller who was just told to wait: before their request is even read."""
        blocked = self._blocked.get(payer.key)
        if blocked is None:
            return
        until, bucket = blocked
        left = until - self._clock()
        if left > 0:
            metrics.RATE_LIMITED.labels(bucket.name).inc()
            raise RateLimited(bucket, left)
        del self._blocked[payer.key]

    async def admit(self, payer: Payer, kind: Kind | None, cost: int) -> Admission:
        """Charge for an operation, before it runs (`kind` None: for a request that is none). Raises ``RateLimited``."""
        if self._is_free(payer, kind):
            return Admission(payer, cost)
        charges = self._charges(payer, kind, cost)
        if not any(charge.weight for charge in charges):
            return Admission(payer, cost)
        try:
            verdict = await self._leased.charge(payer.key, charges, self._wait_seconds)
        except Away:
            metrics.LIMITS_ALONE.inc()
            verdict = self._local.charge(payer.key, charges)
        if verdict.refused is not None:
            raise self._refusal(payer, charges[verdict.refused].bucket, verdict)
        return Admission(payer, cost, verdict.standings)

    def admit_now(self, payer: Payer, kind: Kind | None, cost: int) -> Admission | None:
        """The same without asking Redis: where there is no limit, or enough is held here. None: nothing was charged."""
        if self._is_free(payer, kind):
            return Admission(payer, cost)
        standings = self._leased.charge_now(payer.key, self._charges(payer, kind, cost))
        return None if standings is None else Admission(payer, cost, standings)

    def settle(self, admission: Admission, spent: int) -> None:
        """Correct the cost to what it was; nobody waits for it."""
        more = min(spent, self._cost.quota) - min(admission.cost, self._cost.quota)
        if more and admission.standings and self._cost.quota:
            charges = self._charges(admission.payer, None, 0)
            self._leased.correct(admission.payer.key, self._cost, more)
            self._local.correct(admission.payer.key, charges, more)

    def _is_free(self, payer: Payer, kind: Kind | None) -> bool:
        """Whether there is no limit for such operations at all."""
        return not (
            self._cost.quota or self._requests[payer.signed_in].quota
            or (kind == "mutation" and self._writes.quota)
            or (kind == "subscription" and self._subscriptions.quota)
        )  # fmt: skip

    def _charges(self, payer: Payer, kind: Kind | None, cost: int) -> Sequence[Charge]:
        known = self._known.get((payer.signed_in, kind, cost))
        if known is not None:
            return known
        if len(self._known) >= _CHARGES_KEPT:
            self._known.clear()
        charges = self._known[payer.signed_in, kind, cost] = (
            Charge(self._cost, cost),
            Charge(self._requests[payer.signed_in], 1),
            Charge(self._writes, int(kind == "mutation")),
            Charge(self._subscriptions, int(kind == "subscription")),
        )
        return charges

    def _refusal(self, payer: Payer, bucket: Bucket, verdict: Verdict) -> RateLimited:
        metrics.RATE_LIMITED.labels(bucket.name).inc()
        if bucket.name == "requests":
            self._blocked[payer.key] = (self._clock() + verdict.wait_seconds, bucket)
            if len(self._blocked) > _BLOCKED_KEPT:
                self._blocked.popitem(last=False)
        return RateLimited(bucket, verdict.wait_seconds, verdict.standings)

    async def throttle_sign_in(self, address: str, account: str, *, secret: bool = False) -> None:
        """Count an attempt to prove who one is, before anything is looked up or compared.

        `account`: what is claimed (an e-mail address as it is kept, an id), whether it exists or not; `secret`: a
        token, which nobody guesses. Few attempts for one account from one address; more for an account from all
        addresses together, but those where its owner has signed in before are not among them: strangers cannot keep
        the owner out there. Raises ``RateLimited``, and ``Unavailable`` while Redis is away: nobody could count the
        attempts that reach all processes then.
        """
        if not self._pair.quota:
            return
        pair = _pair(address, account)
        try:
            if not secret:
                await self._attempt(f"sign-in:address:{network(address)}", self._address)
            await self._attempt(f"sign-in:pair:{pair}", self._pair)
            if not secret and not await self._shared.remembers(f"sign-in:known:{pair}"):
                await self._attempt(f"sign-in:account:{_digest(account)}", self._account)
        except Away as away:
            log.warning("sign_in_refused", error=repr(away))
            raise Unavailable(
                "Attempts to sign in cannot be counted just now, so there are none. Try again shortly."
            ) from away

    async def _attempt(self, key: str, bucket: Bucket) -> None:
        verdict = await self._shared.charge(key, [Charge(bucket, 1)], SIGN_IN_WAIT_SECONDS, insist=True)
        if verdict.refused is not None:
            metrics.RATE_LIMITED.labels(bucket.name).inc()
            raise RateLimited(bucket, verdict.wait_seconds)

    async def sign_in_succeeded(self, address: str, account: str, *, secret: bool = False) -> None:
        """Of one account's attempts only failures count; and this address is its owner's own from now on."""
        if not self._pair.quota:
            return
        pair = _pair(address, account)
        self._shared.correct(f"sign-in:pair:{pair}", self._pair, -1)
        if not secret:
            await self._shared.remember(f"sign-in:known:{pair}", KNOWN_DAYS)


def _pair(address: str, account: str) -> str:
    return _digest(f"{network(address)} {account}")


def _digest(text: str) -> str:
    # Addresses of people and tokens are nothing for Redis to know.
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
