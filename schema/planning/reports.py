"""What became of sprints, as the log tells it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from app.errors import BadInput, ValidationFailed
from app.keeping import Noted, note
from app.planning import reports as known
from app.planning.reads import reports_of
from app.projects.models import StatusCategory
from app.values import check_time_zone
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import derived
from schema.nodes import node_edge
from schema.planning.enums import ScopeChangeKind

if TYPE_CHECKING:
    from schema.tasks.types import Task

MOST_CHANGES = 500


@strawberry.type(description="So many tasks.")
class PlannedAmount:
    count: int = strawberry.field(description="How many.")
    estimate: float = strawberry.field(description="The sum of their estimates.")


@strawberry.type(description="A task that came into a sprint after its start, went, or got another estimate.")
class SprintScopeEntry:
    task_id: strawberry.Private[UUID]
    actor_id: strawberry.Private[UUID | None]
    kind: ScopeChangeKind = strawberry.field(description="Which of the three.")
    at: datetime = strawberry.field(description="When.")
    previous_estimate: float | None = strawberry.field(description="Its estimate before; null if it came.")
    estimate: float | None = strawberry.field(description="Its estimate after; of one that went: its last.")
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge(
        "Task", "task_id", "The task as it is now; null if it is not there for you any more."
    )
    actor: User | None = user_edge("actor_id", "Who did it.")


@strawberry.type(description="How a sprint stood at the end of a day.")
class BurndownDay:
    day: date = strawberry.field(description="The day.")
    total: PlannedAmount = strawberry.field(description="All that was in it.")
    remaining: PlannedAmount = strawberry.field(description="What of that was neither done nor cancelled.")


def _amount(found: known.Amount) -> PlannedAmount:
    return PlannedAmount(count=found.count, estimate=found.estimate)


def _changes(root: Any, first: int = 100) -> list[SprintScopeEntry]:
    if not 0 <= first <= MOST_CHANGES:
        raise BadInput(f"Ask for 0 to {MOST_CHANGES} changes.")
    return [
        SprintScopeEntry(
            task_id=one.task_id, actor_id=one.actor_id, kind=one.kind, at=one.at,
            previous_estimate=one.previous_estimate, estimate=one.estimate,
        )
        for one in root.changed[:first]
    ]  # fmt: skip


def _burndown(root: Any, time_zone: str = "UTC") -> list[BurndownDay]:
    try:
        zone = ZoneInfo(check_time_zone(time_zone, "timeZone"))
    except ValidationFailed as unknown:
        raise BadInput(unknown.message) from None
    if root.report.ended is None:
        note(Noted.TIME)
    return [
        BurndownDay(day=one.day, total=_amount(one.total), remaining=_amount(one.remaining))
        for one in root.report.burndown(zone, datetime.now(UTC))
    ]


@strawberry.type(
    description="What became of a sprint from its start to its completion, or until now, read from the log. Statuses "
    "mean what they mean today. Of a sprint that had begun when it was imported it begins at its recorded start "
    "(`startedAt`) with what it held when it was imported: of what came and went before, nothing is known."
)
class SprintReport:
    report: strawberry.Private[known.Report]
    changed: strawberry.Private[list[known.ScopeChange]]
    committed: PlannedAmount = strawberry.field(
        description="What it was started with; of a sprint that was imported after its start: what it held then."
    )
    added: PlannedAmount = strawberry.field(description="What came after its start.")
    removed: PlannedAmount = strawberry.field(description="What went after its start.")
    reestimated: PlannedAmount = strawberry.field(
        description="How often tasks in it got another estimate, and by how much these are more together."
    )
    completed: PlannedAmount = strawberry.field(description="What is in it and done.")
    cancelled: PlannedAmount = strawberry.field(description="What is in it and cancelled.")
    unfinished: PlannedAmount = strawberry.field(
        description="What is in it and neither; of a completed one: what was moved out when it was completed, which is "
        "not known of one that was imported completed."
    )
    changes: list[SprintScopeEntry] = derived(
        _changes,
        "What came, went and was estimated anew since its start, or since it was imported, in order.",
        reads=(),
    )
    burndown: list[BurndownDay] = derived(
        _burndown,
        f"The end of each day, of at most {known.MOST_DAYS}. On days before a sprint was imported, what it held then "
        "is remaining until its `completedAt`.",
        reads=(),
    )


async def reports_of_sprints(
    context: Context, parents: list[Any], columns: Columns
) -> list[SprintReport | None]:
    """Of each sprint; None while it is planned."""
    keys = [(parent.project_id, parent.id) for parent in parents]
    found = await reports_of(await context.reader(), keys)
    return [_shown(found[parent.id]) if parent.id in found else None for parent in parents]


def _shown(report: known.Report) -> SprintReport:
    last, kinds = report.last, known.ScopeChangeKind
    return SprintReport(
        report=report, changed=report.changes, committed=_amount(report.committed),
        added=_amount(report.changed(kinds.ADDED)), removed=_amount(report.changed(kinds.REMOVED)),
        reestimated=_amount(report.changed(kinds.ESTIMATED)),
        completed=_amount(report.amount(last, StatusCategory.COMPLETED)),
        cancelled=_amount(report.amount(last, StatusCategory.CANCELLED)),
        unfinished=_amount(report.amount(last, *known.OPEN)),
    )  # fmt: skip
