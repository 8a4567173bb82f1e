"""Joining a workspace by signing in at a provider that vouches for an address of a listed domain."""

from __future__ import annotations

import pytest

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.oidc.browser import Browser
from tests.oidc.provider import Provider
from tests.world import World

MINE = "{ workspaces { name viewerRole } }"
PERSON = {"sub": "1", "email": "new@Lockstep.example", "email_verified": True}


async def list_domain(world: World, domain: str = "lockstep.example", role: str = "MEMBER") -> str:
    """Has people of a domain join; its id."""
    await world.confirmed(world.admin)
    given = {"workspaceId": world.workspace["id"], "domain": domain, "role": role}
    made: JSON = await world.admin.do("joiningDomainAdd", **given)
    return str(made["joiningDomain"]["id"])


async def test_people_of_a_domain_join_when_they_sign_in(
    world: World, browser: Browser, corp: Provider
) -> None:
    corp.person = PERSON
    before = await browser.signed_in()
    assert (await before.query(MINE))["workspaces"] == []
    await list_domain(world, role="GUEST")
    scopes = [Scope(kind, world.workspace["id"]) for kind in ("workspace", "directory")]
    async with verify_events(world.owner, *scopes) as verified:
        client = await browser.signed_in()
    assert verified.kinds == ["WorkspaceMemberAdded", "PersonAdded"]
    assert client.user_id == before.user_id
    assert (await client.query(MINE))["workspaces"] == [{"name": "Works", "viewerRole": "GUEST"}]
    corp.person = {**PERSON, "sub": "2", "email": "newer@lockstep.example"}
    assert len((await (await browser.signed_in()).query(MINE))["workspaces"]) == 1, "at the first time too"


@pytest.mark.parametrize(
    "person",
    [
        {"email_verified": False}, {"email": "new@lockstep.example.evil.example"}, {"email": "new@evil.example"},
        {"email": "new@sub.lockstep.example"}, {"email": '"a@lockstep.example"@evil.example'},
    ],
    ids=str,
)  # fmt: skip
async def test_others_do_not(world: World, browser: Browser, corp: Provider, person: JSON) -> None:
    await list_domain(world)
    corp.person = {**PERSON, "email": "first@else.example"}
    await browser.signed_in()
    corp.person = {**PERSON, **person}
    assert (await (await browser.signed_in()).query(MINE))["workspaces"] == []


async def test_who_was_taken_out_stays_out(world: World, browser: Browser, corp: Provider) -> None:
    await list_domain(world)
    corp.person = PERSON
    client = await browser.signed_in()
    await world.owner.do("workspaceMemberRemove", workspaceId=world.workspace["id"], userId=client.user_id)
    assert (await (await browser.signed_in()).query(MINE))["workspaces"] == []


async def test_a_domain_that_was_taken_off_has_nobody_join(
    world: World, browser: Browser, corp: Provider
) -> None:
    listed = await list_domain(world)
    await world.owner.do("joiningDomainRemove", id=listed)
    corp.person = PERSON
    assert (await (await browser.signed_in()).query(MINE))["workspaces"] == []


@pytest.mark.parametrize(
    ("domain", "role"),
    [("evil.example", "MEMBER"), ("gmail.com", "MEMBER"), ("not a domain", "MEMBER"), ("", "MEMBER"),
     ("lockstep.example", "OWNER"), ("lockstep.example", "ADMIN")],
)  # fmt: skip
async def test_what_may_not_be_listed(world: World, log: Log, domain: str, role: str) -> None:
    await world.confirmed(world.owner)
    given = {"workspaceId": world.workspace["id"], "domain": domain, "role": role}
    error = await refused_unchanged(log, world.owner.refused("joiningDomainAdd", **given))
    assert error["code"] == "VALIDATION_FAILED"


async def test_an_admin_lists_only_where_mail_reaches_them(world: World, log: Log) -> None:
    given = {"workspaceId": world.workspace["id"], "domain": "lockstep.example"}
    error = await refused_unchanged(log, world.owner.refused("joiningDomainAdd", **given))
    assert "confirmed" in error["message"]
