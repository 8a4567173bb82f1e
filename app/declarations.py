"""What a transaction says it may touch: the second wall (row-level security) lets nothing else through.

A declaration is a set of scopes and a set of workspaces, kept in two settings of the transaction. Policies compare
rows with it (see the migration `isolation`). It is made in the call that begins the transaction, from typed UUIDs only.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def declaring(
    viewer_id: UUID | None = None, *, scopes: Iterable[UUID] = (), workspaces: Iterable[UUID] = ()
) -> str:
    """The SQL statement that declares what a person may see, and more by id; empty if there is nothing to say."""
    calls = []
    if viewer_id is not None:
        calls.append(f"declare_viewer('{viewer_id}')")
    named, tenants = _array(scopes), _array(workspaces)
    if named != "{}" or tenants != "{}":
        calls.append(f"declare('{named}', '{tenants}')")
    return f"SELECT {', '.join(calls)}" if calls else ""


def declaring_alone(scopes: Iterable[UUID], workspaces: Iterable[UUID]) -> str:
    """The SQL statement that declares these and nothing else, at the beginning of a transaction."""
    return (
        f"SELECT set_config('lockstep.scopes', '{_array(scopes)}', true), "
        f"set_config('lockstep.workspaces', '{_array(workspaces)}', true)"
    )


def _array(ids: Iterable[UUID]) -> str:
    found = list(ids)
    if not all(isinstance(one, UUID) for one in found):
        raise TypeError("only UUIDs are declared")
    return "{" + ",".join(map(str, found)) + "}"
