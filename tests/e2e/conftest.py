"""The service as a person starts it, for tests that look at it from outside."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.chromium import Browser, chromium
from tests.e2e.demo import OWNER, Service
from tests.generous import ENVIRONMENT

START_SECONDS = 60


@pytest_asyncio.fixture(scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """`lockstep dev` on data of its own."""
    data = tmp_path_factory.mktemp("service")
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("lockstep")),
        "dev",
        env=given
        | ENVIRONMENT
        | {"LOCKSTEP_DATA_DIR": str(data), "LOCKSTEP_PORT": "0", "LOCKSTEP_SEARCH_INDEXING": "true"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await _announced(process.stdout)
        drain = asyncio.create_task(process.stdout.read())  # a full pipe would stop the service
        yield Service(address, OWNER, (data / "demo-password").read_text().strip(), data)
        process.terminate()
        await asyncio.wait_for(process.wait(), START_SECONDS)
        await drain
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _announced(output: asyncio.StreamReader) -> str:
    said: list[str] = []
    async for line in output:
        said.append(line.decode(errors="replace").rstrip())
        if address := re.search(r"GraphiQL.*(https?://\S+)/graphql", said[-1]):
            return address[1]
    raise AssertionError("`lockstep dev` did not start:\n" + "\n".join(said))


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One headless Chromium for all tests; they open tabs of their own."""
    async with chromium() as running:
        yield running
