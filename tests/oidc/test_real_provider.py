"""The whole way through a provider that others wrote, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from tests.oidc.browser import Browser
from tests.service import Doors, Service, serve

PATIENCE_SECONDS = 120


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    """`oidc-provider-mock`, which demands a nonce; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        said = b""
        while b"running on" not in said.lower() and b"started oidc" not in said.lower():
            line = await process.stderr.readline()
            assert line, said.decode()
            said += line
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.communicate()


@pytest.fixture
async def service(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any], tmp_path: Path, issuer: str
) -> AsyncIterator[Service]:  # fmt: skip
    """The application with it as a provider."""
    file = tmp_path / "providers.json"
    provider = {
        "name": "real",
        "title": "Real",
        "issuer": issuer,
        "client_id": "lockstep",
        "client_secret": "s",
    }
    file.write_text(json.dumps([provider]))
    changes = {"oidc_providers_file": file, "web_url": "https://board.lockstep.example"}
    async with serve(doors, make_settings(database, **changes)) as running:
        yield running


async def test_a_person_signs_in_by_it(service: Service, issuer: str) -> None:
    """With RS256, user info, and its own form; twice, as the same person."""
    browser = Browser(service)
    person = {"email": "new@lockstep.example", "email_verified": True, "name": "Newcomer"}
    async with httpx.AsyncClient() as http:
        assert (await http.put(f"{issuer}/users/somebody", json=person)).is_success
    clients = [await browser.signed_in("real", sub="somebody") for _ in range(2)]
    assert clients[0].user_id == clients[1].user_id
    found = await clients[1].query(
        "{ viewer { email emailConfirmed user { name } identities { provider } } }"
    )
    assert found["viewer"] == {
        "email": "new@lockstep.example", "emailConfirmed": True, "user": {"name": "Newcomer"},
        "identities": [{"provider": "real"}],
    }  # fmt: skip
    await browser.close()
