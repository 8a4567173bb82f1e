"""What the proofs of mutations need: how a person is shown."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import BLANK, Proof, Proofs
from tests.world import World


async def profile(world: World, by: Client) -> JSON:
    found = await by.query("{ viewer { user { version } } }")
    return {"expectedVersion": found["viewer"]["user"]["version"], "name": "Renamed"}


PROOFS: Proofs = {
    "profileUpdate": Proof(
        profile, ("directory",), ("PersonUpdated",), {"name": "Else"}, **BLANK, may=("member",)
    ),
}
