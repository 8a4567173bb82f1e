"""Which entries of a workspace's audit log are asked for, in the order that its indexes have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Text, func, literal

from app.audit.actions import known_actions
from app.audit.models import AuditEntry
from app.cursors import Order
from app.errors import BadInput
from app.paging import Condition
from app.statements import table

ENTRIES = table(AuditEntry)
ORDERS = [Order(ENTRIES.c.at, "at", descending=True), Order(ENTRIES.c.id, "id", descending=True)]
"""Newest first."""


@dataclass(frozen=True)
class EntryFilter:
    """``actions`` are names, or groups as ``session.*``; ``since`` is included, ``until`` is not."""

    actions: Sequence[str] | None = None
    actor_id: UUID | None = None
    target_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def entry_conditions(wanted: EntryFilter) -> list[Condition]:
    """The conditions on rows; raises ``BadInput`` for an action that nothing is called."""
    conditions: list[Condition] = []
    if wanted.actions is not None:
        names = _names(wanted.actions)
        # One name keeps the index in order of time; of several, their order is made.
        one = (
            ENTRIES.c.action == names[0]
            if len(names) == 1
            else ENTRIES.c.action == func.any(literal(names, ARRAY(Text)))
        )
        conditions.append(one)
    if wanted.actor_id is not None:
        conditions.append(ENTRIES.c.actor_id == wanted.actor_id)
    if wanted.target_id is not None:
        conditions.append(ENTRIES.c.target_id == wanted.target_id)
    if wanted.since is not None:
        conditions.append(ENTRIES.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(ENTRIES.c.at < wanted.until)
    return conditions


def _names(actions: Sequence[str]) -> list[str]:
    known, found = known_actions(), dict[str, None]()
    for action in actions:
        group = action.removesuffix("*") if action.endswith(".*") else None
        matching = [one for one in known if one == action or (group is not None and one.startswith(group))]
        if not matching:
            raise BadInput("Nothing in the audit log is called that: see docs/audit.md.", action=action[:80])
        found |= dict.fromkeys(matching)
    return list(found)
