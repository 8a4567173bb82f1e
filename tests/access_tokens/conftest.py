"""Tokens for programs, and clients that act by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.access_tokens import door
from tests.client import Client
from tests.service import Service
from tests.world import World

Granted = Callable[..., Awaitable[Client]]


@pytest.fixture
def granted(world: World, service: Service) -> Granted:
    """A client with a new token of someone's (the member's), for these scopes; its ``token_id`` is the token's."""

    async def make(*scopes: str, by: str = "member", **input: Any) -> Client:
        made = await world.person(by).do(
            "accessTokenCreate", name="For a test", scopes=list(scopes) or ["READ"], **input
        )
        client = service.client(made["token"])
        client.user_id, client.refresh_token = made["accessToken"]["user"]["id"], made["accessToken"]["id"]
        return client

    return make


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks its token up anew."""
    monkeypatch.setattr(door, "REMEMBER_SECONDS", 0)
