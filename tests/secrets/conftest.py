"""The service as its own process, at its most talkative."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lockstep.embedded import Servers
from tests.command_line.conftest import Command
from tests.databases import Databases, named
from tests.secrets.marks import FREELY, Running, Told


@pytest.fixture(params=["json", "console"])
async def running(
    request: pytest.FixtureRequest, servers: Servers, databases: Databases, blank: str, tmp_path: Path
) -> AsyncIterator[Running]:
    told = Told({"database": urlsplit(servers.database_url).password or ""})
    assert told.secrets["database"]
    async with databases.copy_of(blank) as database:
        command = Command(
            "serve", "--port", "0",
            DATABASE_URL=named(servers.database_url, database),
            REDIS_URL=servers.redis_url,
            LOCKSTEP_DATA_DIR=str(tmp_path / "data"),
            LOCKSTEP_MAIL_DIR=str(tmp_path / "mails"),
            LOCKSTEP_METRICS_TOKEN=told.new("metrics"),
            LOCKSTEP_LOG_LEVEL="debug",
            LOCKSTEP_LOG_FORMAT=request.param,
            **FREELY,
        )  # fmt: skip
        try:
            url = command.wait_for("/graphql").split()[-1].removesuffix("/graphql")
            yield Running(told, command, url, database, tmp_path / "mails")
        finally:
            command.close()
