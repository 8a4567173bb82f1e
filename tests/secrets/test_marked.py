"""Marked secrets go in by every door; then all that came out is searched for them.

The service runs as its own process at its most talkative, as operators run it; what it and its commands print is read
as it is. Only where a secret is handed out (the payload of a sign-in) may one be found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLInputObjectType, get_named_type
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from lockstep.embedded import Servers
from schema.secrecy import MOST, NAMES, hide
from tests import selections
from tests.client import JSON
from tests.databases import named
from tests.secrets.marks import Running, Sender, Told
from tests.service import Service
from tests.world import World

SHORTEST_MAILED = 32
"""Characters of a mailed secret, at least: some mails have none."""


def secret_fields() -> Iterator[tuple[str, str]]:
    """(mutation, field) for each field of an input that holds a secret."""
    assert selections.SCHEMA.mutation_type is not None
    for name, one in selections.SCHEMA.mutation_type.fields.items():
        kind = get_named_type(one.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        yield from ((name, inner) for inner in kind.fields if inner in NAMES)


def test_every_secret_of_the_schema_is_known() -> None:
    """By its name: a new one must be called so that it is known."""
    words = ("password", "token", "secret", "code")
    for name, kind in selections.SCHEMA.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            for inner in kind.fields:
                assert inner in NAMES or not any(word in inner.lower() for word in words), f"{name}.{inner}"
    assert len(list(secret_fields())) >= 12


async def every_input(send: Sender) -> None:
    """Each secret field of each mutation: as a value, and as all that it cannot be, in variables and documents."""
    assert selections.SCHEMA.mutation_type is not None
    for number, (mutation, name) in enumerate(secret_fields()):
        kind = selections.SCHEMA.mutation_type.fields[mutation].args["input"].type
        document = f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ errors {{ message }} }} }}"
        secret = send.told.new(f"{mutation}.{name}")
        inner = get_named_type(kind)
        assert isinstance(inner, GraphQLInputObjectType)
        plain: JSON = {
            one: "x@lockstep.example" if one == "email" else "text"
            for one, about in inner.fields.items()
            if str(about.type) == "String!"
        }
        for wrong in (secret, [secret], {secret: secret}, {"a": [secret]}, [[{"b": secret}]]):
            await send.ask(document, {"input": {**plain, name: wrong}})
        await send.ask(document, {"input": {**plain, name: secret, secret: 1}})
        await send.ask(document.replace(str(kind), "String"), {"input": {name: secret}})
        for literal in (
            f'"{secret}"',
            secret,
            f"[{secret}]",
            f"{{a: {secret}}}",
            f'["{secret}"]',
            f'"{secret}',
            f"${secret}",
        ):
            await send.ask(
                f"mutation {{ {mutation}(input: {{{name}: {literal}}}) {{ errors {{ message }} }} }}"
            )
        await send.ask(
            f"query($password: Int) {{ viewer {{ email }} n{number}: __typename }}", {"password": secret}
        )


async def every_door(send: Sender, running: Running) -> None:
    """What is no GraphQL at all, over HTTP and WebSocket."""
    secret = send.told.new("header")
    for header in (
        f"Basic {secret}",
        f"Bearer {secret}",
        f"Bearer  {secret} {secret}",
        secret,
        f"Bearer {secret}!",
    ):
        await send.raw(
            "POST", "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": header}
        )
        await send.raw("GET", "/exports/me.json", headers={"Authorization": header})
        await send.raw("GET", "/metrics", headers={"Authorization": header})
    await send.raw(
        "GET", "/graphql?query={__typename}", headers={"Cookie": f"lockstep_refresh={secret}; a={secret}"}
    )
    await send.raw("POST", "/graphql", content=f'{{"query": "{{ __typename }}", "password": {secret}}}')
    await send.raw("POST", "/graphql", content=f'{{"query": {{"password": "{secret}"}}}}')
    for path in ("/graphql", "/nothing", "/health/ready", "/exports/me.json"):
        await send.raw("GET", path, params={"token": secret, "access_token": secret})
        await send.raw("PUT", path, params={"token": secret})
    for payload in (
        {"authorization": f"Bearer {secret}"}, {"authorization": secret}, {"token": secret}, {"token": [secret]},
        {"token": {"a": secret}},
    ):  # fmt: skip
        await socket(send, running, json.dumps({"type": "connection_init", "payload": payload}))
    await socket(send, running, f'{{"type": "connection_init", "payload": {{"token": {secret}}}}}')
    await socket(send, running, secret)


async def socket(send: Sender, running: Running, message: str) -> None:
    """One message on a socket of its own, and all that comes back."""
    url = running.url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as connection:
        await connection.send(message)
        try:
            while True:
                send.told.answers.append(str(await connection.recv()))
        except ConnectionClosed as closed:
            send.told.answers.append(str(closed))


async def a_life(send: Sender, running: Running) -> None:
    """One account, from its beginning to its end: everything done right, and wrong before."""
    told = send.told
    email, password, second = "someone@lockstep.example", told.new("password"), told.new("new password")
    await send.do("signUp", email=email, password=password, name="Someone")
    await send.do("signUp", email=email, password=told.new("sign up again"), name="Someone")
    await send.do("signIn", email=email, password=told.new("wrong password"))
    await send.do("signIn", email="nobody@lockstep.example", password=told.new("nobody's password"))
    await send.do("signIn", email=email, password=password)
    await send.do("tokenRefresh", refreshToken=send.newest("refreshToken"))
    await send.do("tokenRefresh", refreshToken=told.new("unknown refresh token"))
    token = send.newest("accessToken")
    await send.do("passwordChange", token, currentPassword=told.new("wrong"), newPassword=second)
    await send.do("passwordChange", token, currentPassword=password, newPassword="short")
    await send.do("passwordChange", token, currentPassword=password, newPassword=second)
    await send.do(
        "emailChangeRequest", token, password=told.new("wrong again"), email="other@lockstep.example"
    )
    await send.do("emailChangeRequest", token, password=second, email="other@lockstep.example")
    await send.do("passwordResetRequest", email=email)
    await send.do("workspaceCreate", token, name="Mine")
    made = await send.do("accessTokenCreate", token, name="Mine", scopes=["READ"], expiresInDays=1)
    assert made.get("errors") in ([], None), made
    await send.ask("{ viewer { email } }", token=send.newest("accessToken"))
    for path in running.mails.glob("*"):
        words = path.read_text().replace("=\n", "").split()
        secret = max((word.rpartition("token=")[2] for word in words if "@" not in word), key=len)
        if len(secret) < SHORTEST_MAILED:
            continue
        told.secrets[f"mailed {path.name}"] = secret
        for mutation in ("emailConfirm", "emailChange"):
            await send.do(mutation, token=secret)
        await send.do("passwordReset", token=secret, newPassword=told.new(f"reset {len(told.secrets)}"))
    await send.raw("GET", "/exports/me.json", headers={"Authorization": f"Bearer {token}"})
    await send.do("accountErase", token, password=told.new("erase wrongly"), confirmation=email)
    await send.do("accountErase", token, password=second, confirmation=email)


async def test_no_secret_comes_out(running: Running, servers: Servers) -> None:
    told = running.told
    async with Sender(running) as send:
        await a_life(send, running)
        await every_input(send)
        await every_door(send, running)
        metrics = await send.raw(
            "GET", "/metrics", headers={"Authorization": f"Bearer {told.secrets['metrics']}"}
        )
        assert metrics.status_code == 200
    assert len(told.secrets) >= 40
    key = json.loads((running.mails.parent / "data" / "signing-key.json").read_text())
    told.secrets |= {f"signing key {n}": one for n, one in enumerate(_private(key))}
    assert [what for what in told.secrets if what.startswith("signing key")]
    running.command.interrupt()
    running.command.end()
    leaks = {f"answer {number}": told.leaked(text) for number, text in enumerate(told.answers)}
    leaks |= {f"log: {line[:300]}": told.leaked(line) for line in running.command.lines}
    found = {place: what for place, what in leaks.items() if what}
    assert not found, {
        place: (what, told.answers[int(place[7:])][:500] if place[0] == "a" else "")
        for place, what in found.items()
    }
    assert await _in_clear(servers, running.database, told) == []


def _private(key: Any) -> Iterator[str]:
    """The private parts of a key, or of a set of them."""
    if isinstance(key, dict):
        if isinstance(key.get("d"), str):
            yield key["d"]
        for one in key.values():
            yield from _private(one)
    elif isinstance(key, list):
        for one in key:
            yield from _private(one)


async def _in_clear(servers: Servers, database: str, told: Told) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(named(servers.admin_url, database))
    try:
        tables = await connection.fetch(
            "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
        found = []
        for table in tables:
            text = await connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table['name']} t") or ""
            # A byte string is written as hex: a secret may hide in one.
            found += [
                (table["name"], what)
                for what, secret in told.secrets.items()
                if secret in text or secret.encode().hex() in text
            ]
        return found
    finally:
        await connection.close()


async def test_the_search_finds_what_is_there(running: Running, servers: Servers) -> None:
    """Else it would prove nothing: a secret planted in each place is found there."""
    told = running.told
    secret = told.new("planted")
    async with Sender(running) as send:
        await send.raw("GET", "/graphql", headers={"X-Request-ID": secret})
        assert told.leaked(told.answers[0]) == ["planted"]
        await send.ask("query named { __typename }".replace("named", secret))
    running.command.wait_for(secret)
    connection = await asyncpg.connect(named(servers.admin_url, running.database))
    await connection.execute(
        "INSERT INTO users (id, kind, name, time_zone, version, created_at) "
        "VALUES (gen_random_uuid(), 'person', $1, 'UTC', 1, now())", secret,
    )  # fmt: skip
    await connection.close()
    assert await _in_clear(servers, running.database, told) == [("users", "planted")]


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_a_crash_tells_no_secret(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch, logged: list[Any], log_format: str
) -> None:
    """With the secret in the variables of the frames that crash, and in the exception's cause."""
    told = Told()
    password = told.new("password")

    async def crash(passwords: Any, given: str, kept: Any) -> Any:
        local = f"about {given}"
        assert local
        raise RuntimeError("out of order")

    monkeypatch.setattr(type(service.application.passwords), "verify", crash)
    answer = await world.nobody.ask(
        "mutation($i: SignInInput!) { signIn(input: $i) { errors { message } } }",
        {"i": {"email": "viewer@lockstep.example", "password": password}},
    )
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert told.leaked(answer.body.decode()) == []
    assert told.leaked(str(logged)) == []
    assert "out of order" in str(logged)
    logged[:] = [entry for entry in logged if entry["log_level"] != "error"]


