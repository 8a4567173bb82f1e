"""What became of a sprint, read from the log: what it was started with, what came and went, what was done, by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.db import Reader
from app.projects.models import Status, StatusCategory
from app.projects.reads import STATUSES, by_project
from app.sprints.events import SPRINT_COMPLETED, SPRINT_STARTED
from app.statements import Statement, as_keys, sql
from app.tasks.events import TASK_LEFT

MOST_DAYS = 366
"""Of a burndown; a longer one ends there."""

_TOLD = ("sprint_id", "estimate", "status_id", "deleted_at")

# Of each event only what moves a task in or out of a sprint, or how far it is, is taken out of its payload.
_EVENTS: Statement[Any] = sql(
    """
    SELECT asked.id AS sprint_id, e.seq, e.kind, e.object_id, e.actor_id, e.recorded_at,
           CASE WHEN e.payload ? 'state'
                THEN (SELECT jsonb_object_agg(one.key, one.value) FROM jsonb_each(e.payload -> 'state') AS one
                      WHERE one.key = ANY($3::text[]))
                ELSE (SELECT jsonb_object_agg(one.key, one.value -> 'new')
                      FROM jsonb_each(e.payload #> '{delta,set}') AS one WHERE one.key = ANY($3::text[]))
           END AS told
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    CROSS JOIN LATERAL (
        SELECT asked.id AS object_id
      UNION ALL
        SELECT s.task_id FROM sprint_tasks s WHERE s.project_id = asked.project_id AND s.sprint_id = asked.id
    ) AS of
    JOIN events e ON e.scope_id = asked.project_id AND e.object_id = of.object_id
    ORDER BY asked.id, e.seq
    """,
    "project_ids", "ids", "fields",
)  # fmt: skip


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
class _Known:
    """What the log has told of a task so far."""

    there: bool = False
    sprint_id: str | None = None
    estimate: float | None = None
    status_id: str | None = None
    deleted_at: str | None = None


@dataclass(frozen=True)
class _Step:
    """One event after the start, and what was known of its task before and after."""

    event: Any
    before: _Known
    after: _Known


@dataclass(frozen=True)
class Report:
    """A started sprint, up to its completion or to now. ``ended``: the moment of its completion."""

    sprint_id: str
    started: datetime
    ended: datetime | None
    first: dict[UUID, _Known]
    steps: tuple[_Step, ...]
    categories: dict[str, str]

    def inside(self, known: _Known) -> bool:
        """Whether a task is in the sprint."""
        return known.there and known.sprint_id == self.sprint_id and known.deleted_at is None

    def amount(self, tasks: Sequence[_Known], *categories: StatusCategory) -> Amount:
        """Those of some tasks that are in the sprint, and in one of the categories (none: in any)."""
        among = [
            one
            for one in tasks
            if self.inside(one) and (not categories or self.categories.get(one.status_id or "") in categories)
        ]
        return Amount(len(among), round(sum(one.estimate or 0.0 for one in among), 9))

    @property
    def last(self) -> list[_Known]:
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

    def _change(self, step: _Step) -> ScopeChange | None:
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
        day, until = self.started.astimezone(zone).date(), (self.ended or now).astimezone(zone).date()
        for _ in range(MOST_DAYS):
            if day > until:
                return
            while waiting and waiting[-1].event.recorded_at.astimezone(zone).date() <= day:
                step = waiting.pop()
                known[step.event.object_id] = step.after
            tasks = list(known.values())
            yield Day(day, self.amount(tasks), self.amount(tasks, *OPEN))
            day += timedelta(days=1)


OPEN = (StatusCategory.BACKLOG, StatusCategory.UNSTARTED, StatusCategory.STARTED)


async def reports_of(reader: Reader, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Report]:
    """By sprint, of those (project, sprint) that were started, in two statements.

    Statuses mean what they mean today.
    """
    project_ids, ids = as_keys(list(dict.fromkeys(keys)))
    rows = await reader.rows(_EVENTS, project_ids=project_ids, ids=ids, fields=list(_TOLD))
    statuses: dict[UUID, list[Status]] = await by_project(reader, STATUSES, list(set(project_ids)))
    categories = {str(status.id): status.category for words in statuses.values() for status in words}
    by_sprint: dict[UUID, list[Any]] = {}
    for row in rows:
        by_sprint.setdefault(row.sprint_id, []).append(row)
    reports = {sprint_id: _report(sprint_id, events, categories) for sprint_id, events in by_sprint.items()}
    return {sprint_id: report for sprint_id, report in reports.items() if report is not None}


def _report(sprint_id: UUID, events: Sequence[Any], categories: dict[str, str]) -> Report | None:
    known: dict[UUID, _Known] = {}
    first: dict[UUID, _Known] | None = None
    steps: list[_Step] = []
    started = ended = None
    for event in events:
        if event.object_id == sprint_id:
            if event.kind == SPRINT_STARTED.name:
                first, started = dict(known), event.recorded_at
            elif event.kind == SPRINT_COMPLETED.name:
                ended = event.recorded_at
                break
            continue
        before = known.get(event.object_id, _Known())
        known[event.object_id] = after = _next(before, event)
        if first is not None and before != after:
            steps.append(_Step(event, before, after))
    if first is None or started is None:
        return None
    return Report(str(sprint_id), started, ended, first, tuple(steps), categories)


def _next(known: _Known, event: Any) -> _Known:
    if event.kind == TASK_LEFT.name:
        return _Known()
    return replace(known, there=True, **(event.told or {}))
