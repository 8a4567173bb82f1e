"""Whose account a provider's word opens: by issuer and subject, and by nothing that can be made up."""

from __future__ import annotations

import asyncio

import pytest

from tests.client import JSON, PASSWORD, mutation_document
from tests.invariants import hidden_equals_missing, missing, refused_unchanged
from tests.ledger import Log
from tests.mailbox import Mailbox
from tests.oidc.browser import Browser
from tests.oidc.provider import Provider
from tests.service import Service
from tests.world import World

ME = "{ viewer { email emailConfirmed user { id name } identities { id provider email } sessions { method } } }"
NEW = {"sub": "42", "email": "New@Lockstep.example", "email_verified": True, "name": "Newcomer"}


async def test_a_newcomer_gets_an_account_and_comes_back_to_it(browser: Browser, corp: Provider) -> None:
    corp.person = NEW
    client = await browser.signed_in()
    found = (await client.query(ME))["viewer"]
    assert (found["email"], found["emailConfirmed"], found["user"]["name"]) == (
        "new@lockstep.example", True, "Newcomer",
    )  # fmt: skip
    assert [one["provider"] for one in found["identities"]] == ["corp"]
    assert [one["method"] for one in found["sessions"]] == ["PROVIDER"]
    # Whatever the address is by then: it is the same person there, and so here.
    corp.person = {"sub": "42", "email": "moved@lockstep.example", "email_verified": True}
    again = await browser.signed_in()
    assert again.user_id == client.user_id
    found = (await again.query(ME))["viewer"]
    assert found["email"] == "new@lockstep.example"
    assert found["identities"][0]["email"] == "moved@lockstep.example"
    assert corp.asked == ["document", "jwks"], "both are kept"


async def test_claims_may_come_by_user_info_of_the_same_subject(browser: Browser, corp: Provider) -> None:
    corp.person, corp.in_token = NEW, False
    assert (await (await browser.signed_in()).query(ME))["viewer"]["email"] == "new@lockstep.example"
    corp.info = {"sub": "43"}
    told = await browser.come_back(await browser.answered(await browser.begin()))
    assert told == {"oidc_error": "FAILED"}


async def test_an_account_is_found_by_an_address_that_both_have_verified(
    world: World, browser: Browser, corp: Provider, log: Log, mailbox: Mailbox
) -> None:
    await log.connection.execute(
        "UPDATE users SET email_confirmed_at = now() WHERE email = 'member@lockstep.example'"
    )
    corp.person = {"sub": "7", "email": "member@lockstep.example", "email_verified": True}
    assert (await browser.signed_in()).user_id == world.member.user_id
    assert "corp" in await mailbox.letter("member@lockstep.example"), "they are told of the new way in"


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
async def test_an_address_that_a_provider_does_not_vouch_for_opens_nothing(
    world: World, browser: Browser, corp: Provider, log: Log, verified: object
) -> None:
    """Neither an account nor the knowledge that there is one."""
    await log.connection.execute("UPDATE users SET email_confirmed_at = now()")
    errors = []
    for email in ("member@lockstep.example", "nobody@lockstep.example"):
        corp.person = {"sub": "evil", "email": email, "email_verified": verified}
        errors.append(await browser.refused())
    assert errors[0] == errors[1]
    assert errors[0]["code"] == "SIGN_IN_FAILED"
    assert await log.connection.fetchval("SELECT count(*) FROM identities") == 0


async def test_an_address_that_the_account_has_not_confirmed_opens_nothing(
    world: World, browser: Browser, corp: Provider, log: Log
) -> None:
    """Somebody may have signed up here with another's address, to share the account once its owner comes."""
    corp.person = {"sub": "7", "email": "member@lockstep.example", "email_verified": True}
    error = await browser.refused()
    assert "confirmed" in error["message"]
    # Signed in otherwise, one links it oneself.
    code = await browser.code()
    found = await world.member.do(
        "identityLink", "viewer { identities { id provider } }", code=code, verifier=browser.verifier
    )
    assert [one["provider"] for one in found["viewer"]["identities"]] == ["corp"]
    assert (await browser.signed_in()).user_id == world.member.user_id