@pytest.mark.parametrize(
    ("message", "document", "variables", "said"),
    [
        ('value "abcdef"', "", {"password": "abcdef"}, 'value "…"'),
        ("value ['abcdef']", "", {"input": {"newPassword": ["abcdef"]}}, "value ['…']"),
        ("abcdef and abcdefgh", "", {"token": "abcdef", "i": {"password": "abcdefgh"}}, "… and …"),
        ('Unexpected Name "abcdef"', "{ a(password: abcdef) }", {}, 'Unexpected Name "…"'),
        ('value "abcdef"', 'signIn(input: {password: "abcdef"})', {}, 'value "…"'),
        ("Variable $password", "q($password: String) { a(password: $password) }", {}, "Variable $password"),
        ("value 12", "", {"password": 12}, "value 12"),
        ("title abcdef", '{ a(title: "abcdef") }', {"title": "abcdef"}, "title abcdef"),
    ],
)
def test_what_is_hidden_of_a_message(message: str, document: str, variables: JSON, said: str) -> None:
    assert hide([message, message], document, variables) == [said, said]


def test_of_very_many_secrets_none_is_looked_for() -> None:
    """Each would be looked for in each message: twenty thousand took seconds, of whoever is not even signed in."""
    secrets = [f"secret {number}" for number in range(MOST + 1)]
    (said,) = hide(["value secret 7"], "", {"password": secrets})
    assert "secret 7" not in said
    assert hide(["value secret 7"], "", {"password": secrets[1:]}) == ["value …"]
