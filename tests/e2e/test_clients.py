"""The GraphQL clients of `tests/clients/` against a running service, each in the way its users use it."""

from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.demo import Service
from tests.e2e.npm import CLIENTS, Packages, install

pytestmark = pytest.mark.e2e

SCRIPTS = sorted(CLIENTS.glob("*.test.js"))


@pytest_asyncio.fixture(scope="session")
async def packages() -> Packages:
    """The clients, installed."""
    return await install()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name.removesuffix(".test.js"))
async def test_client(packages: Packages, service: Service, path: Path) -> None:
    """Query, mutation with a conflict, subscription with reconnect and resume, a stale token refreshed."""
    status, output = await packages.run(
        "--test",
        str(path),
        SERVICE_ADDRESS=service.address,
        SERVICE_EMAIL=service.email,
        SERVICE_PASSWORD=service.password,
    )
    assert status == 0, output
