"""Signing keys: rotated without a restart and without refusing anybody; verified once; shown in public parts."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from hypothesis import given, settings, strategies
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from app.accounts import tokens as rules
from app.accounts.keys import ALGORITHM, VERIFIED_FOR, KeyRing, KeyState, KeysUnreadable
from app.accounts.tokens import Tokens
from app.config import PROJECT_ROOT, Settings
from app.errors import Unauthenticated
from tests.accounts.conftest import Serving
from tests.client import Client
from tests.service import Service
from tests.world import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHO = "{ viewer { email } }"
Opening = Callable[..., Tokens]


@pytest.fixture
def opening(tmp_path: Path) -> Opening:
    """Tokens of a key file of the test's own."""

    def make(**changes: Any) -> Tokens:
        return Tokens.open(Settings(data_dir=tmp_path, **changes))

    return make


def rotate(tmp_path: Path) -> KeyRing:
    """What `lockstep keys rotate` does to the file."""
    file = tmp_path / "signing-key.json"
    ring = KeyRing.read(file).rotated(datetime.now(UTC))
    ring.write(file, replacing=True)
    return ring


def test_a_rotation_refuses_nobody(opening: Opening, tmp_path: Path) -> None:
    here, there = opening(), opening()
    user, session = uuid4(), uuid4()
    before, _ = here.issue(user, session)
    rotate(tmp_path)
    here.look()
    after, _ = here.issue(user, session)
    kids = [_opened(token, here).header["kid"] for token in (before, after)]
    assert kids[0] != kids[1]
    # The other process has not looked yet, and knows the new signer as the next one.
    for tokens in (here, there):
        assert {tokens.read(token).user_id for token in (before, after)} == {user}


