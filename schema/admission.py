"""What a request is charged at the doors, and what it is told of its limits.

Source of the headers: draft-ietf-httpapi-ratelimit-headers-10, "RateLimit header fields for HTTP".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from graphql import FieldNode, OperationType

from app.limits.limiter import Admission, Kind, Limits, Payer, RateLimited
from app.limits.rates import Standing
from schema.answers import Answer
from schema.callers import Caller
from schema.preparation import Prepared
from schema.sessions import Session

CURRENT: ContextVar[Admission | None] = ContextVar("admission", default=None)
"""The admission of the operation that this task runs."""

KINDS: dict[OperationType, Kind] = {
    OperationType.QUERY: "query",
    OperationType.MUTATION: "mutation",
    OperationType.SUBSCRIPTION: "subscription",
}


FREE = Admission(Payer("nobody", signed_in=False), 0)
"""Where nobody is charged."""

EXPORT_COST = 10_000
"""What a download is charged: it reads much, and writes an entry of the audit log."""


class Visit:
    """A request, or a socket: who pays for what it asks, and how their limits stand."""

    def __init__(self, limits: Limits | None, caller: Caller) -> None:
        self._limits = limits
        self.address = caller.address or "unknown"
        self._person: Payer | None = None
        self._standings: Sequence[Standing] = ()
        self._charged = False

    @property
    def _payer(self) -> Payer:
        person = self._person
        return Payer.of(None, self.address) if person is None else person

    @property
    def payer(self) -> str:
        """Whose limits these are, as one word."""
        return self._payer.key

    @property
    def is_person(self) -> bool:
        """Whether somebody is signed in."""
        return self._payer.signed_in

    def signed_in(self, session: Session) -> None:
        """From here on a person pays, if there is one. Raises `RateLimited` as `check_blocked` does."""
        viewer = getattr(session, "viewer", None)
        user_id = getattr(viewer, "user_id", None)
        if user_id is not None:
            self._person = Payer.of(user_id, self.address)
        self.check_blocked()

    def check_blocked(self) -> None:
        """Raises `RateLimited` for whoever was just told to wait: it costs next to nothing."""
        if self._limits is not None:
            self._limits.check_blocked(self._payer)

    async def admit(self, prepared: Prepared) -> Admission | None:
        """Charges for an operation that is about to run. Raises `RateLimited`."""
        return await self._charge(KINDS[prepared.kind], prepared.cost)

    def admit_now(self, prepared: Prepared) -> Admission | None:
        """`admit` where nobody need be asked. None: nothing was charged, Redis must be asked."""
        return self._charge_now(KINDS[prepared.kind], prepared.cost)

    async def admit_export(self) -> None:
        """Charges for a download, of whose rows nobody knows the number. Raises `RateLimited`."""
        await self._charge("mutation", EXPORT_COST)

    async def charge_request(self) -> None:
        """Charges for a request that runs nothing, unless it was charged already. Raises `RateLimited`."""
        if not self._charged:
            await self._charge(None, 0)

    def charge_request_now(self) -> bool:
        """The same where nobody need be asked; False where Redis must. Raises `RateLimited`."""
        return self._charged or self._charge_now(None, 0) is not None

    async def charged(self, error: Exception) -> Exception:
        """What to answer a request that failed before anything ran: that costs, too, and may be too much."""
        try:
            await self.charge_request()
        except RateLimited as limited:
            return limited
        return error

    def next(self) -> Visit:
        """The same payer's next operation on a socket."""
        visit = Visit.__new__(Visit)
        visit.__dict__.update(self.__dict__, _charged=False)
        return visit

    async def _charge(self, kind: Kind | None, cost: int) -> Admission | None:
        if self._limits is None:
            return None
        self._charged = True
        try:
            admission = await self._limits.admit(self._payer, kind, cost)
        except RateLimited as limited:
            self._standings = limited.standings
            raise
        self._standings = admission.standings
        CURRENT.set(admission)
        return admission

    def _charge_now(self, kind: Kind | None, cost: int) -> Admission | None:
        if self._limits is None:
            return FREE
        admission = self._limits.admit_now(self._payer, kind, cost)
        if admission is not None:
            self._charged = True
            self._standings = admission.standings
            CURRENT.set(admission)
        return admission

    def take_over(self, last: Visit) -> None:
        """What the last of several operations was told is what the whole request tells."""
        self._standings, self._charged = last._standings, True

    def settle(self, admission: Admission | None, answer: Answer) -> None:
        """Charges what the operation really cost."""
        if admission is not None and admission.standings and self._limits is not None:
            spent = answer.kept.spent if answer.kept is not None else answer.spent or 0
            self._limits.settle(admission, spent)

    def headers(self) -> dict[str, str]:
        """What an HTTP answer tells of the limits."""
        if not self._standings:
            return {}
        policies = ", ".join(
            [_policy(one.bucket.name, one.bucket.quota, one.bucket.seconds) for one in self._standings]
        )
        left = ", ".join(
            [f'"{one.bucket.name}";r={one.remaining};t={one.more_seconds}' for one in self._standings]
        )
        return {"RateLimit-Policy": policies, "RateLimit": left}


@lru_cache(maxsize=64)
def _policy(name: str, quota: int, seconds: int) -> str:
    # The draft's registry has no unit for cost; what is prefixed by a vendor is a comment.
    unit = ';lockstep-unit="cost"' if name == "cost" else ""
    return f'"{name}";q={quota};w={seconds}{unit}'


def retry_after(answer: Answer) -> dict[str, str]:
    """The header that says when to come back, for an answer that nothing was done for."""
    if not answer.errors:
        return {}
    told: dict[str, Any] = answer.errors[0]["extensions"]
    seconds = told.get("retryAfterSeconds")
    if seconds is None and told["code"] in ("UNAVAILABLE", "TIMEOUT"):
        seconds = 1
    return {} if seconds is None else {"Retry-After": str(seconds)}


SHED = ("RATE_LIMITED", "UNAVAILABLE", "TIMEOUT")


def as_refused(prepared: Prepared, answer: Answer) -> Answer:
    """An operation of which nothing at all was done, for want of room, as if it had not been begun.

    So that HTTP says it by its status. Each of its outermost fields must have failed: of several mutations one may
    have been done.
    """
    if not answer.errors:
        return answer
    fields = _fields(prepared) if answer.executed else set()
    if not fields or any((answer.data or {}).values()):
        return answer
    failed = {error["path"][0] for error in answer.errors if error.get("path")}
    if len(failed) < len(fields) or any(error["extensions"]["code"] not in SHED for error in answer.errors):
        return answer
    errors = [{name: told for name, told in error.items() if name != "path"} for error in answer.errors]
    return Answer(errors=errors)


def _fields(prepared: Prepared) -> set[str]:
    """The names that the outermost fields have in the answer; none where there are fragments, which are rare there."""
    nodes = prepared.operation.selection_set.selections
    named = {(node.alias or node.name).value for node in nodes if isinstance(node, FieldNode)}
    return named if all(isinstance(node, FieldNode) for node in nodes) else set()
