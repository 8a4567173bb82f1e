"""Deciding a batch of edits item by item, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.errors import Refusal, Refusals, VersionConflict
from app.outcomes import Result
from app.tasks.actions.refused import keep_refusal
from app.tasks.commands import TaskEdit
from app.tasks.decisions import Decision, decide_edit
from app.tasks.facts import Facts


class TaskOutcome(StrEnum):
    """What became of one task of a bulk edit."""

    APPLIED = "applied"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass
class Told:
    """What items came to, by their place: with contents, so kept for nobody (a result, which is, holds none)."""

    refusals: dict[int, Refusal] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)

    def clear(self) -> None:
        """Begin anew: a unit may run again."""
        self.refusals.clear()
        self.decisions.clear()


Check = Callable[[TaskEdit, Facts], None]
"""What else must hold for an item; raises a refusal."""


def decide_items(
    edits: Sequence[TaskEdit], facts: Facts, told: Told, *, atomic: bool, check: Check | None = None
) -> tuple[list[Decision], list[Result]]:
    """The decisions, and for each edit a result ``{task_id, outcome}``, with ``refused`` if it was.

    ``atomic``: one refusal refuses all (``Refusals``). What is refused is refused alone otherwise.
    """
    told.clear()
    decisions: list[Decision] = []
    items: list[Result] = []
    for place, edit in enumerate(edits):
        item: Result = {"task_id": str(edit.task_id)}
        try:
            if check is not None:
                check(edit, facts)
            decision = decide_edit(edit, facts)
        except Refusal as refusal:
            told.refusals[place] = refusal
            clashing = isinstance(refusal, VersionConflict)
            outcome = TaskOutcome.CONFLICT if clashing else TaskOutcome.REFUSED
            item["refused"] = keep_refusal(refusal)
        else:
            told.decisions[place] = decision
            decisions.append(decision)
            outcome = outcome_of(decision)
        items.append({**item, "outcome": outcome.value})
    if told.refusals and atomic:
        raise Refusals(list(told.refusals.items()))
    return decisions, items


def outcome_of(decision: Decision) -> TaskOutcome:
    """What a decision comes to that was not refused."""
    if not decision.delta:
        return TaskOutcome.UNCHANGED
    return TaskOutcome.MERGED if decision.merged else TaskOutcome.APPLIED
