"""Entries of a unit under way, and how they reach the log: in the unit's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from app.db import Reader
from app.statements import sql

LONGEST_VALUE = 200
"""Characters of a text that an entry may hold: names and roles, not what people wrote."""

_UNTOLD = frozenset({"id", "rank", "version", "description"})


class Origin(NamedTuple):
    """Where an operation came from."""

    request_id: str
    address: str | None = None
    user_agent: str | None = None
    sign_in_id: UUID | None = None


@dataclass(frozen=True)
class Entry:
    """What will be an entry. It goes to the workspace of ``scope_id``, or to every workspace of ``person_id``."""

    action: str
    target_type: str
    target_id: UUID | None
    actor_id: UUID | None
    actor_kind: str
    origin: Origin | None
    scope_id: UUID | None = None
    person_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


async def append_entries(reader: Reader, entries: Sequence[Entry]) -> None:
    """Write a unit's entries: one statement for those of scopes, one for those of people."""
    of_scopes = [entry for entry in entries if entry.person_id is None]
    of_people = [entry for entry in entries if entry.person_id is not None]
    if of_scopes:
        await reader.run(_OF_SCOPES, places=[entry.scope_id for entry in of_scopes], **_columns(of_scopes))
    if of_people:
        await reader.run(_OF_PEOPLE, places=[entry.person_id for entry in of_people], **_columns(of_people))


def told(payload: dict[str, Any]) -> dict[str, Any]:
    """What an entry tells of an event's payload: short values, as they became or as old and new; never long texts."""
    if "state" in payload:
        return {name: value for name, value in payload["state"].items() if _short(name, value)}
    delta = payload.get("delta", {})
    changed = {
        name: change
        for name, change in delta.get("set", {}).items()
        if _short(name, change.get("old")) and _short(name, change.get("new"))
    }
    unsaid = sorted({*delta.get("set", {}), *delta.get("text", {})} - changed.keys() - _UNTOLD)
    parts = {"changed": changed, "members": delta.get("members"), "also": unsaid}
    return {name: part for name, part in parts.items() if part}


def _short(name: str, value: Any) -> bool:
    if name in _UNTOLD or name.endswith("_at"):
        return False
    return value is None or isinstance(value, bool | int) or (
        isinstance(value, str) and len(value) <= LONGEST_VALUE
    )  # fmt: skip


def _columns(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    origins = [entry.origin or _NOWHERE for entry in entries]
    return {
        "actions": [entry.action for entry in entries],
        "actor_ids": [entry.actor_id for entry in entries],
        "actor_kinds": [entry.actor_kind for entry in entries],
        "target_types": [entry.target_type for entry in entries],
        "target_ids": [entry.target_id for entry in entries],
        "addresses": [origin.address for origin in origins],
        "user_agents": [origin.user_agent for origin in origins],
        "request_ids": [origin.request_id or None for origin in origins],
        "sign_in_ids": [origin.sign_in_id for origin in origins],
        "datas": [entry.data for entry in entries],
    }


_NOWHERE = Origin("")
_NAMES = (
    "actions", "actor_ids", "actor_kinds", "target_types", "target_ids", "addresses", "user_agents", "request_ids",
    "sign_in_ids", "datas",
)  # fmt: skip
_GIVEN = """
    unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[],
           $10::uuid[], $11::jsonb[]) AS given(place, action, actor_id, actor_kind, target_type, target_id, address,
                                               user_agent, request_id, sign_in_id, data)
"""
# A scope that cannot be seen has no workspace here: the policy refuses such an entry rather than lose it. An inbox is
# nobody's workspace.
_OF_SCOPES = sql(
    f"""
    INSERT INTO audit_entries (id, workspace_id, scope_id, at, action, actor_id, actor_kind, target_type, target_id,
                               address, user_agent, request_id, sign_in_id, data)
    SELECT uuidv7(), s.workspace_id, given.place, clock_timestamp(), action, actor_id, actor_kind, target_type,
           target_id, address, user_agent, request_id, sign_in_id, data
    FROM {_GIVEN} LEFT JOIN scopes s ON s.id = given.place WHERE s.kind IS DISTINCT FROM 'inbox'
    """,  # noqa: S608 (a constant)
    "places",
    *_NAMES,
)
_OF_PEOPLE = sql(
    f"""
    SELECT audit_person(place, action, actor_id, actor_kind, target_type, target_id, address, user_agent, request_id,
                        sign_in_id, data)
    FROM {_GIVEN}
    """,  # noqa: S608 (a constant)
    "places",
    *_NAMES,
)
