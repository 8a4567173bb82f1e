"""What puts items into inboxes: called by other rooms' actions, inside their unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.ids import new_id
from app.inbox.events import INBOX_ITEM_ADDED, inbox_item_state
from app.inbox.models import InboxItem, InboxReason
from app.staging import inserting
from app.values import now_utc, plain
from app.work import Work


@dataclass(frozen=True)
class Arrival:
    """One thing for one person. ``caused_by`` is the event that brought it."""

    user_id: UUID
    reason: InboxReason
    project_id: UUID | None = None
    task_id: UUID | None = None
    comment_id: UUID | None = None
    caused_by: UUID | None = None


_ITEMS = inserting(
    InboxItem,
    (
        "user_id",
        "id",
        "reason",
        "project_id",
        "task_id",
        "comment_id",
        "actor_id",
        "version",
        "created_at",
        "read_at",
    ),
)


def deliver(work: Work, arrivals: Iterable[Arrival]) -> None:
    """Have items put into inboxes, with their events; what one did oneself does not arrive."""
    now = now_utc()
    rows: list[dict[str, Any]] = []
    for arrival in arrivals:
        if arrival.user_id == work.actor.user_id:
            continue
        row: dict[str, Any] = {
            "user_id": arrival.user_id, "id": new_id(), "reason": arrival.reason.value,
            "project_id": arrival.project_id, "task_id": arrival.task_id, "comment_id": arrival.comment_id,
            "actor_id": work.actor.user_id, "version": 1, "created_at": now, "read_at": None,
        }  # fmt: skip
        rows.append(row)
        state = inbox_item_state(row, {"created_at": plain(now), "read_at": None})
        work.record(
            arrival.user_id, INBOX_ITEM_ADDED, row["id"], {"state": state}, version=1, occurred_at=now,
            caused_by=arrival.caused_by, reflect=False,
        )  # fmt: skip
    work.staged.add(_ITEMS, rows)


async def access_changed(
    work: Work, user_id: UUID, reason: InboxReason, *, project_id: UUID | None = None
) -> None:
    """Tell someone that they gained or lost access to a project (or, without one, to a workspace)."""
    deliver(work, [Arrival(user_id, reason, project_id=project_id)])
