"""`lockstep erase-person` and `lockstep redact`, as operators type them."""

from __future__ import annotations

import asyncio

from lockstep.embedded import Servers
from tests.audit.trail import trail
from tests.command_line.conftest import Command
from tests.databases import named
from tests.ledger import Log
from tests.world import World


async def run(*words: str, **environment: str) -> tuple[int, str]:
    """A command's exit status and output."""
    command = Command(*words, **environment)
    try:
        return await asyncio.to_thread(command.end), command.output
    finally:
        command.close()


async def test_erasing(world: World, servers: Servers, database: str, log: Log) -> None:
    url = named(servers.database_url, database)
    asked = ("erase-person", "--email", "viewer@lockstep.example")
    status, output = await run(*asked, DATABASE_URL=url)
    assert (status, "say --yes" in output) == (2, True)
    status, output = await run(*asked, "--yes", DATABASE_URL=url)
    assert (status, output) == (0, f"erased person {world.uuid('viewer')}")
    assert len(await trail(log, action="account.erased")) == 1
    status, output = await run(*asked, "--yes", DATABASE_URL=url)
    assert (status, "nobody signs in with this address" in output) == (1, True)
    status, output = await run("erase-person", "--yes", "--email", "owner@lockstep.example", DATABASE_URL=url)
    assert (status, "only owner of" in output) == (1, True)


async def test_redacting(world: World, servers: Servers, database: str, log: Log) -> None:
    task = await world.task("Zebulon")
    url = named(servers.owner_url, database)
    status, output = await run("redact", "--task", task["id"], DATABASE_OWNER_URL=url)
    assert (status, "at least one --field" in output) == (2, True)
    status, output = await run(
        "redact", "--task", task["id"], "--field", "title", "--reason", "Asked.", DATABASE_OWNER_URL=url
    )
    assert (status, output.startswith("redacted title of task")) == (0, True)
    (entry,) = await trail(log, action="history.redacted")
    assert entry["data"]["reason"] == "Asked."