def test_a_key_of_another_process_is_looked_for(
    opening: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = opening(), opening()
    rotate(tmp_path)
    rotate(tmp_path)  # so soon that nobody had heard of the one that signs now
    here.look()
    token, _ = here.issue(uuid4(), uuid4())
    monkeypatch.setattr(rules, "LOOK_SECONDS", 0.0)
    assert there.read(token).expires_at > 0


def test_a_removed_key_verifies_nothing_any_more(opening: Opening, tmp_path: Path) -> None:
    tokens = opening()
    token, _ = tokens.issue(uuid4(), uuid4())
    assert tokens.read(token).expires_at > 0, "known from here on"
    file = tmp_path / "signing-key.json"
    ring = KeyRing.read(file)
    ring.without(ring.active.kid, NOW).write(file, replacing=True)
    tokens.look()
    with pytest.raises(Unauthenticated):
        tokens.read(token)
    fresh, _ = tokens.issue(uuid4(), uuid4())
    assert tokens.read(fresh).expires_at > 0


def test_a_token_is_verified_once(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = opening()
    token, _ = tokens.issue(uuid4(), uuid4())
    viewer = tokens.read(token)
    monkeypatch.setattr("app.accounts.tokens.jwt.decode", None)
    assert tokens.read(token) == viewer


def test_a_file_that_cannot_be_read_changes_nothing(
    opening: Opening, tmp_path: Path, logged: list[Any]
) -> None:
    tokens = opening()
    token, _ = tokens.issue(uuid4(), uuid4())
    file = tmp_path / "signing-key.json"
    kept = file.read_bytes()
    for broken in (b"", b"{", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AAAA"}]}', kept[:-40]):
        file.write_bytes(broken)
        tokens.look()
        assert tokens.read(token).expires_at > 0
        with pytest.raises(KeysUnreadable):
            KeyRing.read(file)
    file.unlink()
    tokens.look()
    assert tokens.read(token).expires_at > 0
    assert {entry["event"] for entry in logged} == {"keys_unreadable"}
    file.write_bytes(kept)
    tokens.look()
    assert tokens.read(token).expires_at > 0


def test_a_single_key_of_earlier_days_goes_on(opening: Opening, tmp_path: Path) -> None:
    file = tmp_path / "signing-key.json"
    file.write_bytes(orjson.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    tokens = opening()
    token, _ = tokens.issue(uuid4(), uuid4())
    assert [one.state for one in rotate(tmp_path).keys] == ["retired", "active", "next"]
    tokens.look()
    assert tokens.read(token).expires_at > 0


def test_the_file_is_for_this_account_alone(opening: Opening, tmp_path: Path) -> None:
    opening()
    file = tmp_path / "signing-key.json"
    rotate(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [file.name], "nothing is left beside it"


@settings(max_examples=25, deadline=None)
@given(strategies.lists(strategies.integers(1, 3 * 86_400), max_size=6))
def test_however_it_is_rotated_one_signs_one_is_next_and_tokens_live(pauses: list[int]) -> None:
    now, ring = NOW, KeyRing.new(NOW)
    retired_at: dict[str, datetime] = {}
    for pause in pauses:
        replaced = ring.active.kid
        following = next(one.kid for one in ring.keys if one.state is KeyState.NEXT)
        now += timedelta(seconds=pause)
        ring = ring.rotated(now)
        retired_at[replaced] = now
        assert ring.active.kid == following, "published before it signs"
        states = [one.state for one in ring.keys]
        assert (states.count(KeyState.ACTIVE), states.count(KeyState.NEXT)) == (1, 1)
        left = {one.kid for one in ring.keys}
        gone = {kid for kid in retired_at if kid not in left}
        assert gone == {kid for kid, since in retired_at.items() if since <= now - VERIFIED_FOR}


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}), ({"kid": "nobody's"}, {}), ({}, {"iss": "else"}), ({}, {"aud": "else"}),
        ({}, {"aud": None}), ({}, {"exp": 1}), ({}, {"sub": "nobody"}), ({}, {"sid": None}), ({}, {"exp": None}),
    ],
)  # fmt: skip
def test_what_else_our_key_signed_is_no_access_token(
    opening: Opening, tmp_path: Path, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    tokens = opening()
    active = KeyRing.read(tmp_path / "signing-key.json").active
    right, _ = tokens.issue(uuid4(), uuid4())
    found = _opened(right, tokens)
    changed = {name: value for name, value in {**found.claims, **claims}.items() if value is not None}
    token = jwt.encode({**found.header, **header}, changed, active.key, algorithms=["Ed25519"])
    with pytest.raises(Unauthenticated):
        tokens.read(token)


def test_no_token_lives_longer_than_ours_do(opening: Opening, tmp_path: Path) -> None:
    """Whoever had a stolen key for a moment would have a socket for ever."""
    tokens = opening()
    active = KeyRing.read(tmp_path / "signing-key.json").active
    right, ends = tokens.issue(uuid4(), uuid4())
    found = _opened(right, tokens)
    token = jwt.encode(found.header, {**found.claims, "exp": 1e300}, active.key, algorithms=["Ed25519"])
    assert tokens.read(token).expires_at <= ends + 2


def test_issuer_and_audience_are_settings(opening: Opening) -> None:
    here = opening(token_issuer="https://tasks.example", token_audience="board")
    token, _ = here.issue(user := uuid4(), uuid4())
    claims = _opened(token, here).claims
    assert (claims["iss"], claims["aud"], UUID(claims["sub"])) == ("https://tasks.example", "board", user)
    with pytest.raises(Unauthenticated):
        opening().read(token)


def _opened(token: str, tokens: Tokens) -> Any:
    keys = KeySet.import_key_set(json.loads(tokens.jwks))
    return jwt.decode(token, keys, algorithms=[ALGORITHM])


async def test_others_verify_with_the_public_keys(world: World, service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert len(keys) >= 2, "the next one too"
    assert all(key.keys() == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys), "no private part"
    assert world.member.token is not None
    found = jwt.decode(world.member.token, KeySet.import_key_set(answer.json()), algorithms=["Ed25519"])
    assert found.header["typ"] == "at+jwt"


async def test_running_processes_take_over_a_rotation(serving: Serving, world: World, tmp_path: Path) -> None:
    """By the command, on the key file of a running service."""
    async with serving(data_dir=tmp_path) as service, httpx.AsyncClient(base_url=service.url) as http:
        before = await service.client().sign_in("member@lockstep.example")
        told = _command(service, "rotate")
        assert "retired" in told
        assert "Running processes sign with it" in told
        await _shown(http, lambda kids: len(kids) == 3)
        after = await service.client().sign_in("member@lockstep.example")
        assert _kid(after) != _kid(before)
        assert _kid(after) in _command(service, "list")
        for client in (before, after):
            assert (await client.query(WHO))["viewer"] == {"email": "member@lockstep.example"}
        assert "there is no key" in _command(service, "remove", "nonsense")
        assert _kid(before) not in _command(service, "remove", _kid(before))
        await _shown(http, lambda kids: _kid(before) not in kids)
        assert (await before.ask(WHO)).codes == ["UNAUTHENTICATED"]
        assert (await after.query(WHO))["viewer"] is not None


async def _shown(http: httpx.AsyncClient, wanted: Callable[[set[str]], bool]) -> None:
    """Asks for the public keys until they are as wanted."""
    async with asyncio.timeout(30):
        while not wanted({key["kid"] for key in (await http.get("/.well-known/jwks.json")).json()["keys"]}):
            pass


def _kid(client: Client) -> str:
    assert client.token is not None
    head = client.token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


def _command(service: Service, *arguments: str) -> str:
    given = {
        "LOCKSTEP_DATA_DIR": str(service.settings.data_dir), "COLUMNS": "200", "PYTHONPATH": str(PROJECT_ROOT),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", "keys", *arguments],
        env=given, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT,
    )  # fmt: skip
    return done.stdout + done.stderr
