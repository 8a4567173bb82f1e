"""Secrets that are found wherever they stand, and who sends them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from tests import selections
from tests.client import JSON
from tests.command_line.conftest import Command

PATIENCE_SECONDS = 120


def mark(what: str) -> str:
    """A secret that is found wherever it stands. The form is one that headers, URLs and GraphQL names take."""
    return f"Mark_{what}_{secrets.token_hex(8)}"


@dataclass
class Told:
    """What was sent as a secret, and what came back."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)

    def new(self, what: str) -> str:
        """A new secret."""
        self.secrets[what] = mark(what)
        return self.secrets[what]

    def leaked(self, text: str) -> list[str]:
        """The names of the secrets that stand in a text."""
        return [what for what, secret in self.secrets.items() if secret in text]


@dataclass
class Running:
    """`lockstep serve` as a process of its own, on a database of its own."""

    told: Told
    command: Command
    url: str
    database: str
    mails: Path


FREELY = {
    f"LOCKSTEP_{name}": "0"
    for name in (
        "REQUESTS_PER_MINUTE", "COST_PER_MINUTE", "WRITES_PER_MINUTE", "ANONYMOUS_REQUESTS_PER_MINUTE",
        "SUBSCRIPTIONS_PER_MINUTE", "SIGN_IN_ATTEMPTS",
    )
}  # fmt: skip
"""Without limits of rates: all of it is to arrive."""


class Sender:
    """Sends requests and keeps every answer; what a payload hands out is taken out of it, and a secret from then on."""

    HANDED_OUT = ("accessToken", "refreshToken", "token")

    def __init__(self, running: Running) -> None:
        self.told = running.told
        self._http = httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_SECONDS, verify=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *left: object) -> None:
        await self._http.aclose()

    async def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._http.request(method, path, **options)
        self.told.answers.append(f"{answer.status_code} {dict(answer.headers)}")
        if "/exports" not in path or answer.status_code != 200:
            self.told.answers.append(answer.text)
        return answer

    async def ask(self, document: str, variables: JSON | None = None, token: str | None = None) -> JSON:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self._http.post(
            "/graphql", json={"query": document, "variables": variables or {}}, headers=headers
        )
        body: JSON = answer.json()
        for payload in (body.get("data") or {}).values():
            for name in self.HANDED_OUT:
                if isinstance(payload, dict) and isinstance(payload.get(name), str):
                    self.told.secrets[f"{name} {len(self.told.secrets)}"] = payload.pop(name)
        self.told.answers.append(f"{answer.status_code} {dict(answer.headers)} {json.dumps(body)}")
        return body

    async def do(self, mutation: str, token: str | None = None, **given: Any) -> JSON:
        assert selections.SCHEMA.mutation_type is not None
        kind = selections.SCHEMA.mutation_type.fields[mutation].args["input"].type
        document = (
            f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {selections.payload(mutation)} }} }}"
        )
        body = await self.ask(document, {"input": given}, token)
        return (body.get("data") or {}).get(mutation) or {}

    def newest(self, kind: str) -> str:
        """The secret of this kind that was handed out last."""
        return [secret for what, secret in self.told.secrets.items() if what.startswith(f"{kind} ")][-1]
