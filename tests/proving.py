"""What is known of a mutation, for the proofs that hold for every one; each room says it in its `proofs.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.client import JSON, Client
from tests.world import World

EDITORS = ("owner", "admin", "manager", "member", "guest")
MANAGERS = ("owner", "admin", "manager")
ADMINS = ("owner", "admin")
INSIDE = (*EDITORS, "viewer")
COLLEAGUES = (*INSIDE, "colleague")

Prepare = Callable[[World, Client], Awaitable[JSON]]
"""Makes what a mutation needs, as whoever shall send it will find it; its input."""


@dataclass(frozen=True)
class Proof:
    """What is known of a mutation.

    `may`: who may send it; of the others those of `sees` are told that they may not, the rest that it is not there.
    `scopes`: what it changes (as `owner` sees it, inboxes as their person), with `kinds`, its events there in order.
    `other`: a change of its input that asks for something else. `wrong`: one that is refused, and the code.
    """

    prepare: Prepare
    scopes: tuple[str, ...]
    kinds: tuple[str, ...]
    other: JSON
    wrong: JSON
    code: str = "VALIDATION_FAILED"
    may: tuple[str, ...] = EDITORS
    sees: tuple[str, ...] = INSIDE


Proofs = dict[str, Proof]
"""By the mutation's name."""

Named = dict[str, Any]
"""Arguments of `Proof` that several mutations share."""

IN_WORKSPACE: Named = {"may": ADMINS, "sees": COLLEAGUES}
MANAGING: Named = {"may": MANAGERS, "sees": INSIDE}
BLANK: Named = {"wrong": {"name": " "}}
VERSION: Named = {"wrong": {"expectedVersion": 99}}
NO_KEY = "01890000-0000-7000-8000-000000000000"


def fixed(**input: object) -> Prepare:
    """Of a mutation that needs nothing."""

    async def prepare(world: World, by: Client) -> JSON:
        return dict(input)

    return prepare


async def in_workspace(world: World, by: Client) -> JSON:
    """The beginning of what is sent to a workspace."""
    return {"workspaceId": world.workspace["id"]}
