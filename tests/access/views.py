"""What somebody must be shown, made from what a person who sees everything is shown."""

from __future__ import annotations

from typing import Any

from tests.access.oracle import ADMINS, Oracle, workspace_role

HIDDEN = object()
"""Stands for what is not there for the person."""

CARRIERS = {"TaskLink": "link", "ProjectTeam": "project"}
"""What is there only with what it carries; so are the edges of connections with their nodes."""

NOT_FOR_GUESTS = {"Workspace": ("members", "teams", "position", "joiningDomains"), "Team": ("members",)}
FOR_ADMINS = {"Workspace": ("auditLog", "invitations", "serviceAccounts")}
"""Fields that are null for the others."""


def view_of(oracle: Oracle, person: str, value: Any) -> Any:
    """The same answer as the person must get it; `HIDDEN` if not at all."""
    if isinstance(value, list):
        all_of_it = [view_of(oracle, person, one) for one in value]
        return [one for one in all_of_it if one is not HIDDEN]
    if not isinstance(value, dict):
        return value
    kind = value.get("__typename", "")
    if kind != "User" and oracle.knows_id(person, value.get("id", "")) is False:
        return HIDDEN
    seen = {name: view_of(oracle, person, one) for name, one in value.items() if not is_of_viewer(name)}
    if kind.endswith("Connection") and len(seen["edges"]) < len(value["edges"]):
        _count(seen, len(value["edges"]) - len(seen["edges"]))
    carried = CARRIERS.get(kind, "node" if kind.endswith("Edge") else "")
    if carried and seen.get(carried) is HIDDEN:
        return HIDDEN
    return {
        name: None if one is HIDDEN or _is_null(person, kind, name) else one for name, one in seen.items()
    }


def is_of_viewer(name: str) -> bool:
    """Whether a field says something of whoever asks."""
    return name.startswith("viewer") or name in ("current", "availableTransitions")


def without_viewer(value: Any) -> Any:
    """An answer without what it says of whoever asked."""
    if isinstance(value, list):
        return [without_viewer(one) for one in value]
    if isinstance(value, dict):
        return {name: without_viewer(one) for name, one in value.items() if not is_of_viewer(name)}
    return value


def _is_null(person: str, kind: str, name: str) -> bool:
    plain = name.strip("_0123456789")
    if plain in NOT_FOR_GUESTS.get(kind, ()):
        return workspace_role(person, "WRK") == "GUEST"
    return plain in FOR_ADMINS.get(kind, ()) and person not in ADMINS


def _count(connection: dict[str, Any], hidden: int) -> None:
    """A connection's numbers without what was taken out; its page held all there is."""
    assert not connection["pageInfo"]["hasNextPage"], "the page is too short to tell what is hidden"
    cursors = [edge["cursor"] for edge in connection["edges"]] or [None]
    connection["totalCount"] -= hidden
    connection["pageInfo"] |= {"startCursor": cursors[0], "endCursor": cursors[-1]}


def differences(wanted: Any, got: Any, place: str = "") -> list[str]:
    """Where two answers differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        names = wanted.keys() | got.keys()
        return [
            one
            for name in sorted(names)
            for one in differences(wanted.get(name, "—"), got.get(name, "—"), f"{place}.{name}")
        ]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [
            one
            for number, (mine, theirs) in enumerate(zip(wanted, got, strict=True))
            for one in differences(mine, theirs, f"{place}[{number}]")
        ]
    return [] if wanted == got else [f"{place}: wanted {str(wanted)[:300]}, got {str(got)[:300]}"]
