"""What goes by mail: confirming an address, forgetting a password, moving to another address."""

from __future__ import annotations

import asyncio

import pytest

from tests.accounts.conftest import Serving
from tests.client import PASSWORD, Client, new_key
from tests.invariants import refused_unchanged
from tests.ledger import Log
from tests.mailbox import Mailbox
from tests.world import World

MEMBER = "member@lockstep.example"
NEW = "new@lockstep.example"
ME = "{ viewer { email emailConfirmed user { name } } }"
NEXT = "another password"


async def confirmed(client: Client) -> bool:
    """Whether somebody's address is confirmed."""
    return bool((await client.query(ME))["viewer"]["emailConfirmed"])


async def test_an_address_is_confirmed_by_the_mail_to_it(world: World, log: Log, mailbox: Mailbox) -> None:
    client = await world.nobody.sign_up(NEW, "New")
    first = await mailbox.token(NEW)
    assert not await confirmed(client)
    key = new_key()
    for _ in range(2):
        assert (await client.do("emailConfirmationSend", clientMutationId=key))["sent"] is True
    second = await mailbox.token(NEW, 2)
    error = await refused_unchanged(log, world.nobody.refused("emailConfirm", token=first))
    assert (error["code"], error["path"]) == ("LINK_INVALID", ["token"]), "the newer one took its place"
    assert (await world.nobody.do("emailConfirm", token=second))["confirmed"] is True
    assert await confirmed(client)
    assert (await client.do("emailConfirmationSend"))["sent"] is False
    await refused_unchanged(log, world.nobody.refused("emailConfirm", token=second))
    assert len(mailbox.to(NEW)) == 2
    stored = await log.connection.fetch("SELECT encode(token_hash, 'escape') FROM mailed_tokens")
    assert first not in repr(stored)


@pytest.mark.parametrize("mutation", ["emailConfirm", "emailChange", "passwordReset"])
async def test_a_token_is_good_for_its_purpose_and_time_alone(
    world: World, log: Log, mailbox: Mailbox, mutation: str
) -> None:
    await world.nobody.sign_up(NEW, "New")
    await world.nobody.do("passwordResetRequest", email=MEMBER)
    await world.member.do("emailChangeRequest", email="moved@lockstep.example", password=PASSWORD)
    tokens = {
        "emailConfirm": await mailbox.token(NEW), "passwordReset": await mailbox.token(MEMBER),
        "emailChange": await mailbox.token("moved@lockstep.example"),
    }  # fmt: skip
    more = {"newPassword": NEXT} if mutation == "passwordReset" else {}
    for token in ({*tokens.values()} - {tokens[mutation]}) | {
        "",
        "nonsense",
        "\x00",
        "x" * 5000,
        "\ud83d"[:0],
    }:
        error = await refused_unchanged(log, world.nobody.refused(mutation, token=token, **more))
        assert error["code"] == "LINK_INVALID"
    await log.connection.execute("UPDATE mailed_tokens SET expires_at = now() - interval '1 s'")
    await refused_unchanged(log, world.nobody.refused(mutation, token=tokens[mutation], **more))
    await log.connection.execute("UPDATE mailed_tokens SET expires_at = now() + interval '1 h'")
    payloads = await asyncio.gather(
        *(world.nobody.answer(mutation, token=tokens[mutation], **more) for _ in range(3))
    )
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1, 1], "once"


async def test_a_forgotten_password_is_set_anew_and_ends_every_session(
    world: World, log: Log, mailbox: Mailbox
) -> None:
    client = await world.nobody.sign_in(MEMBER)
    await world.nobody.do("passwordResetRequest", email=" Member@Lockstep.example ")
    token = await mailbox.token(MEMBER)
    error = await refused_unchanged(
        log, world.nobody.refused("passwordReset", token=token, newPassword="short")
    )
    assert error["path"] == ["newPassword"]
    payload = await world.nobody.do("passwordReset", token=token, newPassword=NEXT)
    assert (payload["changed"], payload["ended"]) == (True, 2)
    assert (await client.ask(ME)).codes == ["UNAUTHENTICATED"]
    error = await world.nobody.refused("tokenRefresh", refreshToken=client.refresh_token)
    assert error["code"] == "SIGN_IN_FAILED"
    again = await world.nobody.sign_in(MEMBER, NEXT)
    assert await confirmed(again), "mail reached them"
    assert "was changed" in await mailbox.letter(MEMBER, 2)


@pytest.mark.parametrize("confirmed_before", [False, True])
async def test_who_made_an_account_with_anothers_address_is_out_of_it(
    world: World, log: Log, mailbox: Mailbox, confirmed_before: bool
) -> None:
    """Once its owner sets a password by mail: no session, no token, no link under way is left."""
    squatter = await world.nobody.sign_up(NEW, "Squatter")
    if confirmed_before:
        await world.nobody.do("emailConfirm", token=await mailbox.token(NEW))
    made = await squatter.do("accessTokenCreate", name="Kept", scopes=["READ"])
    program = world.service.client(made["token"])
    assert (await program.query(ME))["viewer"]["email"] == NEW
    await squatter.do("emailChangeRequest", email="squatter@lockstep.example", password=PASSWORD)
    link = await mailbox.token("squatter@lockstep.example")
    assert "Nothing has changed yet" in await mailbox.letter(NEW, 2)
    await world.nobody.do("passwordResetRequest", email=NEW)
    await world.nobody.do("passwordReset", token=await mailbox.token(NEW, 3), newPassword=NEXT)
    assert (await squatter.ask(ME)).codes == ["UNAUTHENTICATED"]
    assert (await world.nobody.refused("emailChange", token=link))["code"] == "LINK_INVALID"
    left = "SELECT count(*) FROM access_tokens WHERE revoked_at IS NULL"
    assert await log.connection.fetchval(left) == int(confirmed_before), "one's own tokens stay"


