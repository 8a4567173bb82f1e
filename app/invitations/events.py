"""Events of invitations, in the workspace's scope. They name no address: its members read them, not only its admins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.events.kinds import Effect, event_kind
from app.values import plain

INVITATION_CREATED = event_kind("InvitationCreated", "invitation", Effect.PUT)
INVITATION_RENEWED = event_kind("InvitationRenewed", "invitation", Effect.CHANGE)
INVITATION_REMOVED = event_kind("InvitationRemoved", "invitation", Effect.REMOVE)


def invitation_state(row: dict[str, Any]) -> dict[str, Any]:
    """An open invitation as its events hold it."""
    return {
        "id": str(row["id"]),
        "role": row["role"],
        "invited_by_id": str(row["invited_by"]),
        "created_at": plain(row["created_at"]),
        "expires_at": plain(row["expires_at"]),
    }


def renewed(old: datetime, new: datetime) -> dict[str, Any]:
    """The payload of an invitation that was sent again."""
    return {"delta": {"set": {"expires_at": {"old": plain(old), "new": plain(new)}}}}
