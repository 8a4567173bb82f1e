"""How far sprints, milestones and trees of tasks are."""

from __future__ import annotations

from typing import Any

import strawberry

from app.errors import BadInput
from app.planning import progress as known
from app.statements import Statement
from schema.context import Columns, Context
from schema.projects.enums import StatusCategory


@strawberry.type(description="The tasks whose statuses mean the same.")
class CategoryProgress:
    category: StatusCategory = strawberry.field(description="What their statuses mean.")
    count: int = strawberry.field(description="How many there are.")
    unestimated: int = strawberry.field(description="How many of them have no estimate.")
    estimate: float = strawberry.field(description="The sum of the others' estimates.")


@strawberry.type(description="How far several tasks are together. Deleted ones do not count.")
class Progress:
    count: int = strawberry.field(description="How many there are.")
    unestimated: int = strawberry.field(description="How many of them have no estimate.")
    estimate: float = strawberry.field(description="The sum of the others' estimates.")
    categories: list[CategoryProgress] = strawberry.field(
        description="The same by what their statuses mean, in the order of `StatusCategory`; without what no task has."
    )


def _shown(found: known.Progress) -> Progress:
    total = found.total
    return Progress(
        count=total.count, unestimated=total.unestimated, estimate=total.estimate,
        categories=[
            CategoryProgress(
                category=category, count=share.count, unestimated=share.unestimated, estimate=share.estimate
            )
            for category, share in found.shares.items()
        ],
    )  # fmt: skip


def progress_within(statement: Statement[Any]) -> Any:
    """Of the tasks in each sprint, or in each milestone."""

    async def of_rows(context: Context, parents: list[Any], columns: Columns) -> list[Progress]:
        keys = [(parent.project_id, parent.id) for parent in parents]
        return [_shown(one) for one in await known.progress_within(await context.reader(), statement, keys)]

    return of_rows


async def progress_of_tasks(
    context: Context, parents: list[Any], columns: Columns, depth: int = 10
) -> list[Progress]:
    """Of what is below each task."""
    if not 1 <= depth <= known.DEEPEST:
        raise BadInput(f"A depth is 1 to {known.DEEPEST}; you asked for {depth}.")
    keys = [(parent.project_id, parent.id) for parent in parents]
    return [_shown(one) for one in await known.progress_below(await context.reader(), keys, depth)]
