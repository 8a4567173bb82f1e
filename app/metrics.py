"""What `/metrics` shows (Prometheus). Names are stable: dashboards depend on them."""

from __future__ import annotations

from typing import Any

import prometheus_client
from prometheus_client import Histogram
from prometheus_client.values import MutexValue


class Counter(prometheus_client.Counter):
    """The library's, which finds what it counts by its labels at once, and counts by one without looking at everything
    else that it could be asked for: it is asked several times in each request.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._known: dict[tuple[str, ...], prometheus_client.Counter] = {}
        super().__init__(*given, **named)
        value = getattr(self, "_value", None)  # one with labels has none itself
        self._own: Any = value if isinstance(value, MutexValue) else None

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        """Count so many more."""
        own = self._own
        if own is None or amount != 1 or exemplar:
            super().inc(amount, exemplar)
            return
        with own._lock:  # noqa: SLF001 -- as `MutexValue.inc` does
            own._value += 1  # noqa: SLF001

    def labels(self, *values: str) -> prometheus_client.Counter:  # type: ignore[override]
        """The counter for these values of the labels, in their order."""
        known = self._known.get(values)
        if known is None:
            known = self._known[values] = super().labels(*values)
        return known


class Gauge(prometheus_client.Gauge):
    """The same for what goes up and down."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        value = getattr(self, "_value", None)
        self._own: Any = value if isinstance(value, MutexValue) else None

    def inc(self, amount: float = 1) -> None:
        """So many more."""
        if self._own is None:
            super().inc(amount)
            return
        with self._own._lock:  # noqa: SLF001
            self._own._value += amount  # noqa: SLF001

    def dec(self, amount: float = 1) -> None:
        """So many less."""
        self.inc(-amount)


STATEMENTS = Counter("lockstep_statements_total", "SQL statements sent.")
UNITS = Counter("lockstep_units_total", "Units of work by outcome.", ["outcome"])
UNIT_RERUNS = Counter(
    "lockstep_unit_reruns_total", "Units run again after a serialization failure or deadlock."
)
BATCHES = Histogram(
    "lockstep_batch_size",
    "Commands that were committed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
EVENTS = Counter("lockstep_events_total", "Events appended, by kind.", ["kind"])
CONFLICTS = Counter("lockstep_conflicts_total", "Edits answered with a version conflict.")
MERGES = Counter("lockstep_merges_total", "Stale edits that merged.")
REPLAYED = Counter("lockstep_replayed_mutations_total", "Retried mutations answered from their kept outcome.")
PUBLISH_FAILURES = Counter(
    "lockstep_publish_failures_total", "Commits whose Redis message could not be sent."
)
MAILS = Counter("lockstep_mails_total", "Mails by outcome: sent, failed, dropped.", ["outcome"])
REDIS_RECONNECTS = Counter("lockstep_redis_reconnects_total", "Attempts at a new connection to Redis.")
MESSAGES_DROPPED = Counter(
    "lockstep_messages_dropped_total", "Redis messages dropped because too many waited."
)
RESYNCS = Counter("lockstep_resyncs_total", "Streams told to reload, by reason.", ["reason"])
SUBSCRIBERS = Gauge("lockstep_subscribers", "Open event streams.")
HUB_LAG = Histogram(
    "lockstep_hub_lag_seconds",
    "From an event's recording to its delivery to this process's subscribers.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
HUB_PAUSED = Gauge("lockstep_hub_paused", "1 while streams are paused because the log cannot be read.")
REQUESTS = Counter(
    "lockstep_requests_total", "GraphQL operations, by transport and outcome.", ["transport", "outcome"]
)
COMPILED = Counter("lockstep_compiled_operations_total", "Operations run from a compiled plan.")
NOT_COMPILED = Counter(
    "lockstep_not_compiled_operations_total",
    "Operations run on the ordinary path, by why no plan is made of them.",
    ["reason"],
)
KEPT_ANSWERS = Counter(
    "lockstep_kept_answers_total",
    "Queries by what became of their answers: given again (hit, unchanged), made (passed, unknown), and why not kept.",
    ["outcome"],
)
RATE_LIMITED = Counter(
    "lockstep_rate_limited_total", "Requests refused for their rate, by policy.", ["policy"]
)
LIMITS_ALONE = Counter(
    "lockstep_limits_alone_total", "Requests counted by this process alone, because Redis did not answer."
)
