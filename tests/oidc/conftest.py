"""A service with two sign-in providers, and a browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from tests.conftest import Template
from tests.oidc.browser import Browser
from tests.oidc.provider import CLIENT, SECRET, Provider
from tests.service import Doors, Service, serve
from tests.world import World


def entry(provider: Provider, name: str, **more: Any) -> dict[str, Any]:
    """A provider as the settings have it."""
    return {
        "name": name, "title": name.title(), "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET,
        **more,
    }  # fmt: skip


@pytest.fixture
async def providers(doors: Doors) -> AsyncIterator[tuple[Provider, Provider]]:
    """Two of them, `corp` and `other`."""
    async with AsyncExitStack() as stack:
        made = Provider(), Provider()
        for provider in made:
            provider.issuer = (await stack.enter_async_context(doors.take(provider.app()))).address
        yield made


@pytest.fixture
def corp(providers: tuple[Provider, Provider]) -> Provider:
    """The first."""
    return providers[0]


@pytest.fixture
async def service(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any], tmp_path: Path,
    providers: tuple[Provider, Provider],
) -> AsyncIterator[Service]:  # fmt: skip
    """The application with the two of them."""
    file = tmp_path / "providers.json"
    file.write_text(
        json.dumps([entry(providers[0], "corp"), entry(providers[1], "other", domains=["other.example"])])
    )
    changes = {"oidc_providers_file": file, "web_url": "https://board.lockstep.example"}
    async with serve(doors, make_settings(database, **changes)) as running:
        yield running


@pytest.fixture
def world(service: Service, template: Template) -> World:
    """The people, at this service."""
    return World(service, template.kept)


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[Browser]:
    """Somebody's browser."""
    made = Browser(service)
    yield made
    await made.close()
