"""Events of joining domains, in the workspace's scope."""

from __future__ import annotations

from typing import Any

from app.events.kinds import Effect, event_kind
from app.values import plain

JOINING_DOMAIN_ADDED = event_kind("JoiningDomainAdded", "joining_domain", Effect.PUT)
JOINING_DOMAIN_REMOVED = event_kind("JoiningDomainRemoved", "joining_domain", Effect.REMOVE)


def domain_state(row: dict[str, Any]) -> dict[str, Any]:
    """A joining domain as its events hold it."""
    return {
        "id": str(row["id"]), "domain": row["domain"], "role": row["role"], "created_at": plain(row["created_at"]),
    }  # fmt: skip
