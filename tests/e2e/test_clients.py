"""The GraphQL clients of `tests/clients/` against a running service, each in the way its users use it."""

from pathlib import Path

import pytest
import pytest_asyncio

from app.accounts.tokens import Tokens
from app.config import Settings
from app.errors import Unauthenticated
from tests.e2e.demo import Service
from tests.e2e.npm import CLIENTS, Packages, install

pytestmark = pytest.mark.e2e

SCRIPTS = sorted(CLIENTS.glob("*.test.js"))


@pytest_asyncio.fixture(scope="session")
async def packages() -> Packages:
    """The clients, installed."""
    return await install()


@pytest_asyncio.fixture(scope="session")
async def expired_token(service: Service) -> str:
    """A token of the service's own key that was good until a minute ago."""
    sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }"
    given = {"input": {"email": service.email, "password": service.password}}
    token = (await service.answer(sign_in, given))["signIn"]["accessToken"]
    assert service.data_dir is not None
    tokens = Tokens.open(Settings(data_dir=service.data_dir))  # type: ignore[call-arg]
    viewer = tokens.read(token)
    tokens.lifetime_seconds = -60
    expired, _ = tokens.issue(viewer.user_id, viewer.session_id)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.read(expired)
    return expired


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name.removesuffix(".test.js"))
async def test_client(packages: Packages, service: Service, expired_token: str, path: Path) -> None:
    """Query, mutation with a conflict, subscription with reconnect and resume, an expired token refreshed."""
    status, output = await packages.run(
        "--test",
        str(path),
        SERVICE_ADDRESS=service.address,
        SERVICE_EMAIL=service.email,
        SERVICE_PASSWORD=service.password,
        SERVICE_EXPIRED_TOKEN=expired_token,
    )
    assert status == 0, output
