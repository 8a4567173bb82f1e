"""Two processes that keep answers, and one that keeps none, over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from app.config import Settings
from tests.client import Client
from tests.conftest import Template
from tests.service import Doors, serve
from tests.world import World


@dataclass(frozen=True)
class Processes:
    """The same world behind each."""

    one: World
    other: World
    forgetful: World

    @property
    def all(self) -> tuple[World, World, World]:
        return self.one, self.other, self.forgetful


@pytest.fixture
async def processes(
    doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template, logged: list[Any]
) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        worlds = []
        for kept_bytes, kept_rows in ((1_000_000, 1000), (1_000_000, 1000), (0, 0)):
            settings = make_settings(database, kept_bytes=kept_bytes, kept_rows=kept_rows)
            worlds.append(World(await stack.enter_async_context(serve(doors, settings)), template.kept))
        yield Processes(*worlds)


def outcomes(outcome: str) -> float:
    """How many queries had this outcome so far, in all processes of the test."""
    return REGISTRY.get_sample_value("lockstep_kept_answers_total", {"outcome": outcome}) or 0


async def get(client: Client, parameters: dict[str, str], **headers: str) -> httpx.Response:
    """A query by GET."""
    given = {"Authorization": f"Bearer {client.token}", **headers}
    async with httpx.AsyncClient(base_url=client.url, verify=False) as http:
        return await http.get("/graphql", params=parameters, headers=given)
