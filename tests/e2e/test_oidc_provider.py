"""Signing in by the certified provider of npm (`oidc-provider`), through its own pages."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from tests.e2e.npm import CLIENTS, install
from tests.oidc.browser import Browser
from tests.oidc.provider import CLIENT, SECRET
from tests.service import Doors, Service, serve

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 30
FORM = re.compile(r'<form[^>]* action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    """The provider's address."""
    packages = await install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    redirect = "http://127.0.0.1:8000/auth/oidc/strict/callback"
    process = await asyncio.create_subprocess_exec(
        packages.node.node, "provider.js", str(port), redirect, cwd=CLIENTS, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while b"listening" not in (line := await process.stdout.readline()):
            assert line, "it did not start"
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
        "name": "strict",
        "title": "Strict",
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    file.write_text(json.dumps([provider]))
    changes = {"oidc_providers_file": file, "web_url": "https://board.lockstep.example"}
    async with serve(doors, make_settings(database, **changes)) as running:
        yield running


class Person(Browser):
    """A browser whose person fills in the provider's pages: who they are, and that they agree."""

    async def answered(self, page: str, **form: Any) -> str:
        async with httpx.AsyncClient() as http:
            answer = await http.get(page)
            while True:
                while answer.is_redirect:
                    place = str(answer.url.join(answer.headers["location"]))
                    if place.startswith(self.service.settings.base_url):
                        return place
                    answer = await http.get(place)
                action, prompt = FORM.search(answer.text), PROMPT.search(answer.text)
                assert action is not None, answer.text
                assert prompt is not None, answer.text
                said = {"prompt": prompt[1], **(form if prompt[1] == "login" else {})}
                answer = await http.post(answer.url.join(action[1]), data=said)


async def test_a_person_signs_in_by_a_strict_provider(service: Service) -> None:
    """It demands PKCE, client authentication to the letter, and names itself in its answer (RFC 9207)."""
    person = Person(service)
    clients = [await person.signed_in("strict", login="newcomer", password="any") for _ in range(2)]
    assert clients[0].user_id == clients[1].user_id
    found = await clients[1].query("{ viewer { email emailConfirmed user { name } } }")
    assert found["viewer"] == {
        "email": "newcomer@lockstep.example", "emailConfirmed": True, "user": {"name": "Newcomer"},
    }  # fmt: skip
    await person.close()
