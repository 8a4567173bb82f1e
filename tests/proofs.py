"""Every mutation, with what its proofs need: one entry each, and a mutation without one fails the suite.

An entry is in the `proofs.py` of its room.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import selections
from tests.client import Client
from tests.folding import Scope
from tests.proving import Proof, Proofs
from tests.world import World


def _of_rooms() -> Iterator[tuple[str, Proof]]:
    for path in sorted(Path(__file__).parent.glob("*/proofs.py")):
        of_room: Proofs = importlib.import_module(f"tests.{path.parent.name}.proofs").PROOFS
        yield from of_room.items()


_FOUND = list(_of_rooms())
PROOFS: Proofs = dict(_FOUND)
assert len(PROOFS) == len(_FOUND), "a mutation is of one room"


def scope_of(world: World, name: str) -> tuple[Client, Scope]:
    """Who verifies a scope, and the scope: `eng`, `workspace`, `directory`, `inbox:member` …"""
    kind, _, person = name.partition(":")
    if kind == "inbox":
        return world.person(person), Scope("inbox")
    if kind in ("workspace", "directory"):
        return world.owner, Scope(kind, world.workspace["id"])
    return world.owner, Scope("project", getattr(world, kind)["id"])


APART = frozenset(
    {
        "accountErase",
        "signUp", "signIn", "tokenRefresh", "signOut", "socketRenew", "sessionRevoke", "sessionRevokeOthers",
        "emailConfirmationSend", "emailConfirm", "emailChangeRequest", "emailChange", "passwordResetRequest",
        "passwordReset", "passwordChange", "accessTokenCreate", "accessTokenRevoke", "invitationAccept",
        "oidcExchange", "identityLink", "identityUnlink",
    }
)  # fmt: skip
"""Mutations of an account, its sessions and tokens, which belong to no scope, and what needs a
secret from a mail: tests/accounts, tests/access_tokens, tests/invitations and tests/oidc prove them."""


def versioned(name: str) -> bool:
    """Whether a mutation asks which version was edited."""
    assert selections.SCHEMA.mutation_type is not None
    kind: Any = selections.SCHEMA.type_map[
        str(selections.SCHEMA.mutation_type.fields[name].args["input"].type).rstrip("!")
    ]
    return "expectedVersion" in kind.fields
