"""What tests of accounts share: a fresh account, and services with other settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from app.config import Settings
from tests.service import Doors, Service, serve

Serving = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def serving(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> Serving:
    """Another process on the test's database, with what settings it wants otherwise."""

    @asynccontextmanager
    async def start(**changes: Any) -> AsyncIterator[Service]:
        async with serve(doors, make_settings(database, **changes)) as service:
            yield service

    return start