async def test_a_provider_vouches_for_its_own_domains_alone(
    world: World, browser: Browser, providers: tuple[Provider, Provider], log: Log
) -> None:
    await log.connection.execute("UPDATE users SET email_confirmed_at = now()")
    other = providers[1]
    other.person = {"sub": "7", "email": "member@lockstep.example", "email_verified": True}
    assert (await browser.refused("other"))["code"] == "SIGN_IN_FAILED"
    other.person = {"sub": "8", "email": "somebody@Other.example", "email_verified": True}
    await browser.signed_in("other")


async def test_the_same_subject_elsewhere_is_somebody_else(
    browser: Browser, providers: tuple[Provider, Provider]
) -> None:
    corp, other = providers
    corp.person = NEW
    other.person = {**NEW, "email": "else@other.example"}
    assert (await browser.signed_in()).user_id != (await browser.signed_in("other")).user_id


async def test_two_first_sign_ins_at_once_make_one_account(
    service: Service, corp: Provider, log: Log
) -> None:
    corp.person = NEW
    browsers = [Browser(service) for _ in range(4)]
    clients = await asyncio.gather(*(one.signed_in() for one in browsers))
    assert len({client.user_id for client in clients}) == 1
    assert await log.connection.fetchval("SELECT count(*) FROM identities") == 1
    for one in browsers:
        await one.close()


async def test_an_identity_of_another_account_is_not_linked(
    world: World, browser: Browser, corp: Provider, log: Log
) -> None:
    corp.person = NEW
    await browser.signed_in()
    code = await browser.code()
    error = await refused_unchanged(
        log, world.member.refused("identityLink", code=code, verifier=browser.verifier)
    )
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["code"])


async def test_the_last_way_in_stays(
    world: World, browser: Browser, corp: Provider, mailbox: Mailbox, log: Log
) -> None:
    corp.person = NEW
    client = await browser.signed_in()
    [identity] = (await client.query(ME))["viewer"]["identities"]
    error = await refused_unchanged(log, client.refused("identityUnlink", id=identity["id"]))
    assert "only way" in error["message"]
    await world.nobody.do("passwordResetRequest", email="new@lockstep.example")
    token = await mailbox.token("new@lockstep.example")
    await world.nobody.do("passwordReset", token=token, newPassword=PASSWORD)
    client = await world.nobody.sign_in("new@lockstep.example")
    await client.do("identityUnlink", id=identity["id"])
    assert (await client.query(ME))["viewer"]["identities"] == []
    # It is nobody's now; by its address, which both have verified, it finds the account again.
    assert (await browser.signed_in()).user_id == client.user_id


async def test_others_do_not_see_it(world: World, browser: Browser, corp: Provider, service: Service) -> None:
    corp.person = NEW
    client = await browser.signed_in()
    [identity] = (await client.query(ME))["viewer"]["identities"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await client.query(node, id=identity["id"]))["node"] is not None
    assert (await world.member.query(node, id=identity["id"]))["node"] is None
    assert (await world.member.refused("identityUnlink", id=missing(identity["id"])))["code"] == "NOT_FOUND"
    await hidden_equals_missing(
        service, world.member, mutation_document("identityUnlink"), {"input": {"id": identity["id"]}}, ("input", "id"),
        identity["id"],
    )  # fmt: skip


async def test_it_is_audited(world: World, browser: Browser, corp: Provider, log: Log) -> None:
    code = await browser.code()
    await world.member.do("identityLink", code=code, verifier=browser.verifier)
    [identity] = (await world.member.query(ME))["viewer"]["identities"]
    await world.member.do("identityUnlink", id=identity["id"])
    rows = await log.connection.fetch(
        "SELECT action FROM audit_entries WHERE action LIKE 'account.identity%' ORDER BY at"
    )
    assert [row["action"] for row in rows] == ["account.identity_linked", "account.identity_unlinked"]


async def test_whoever_asks_is_told_which_there_are(world: World) -> None:
    found: JSON = await world.nobody.query("{ signInProviders { name title } }")
    assert found["signInProviders"] == [
        {"name": "corp", "title": "Corp"},
        {"name": "other", "title": "Other"},
    ]
