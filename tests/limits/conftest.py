"""Services with small limits, on buckets that no other test has drawn from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis.asyncio as redis_client

from app.config import Settings
from lockstep.embedded import Servers
from tests.conftest import Template
from tests.faults.proxy import Proxy
from tests.service import Doors, serve
from tests.world import World

Limited = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(autouse=True)
async def full_buckets(servers: Servers) -> None:
    """People are the same in every clone of the world, and so are their buckets."""
    async with redis_client.from_url(servers.redis_url) as client:
        keys = [key async for key in client.scan_iter("lockstep:limit:*")]
        if keys:
            await client.delete(*keys)


@pytest.fixture
def limited(
    doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template, logged: list[Any]
) -> Limited:
    """Starts a service with limits of the test's own on the test's database: its world."""

    @asynccontextmanager
    async def start(**changes: Any) -> AsyncIterator[World]:
        async with serve(doors, make_settings(database, **changes)) as service:
            yield World(service, template.kept)

    return start


@pytest.fixture
def proxied(servers: Servers, redis_proxy: Proxy) -> str:
    """The URL of Redis by way of the proxy."""
    return redis_proxy.instead_of(servers.redis_url)


@pytest.fixture
async def redis_proxy(servers: Servers) -> AsyncIterator[Proxy]:
    """A way to Redis that can be cut or frozen."""
    place = urlsplit(servers.redis_url)
    async with Proxy.open(place.hostname or "", place.port or 0) as running:
        yield running
