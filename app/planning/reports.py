"""What became of a sprint: what it was started with, what came and went, what was done, by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.projects.models import StatusCategory

MOST_DAYS = 366
"""Of a burndown; a longer one ends there."""


class ScopeChangeKind(StrEnum):
    """What happened to a sprint's scope after its start."""

    ADDED = "added"
    REMOVED = "removed"
    ESTIMATED = "estimated"


@dataclass(frozen=True)
class ScopeChange:
    """A task that came, went, or got another estimate. ``estimate`` is its new one (of a removed one: its last)."""

    kind: ScopeChangeKind
    task_id: UUID
    actor_id: UUID | None
    at: datetime
    previous_estimate: float | None
    estimate: float | None


@dataclass(frozen=True)
class Amount:
    """So many tasks, and the sum of their estimates."""

    count: int = 0
    estimate: float = 0.0


@dataclass(frozen=True)
class Day:
    """How a sprint stood at the end of a day: all that is in it, and what of that is neither done nor cancelled."""

    day: date
    total: Amount
    remaining: Amount


@dataclass(frozen=True)
class Known:
    """What the log has told of a task so far."""

    there: bool = False
    sprint_id: str | None = None
    estimate: float | None = None
    status_id: str | None = None
    deleted_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True)
class Step:
    """One event after the start, and what was known of its task before and after."""

    event: Any
    before: Known
    after: Known


@dataclass(frozen=True)
class Report:
    """A started sprint, up to its completion or to now. ``ended``: the moment of its completion.

    ``imported``: when it was imported, if it had begun by then. What it held then is what it began with.
    """

    sprint_id: str
    started: datetime
    ended: datetime | None
    imported: datetime | None
    first: dict[UUID, Known]
    steps: tuple[Step, ...]
    categories: dict[str, str]

    def inside(self, known: Known) -> bool:
        """Whether a task is in the sprint."""
        return known.there and known.sprint_id == self.sprint_id and known.deleted_at is None

    def amount(self, tasks: Sequence[Known], *categories: StatusCategory) -> Amount:
        """Those of some tasks that are in the sprint, and in one of the categories (none: in any)."""
        return _sum(
            one for one in tasks if self.inside(one) and (not categories or self._is(one, categories))
        )

    def _is(self, known: Known, categories: Sequence[StatusCategory]) -> bool:
        return self.categories.get(known.status_id or "") in categories

    @property
    def last(self) -> list[Known]:
        """Its tasks at its end, or now."""
        known = dict(self.first)
        for step in self.steps:
            known[step.event.object_id] = step.after
        return list(known.values())

    @property
    def committed(self) -> Amount:
        """What it was started with."""
        return self.amount(list(self.first.values()))

    @property
    def changes(self) -> list[ScopeChange]:
        """What came, went and was estimated anew since, in order."""
        return [change for step in self.steps if (change := self._change(step)) is not None]

    def _change(self, step: Step) -> ScopeChange | None:
        before, after = self.inside(step.before), self.inside(step.after)
        if before == after and not (after and step.before.estimate != step.after.estimate):
            return None
        kinds = {(False, True): ScopeChangeKind.ADDED, (True, False): ScopeChangeKind.REMOVED}
        kind = kinds.get((before, after), ScopeChangeKind.ESTIMATED)
        previous = step.before.estimate if before else None
        estimate = step.after.estimate if after else step.before.estimate
        event = step.event
        return ScopeChange(kind, event.object_id, event.actor_id, event.recorded_at, previous, estimate)

    def changed(self, kind: ScopeChangeKind) -> Amount:
        """All changes of a kind together; of new estimates, by how much they are more."""
        among = [change for change in self.changes if change.kind is kind]
        sums = (
            (one.estimate or 0.0)
            - ((one.previous_estimate or 0.0) if kind is ScopeChangeKind.ESTIMATED else 0.0)
            for one in among
        )
        return Amount(len(among), round(sum(sums), 9))

    def burndown(self, zone: ZoneInfo, now: datetime) -> Iterator[Day]:
        """The end of each day from its start to its completion, or to today."""
        known, waiting = dict(self.first), list(self.steps)[::-1]
        done = self._done_before(zone)
        day, until = _day(self.started, zone), _day(self.ended or now, zone)
        for _ in range(MOST_DAYS):
            if day > until:
                return
            while waiting and _day(waiting[-1].event.recorded_at, zone) <= day:
                step = waiting.pop()
                known[step.event.object_id] = step.after
            inside = {task_id: one for task_id, one in known.items() if self.inside(one)}
            left = (
                one for id_, one in inside.items() if self._is(one, OPEN) or done.get(id_, date.min) > day
            )
            yield Day(day, _sum(inside.values()), _sum(left))
            day += timedelta(days=1)

    def _done_before(self, zone: ZoneInfo) -> dict[UUID, date]:
        """The days on which tasks were closed that were so when they were imported, as they say themselves."""
        if self.imported is None:
            return {}
        until = min(self.imported, self.ended or self.imported)
        return {
            task_id: _day(moment_told(one.completed_at, until), zone)
            for task_id, one in self.first.items()
            if one.completed_at is not None
        }


def _sum(tasks: Iterable[Known]) -> Amount:
    estimates = [one.estimate or 0.0 for one in tasks]
    return Amount(len(estimates), round(sum(estimates), 9))


def _day(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # an imported moment on the first day that there is
        return moment.date()


def moment_told(told: str | None, until: datetime) -> datetime:
    """A moment that an imported state tells. ``until``: it cannot be later; also for what is not told."""
    return until if told is None else min(datetime.fromisoformat(told), until)


OPEN = (StatusCategory.BACKLOG, StatusCategory.UNSTARTED, StatusCategory.STARTED)
