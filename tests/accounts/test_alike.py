"""Whether somebody has an account is told to nobody: same answers, same work."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from app.accounts.passwords import password_at
from app.db import Database
from tests.accounts.conftest import Serving
from tests.client import JSON, PASSWORD
from tests.mailbox import Mailbox
from tests.service import Service
from tests.world import World

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KNOWN, UNKNOWN = "member@lockstep.example", "nobody@lockstep.example"


async def asked(service: Service, mutation: str, given: JSON, email: str) -> tuple[JSON, list[str]]:
    """The payload, and the statements it took (without ids, which differ)."""
    with service.statements() as counted:
        payload = await service.client().answer(mutation, **given, email=email)
    return payload, [_UUID.sub("…", " ".join(text.split())) for text in counted.texts]


async def test_a_sign_in_that_fails(service: Service, world: World) -> None:
    given = {"password": "wrong password"}
    await asked(service, "signIn", given, KNOWN)  # statements are prepared once
    assert await asked(service, "signIn", given, KNOWN) == await asked(service, "signIn", given, UNKNOWN)


async def test_a_forgotten_password(service: Service, world: World, mailbox: Mailbox) -> None:
    await asked(service, "passwordResetRequest", {}, KNOWN)
    assert await asked(service, "passwordResetRequest", {}, KNOWN) == await asked(
        service, "passwordResetRequest", {}, UNKNOWN
    )
    await mailbox.letter(KNOWN, 2)
    assert mailbox.to(UNKNOWN) == []


async def test_a_sign_up_where_addresses_are_confirmed_first(
    serving: Serving, world: World, mailbox: Mailbox
) -> None:
    given = {"password": PASSWORD, "name": "Somebody"}
    async with serving(confirm_email=True) as service:
        await asked(service, "signUp", given, KNOWN)
        assert await asked(service, "signUp", given, KNOWN) == await asked(service, "signUp", given, UNKNOWN)
    assert "There is one already" in await mailbox.letter(KNOWN, 2)
    assert "Confirm that this is your address" in await mailbox.letter(UNKNOWN)


async def test_a_member_added_where_addresses_are_confirmed_first(serving: Serving, world: World) -> None:
    given = {"workspaceId": world.workspace["id"], "role": "MEMBER"}
    async with serving(confirm_email=True) as service:
        owner = service.client(world.owner.token)
        for email in (world.outsider.email, UNKNOWN):
            error = await owner.refused("workspaceMemberAdd", **given, email=email)
            assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["email"])
            assert "invitationCreate" in error["message"]


async def test_every_sign_in_makes_a_hash(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an account, of nobody, and of an account without a password: one each."""
    checked: list[str] = []
    hasher = service.application.passwords._hasher
    check = hasher.verify_and_update

    def verify(password: str, kept: str) -> tuple[bool, str | None]:
        checked.append(kept)
        return check(password, kept)

    monkeypatch.setattr(hasher, "verify_and_update", verify)
    for email in (KNOWN, UNKNOWN):
        await asked(service, "signIn", {"password": "wrong password"}, email)
    assert len(checked) == 2
    assert [kept.partition("p=")[0] for kept in checked] == ["$argon2id$v=19$m=64,t=1,"] * 2, "as costly"


async def test_a_difference_would_be_seen(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: one more statement for those who are known."""

    async def leaky(database: Database, address: str) -> tuple[UUID, str | None, bool]:
        found = await password_at(database, address)
        if found[2]:
            await password_at(database, address)
        return found

    monkeypatch.setattr("app.accounts.signing_in.password_at", leaky)
    given = {"password": "wrong password"}
    assert await asked(service, "signIn", given, KNOWN) != await asked(service, "signIn", given, UNKNOWN)