async def test_an_account_moves_when_the_new_address_says_so(
    world: World, log: Log, mailbox: Mailbox
) -> None:
    await world.nobody.do("passwordResetRequest", email=MEMBER)
    old_link = await mailbox.token(MEMBER)
    error = await refused_unchanged(
        log, world.member.refused("emailChangeRequest", email=NEW, password="wrong password")
    )
    assert error["path"] == ["password"]
    error = await world.member.refused(
        "emailChangeRequest", email="MEMBER@lockstep.example", password=PASSWORD
    )
    assert error["path"] == ["email"]
    assert (await world.member.do("emailChangeRequest", email=NEW.upper(), password=PASSWORD))["sent"] is True
    assert "Nothing has changed yet" in await mailbox.letter(MEMBER, 2)
    assert (await world.member.query(ME))["viewer"]["email"] == MEMBER
    await world.nobody.do("emailChange", token=await mailbox.token(NEW))
    assert (await world.member.query(ME))["viewer"] == {
        "email": NEW, "emailConfirmed": True, "user": {"name": "Member"},
    }  # fmt: skip
    assert "another address now" in await mailbox.letter(MEMBER, 3)
    await refused_unchanged(log, world.nobody.refused("passwordReset", token=old_link, newPassword=NEXT))
    assert (await world.nobody.refused("signIn", email=MEMBER, password=PASSWORD))["code"] == "SIGN_IN_FAILED"
    await world.nobody.sign_in(NEW)


async def test_an_address_of_an_account_is_taken_by_nobody_and_told_to_nobody(
    world: World, log: Log, mailbox: Mailbox
) -> None:
    taken, free = "manager@lockstep.example", "free@lockstep.example"
    answers = [
        await world.member.do("emailChangeRequest", email=email, password=PASSWORD) for email in (taken, free)
    ]
    assert answers[0] == answers[1]
    assert "There is one already" in await mailbox.letter(taken)
    token = await mailbox.token(free)
    await world.nobody.sign_up(free, "Quicker")
    error = await refused_unchanged(log, world.nobody.refused("emailChange", token=token))
    assert error["code"] == "LINK_INVALID"


async def test_where_addresses_are_confirmed_first_an_account_begins_with_that(
    world: World, log: Log, serving: Serving, mailbox: Mailbox
) -> None:
    async with serving(confirm_email=True, web_url="https://board.example/") as service:
        given = {"email": NEW, "password": PASSWORD, "name": "New", "timeZone": "Europe/Helsinki"}
        payload = await service.client().do("signUp", **given)
        assert payload["confirmationSent"] is True
        assert [payload[name] for name in ("accessToken", "refreshToken", "user")] == [None, None, None]
        error = await service.client().refused("signIn", email=NEW, password=PASSWORD)
        assert error["code"] == "SIGN_IN_FAILED", "as for an address of nobody"
        await service.client().do("signUp", **{**given, "password": NEXT})
        letters = [await mailbox.letter(NEW, 1), await mailbox.letter(NEW, 2)]
        assert all("https://board.example/confirm-email#token=" in letter for letter in letters)
        await service.client().do("emailConfirm", token=await mailbox.token(NEW, 2))
        error = await refused_unchanged(
            log, service.client().refused("emailConfirm", token=await mailbox.token(NEW, 1))
        )
        assert error["code"] == "LINK_INVALID", "of two sign-ups the first to be confirmed is the account"
        client = await service.client().sign_in(NEW, NEXT)
        assert (await client.query("{ viewer { emailConfirmed timeZone } }"))["viewer"] == {
            "emailConfirmed": True, "timeZone": "Europe/Helsinki",
        }  # fmt: skip


async def test_what_expired_is_taken_away(world: World, log: Log, serving: Serving) -> None:
    from app.housekeeping import clean  # noqa: PLC0415

    await world.nobody.do("passwordResetRequest", email=MEMBER)
    old = await world.nobody.sign_in(MEMBER)
    async with serving(confirm_email=True) as service:
        await service.client().do("signUp", email=NEW, password=PASSWORD, name="New")
    await log.connection.execute(
        "UPDATE sign_ups SET expires_at = now(); UPDATE mailed_tokens SET expires_at = now()"
    )
    await old.do("signOut")
    await log.connection.execute(
        "UPDATE sign_ins SET ended_at = now() - interval '3 days', last_used_at = now() - interval '3 days' "
        "WHERE ended_at IS NOT NULL"
    )
    await clean(world.service.application.store)
    for table in ("sign_ups", "mailed_tokens"):
        assert await log.connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await log.connection.fetchval("SELECT count(*) FROM sign_ins WHERE ended_at IS NOT NULL") == 0
    assert await log.connection.fetchval("SELECT count(*) FROM sign_ins") == 8, "the world's people's"
