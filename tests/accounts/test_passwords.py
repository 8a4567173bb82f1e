"""Passwords: hashed by setting, hashed anew when the setting changes, so many at once, changed by who knows them."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

import pytest

from app.accounts.passwords import Passwords
from app.errors import Unavailable
from app.outcomes import RequestKey
from tests.accounts.conftest import Serving
from tests.client import PASSWORD, new_key
from tests.invariants import refused_unchanged
from tests.ledger import Log
from tests.mailbox import Mailbox
from tests.world import World

HASH = "SELECT hash FROM passwords p JOIN users u ON u.id = p.user_id WHERE u.email = $1"
MEMBER = "member@lockstep.example"


async def test_a_changed_setting_takes_effect_when_someone_signs_in(
    world: World, log: Log, serving: Serving
) -> None:
    before = await log.connection.fetchval(HASH, MEMBER)
    assert before.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    await world.nobody.sign_in(MEMBER)
    assert await log.connection.fetchval(HASH, MEMBER) == before, "nothing to do"
    async with serving(argon2_memory_kib=128, argon2_time_cost=2, argon2_parallelism=2) as stronger:
        await stronger.client().refused("signIn", email=MEMBER, password="wrong password")
        assert await log.connection.fetchval(HASH, MEMBER) == before
        await stronger.client().sign_in(MEMBER)
        assert (await log.connection.fetchval(HASH, MEMBER)).startswith("$argon2id$v=19$m=128,t=2,p=2$")
        await stronger.client().sign_in(MEMBER)


async def test_too_many_at_once_are_refused_at_once() -> None:
    passwords = Passwords(time_cost=1, memory_kib=64, parallelism=1, at_once=1, waiting=1)
    running, go_on = threading.Event(), threading.Event()

    def slow(password: str) -> str:
        running.set()
        go_on.wait()
        return password

    first = asyncio.create_task(passwords._run(slow, "first"))
    await asyncio.to_thread(running.wait)
    second = asyncio.create_task(passwords._run(slow, "second"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.hash("third")
    first.cancel()
    with pytest.raises(Unavailable):
        await passwords.hash("who left still occupies a thread")
    go_on.set()
    assert await second == "second"
    assert (await passwords.verify("third", await passwords.hash("third")))[0] is True
    passwords.close()
    with pytest.raises(Unavailable):
        await passwords.hash("after the end")


async def test_who_knows_it_changes_it_and_other_sessions_end(
    world: World, log: Log, mailbox: Mailbox
) -> None:
    other = await world.nobody.sign_in(MEMBER)
    client = await world.nobody.sign_in(MEMBER)
    given = {"currentPassword": PASSWORD, "newPassword": "another password", "clientMutationId": new_key()}
    answers = [await client.do("passwordChange", **given) for _ in range(2)]
    assert answers[0] == answers[1], "a retry answers the same, though the current password is another now"
    assert (answers[0]["changed"], answers[0]["ended"]) == (True, 2)
    assert (await other.ask("{ viewer { email } }")).codes == ["UNAUTHENTICATED"]
    assert (await client.query("{ viewer { email } }"))["viewer"] == {"email": MEMBER}
    assert (await world.nobody.refused("signIn", email=MEMBER, password=PASSWORD))["code"] == "SIGN_IN_FAILED"
    await world.nobody.sign_in(MEMBER, "another password")
    assert "was changed" in await mailbox.letter(MEMBER)
    assert len(mailbox.to(MEMBER)) == 1
    kept = await log.connection.fetchrow("SELECT outcome::text, request_hash FROM mutation_outcomes")
    assert "password" not in kept["outcome"]
    told = RequestKey.of(UUID(given["clientMutationId"]), "passwordChange", {})
    assert kept["request_hash"] == told.request_hash, "no fast hash of a password is kept"


async def test_who_does_not_know_it_does_not(world: World, log: Log) -> None:
    for current, new, path in (
        ("wrong password", "another password", "currentPassword"), (PASSWORD, "short", "newPassword"),
    ):  # fmt: skip
        error = await refused_unchanged(
            log, world.member.refused("passwordChange", currentPassword=current, newPassword=new)
        )
        assert error["path"] == [path]


async def test_a_sign_in_under_way_does_not_outlive_a_change(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was checked; before the session begins it is another."""
    check = world.service.application.passwords.verify

    async def slow(password: str, kept: str | None) -> tuple[bool, str | None]:
        found = await check(password, kept)
        monkeypatch.undo()
        await world.member.do("passwordChange", currentPassword=PASSWORD, newPassword="another password")
        return found

    monkeypatch.setattr(world.service.application.passwords, "verify", slow)
    error = await world.nobody.refused("signIn", email=MEMBER, password=PASSWORD)
    assert error["code"] == "SIGN_IN_FAILED"
