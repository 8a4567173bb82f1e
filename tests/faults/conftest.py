"""What faults need: services beside the test's own, and a way to PostgreSQL that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.config import Settings
from lockstep.embedded import Servers
from tests.conftest import Template
from tests.faults.proxy import Proxy
from tests.service import Doors, Service, serve
from tests.world import World

OtherProcess = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def other_process(
    doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template, service: Service
) -> OtherProcess:
    """Starts another service on the same database (and settings that differ): its world."""

    @asynccontextmanager
    async def start(proxy: Proxy | None = None, **changes: Any) -> AsyncIterator[World]:
        settings = make_settings(database, **changes)
        if proxy is not None:
            settings = settings.model_copy(update={"database_url": proxy.instead_of(settings.database_url)})
        async with serve(doors, settings) as other:
            yield World(other, template.kept)

    return start


@pytest.fixture
async def proxy(servers: Servers) -> AsyncIterator[Proxy]:
    """A way to PostgreSQL that can be cut."""
    place = urlsplit(servers.database_url)
    async with Proxy.open(place.hostname or "", place.port or 0) as running:
        yield running
