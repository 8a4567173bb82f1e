"""Asking people by mail to join, and joining."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.config import Settings
from app.invitations import actions
from tests.client import JSON, PASSWORD, Client, new_key
from tests.folding import Scope
from tests.invariants import one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.mailbox import Mailbox
from tests.service import Doors, Service, serve
from tests.world import World

LISTED = """query($id: ID!) { node(id: $id) { ... on Workspace { invitations { totalCount nodes {
  id email role mails invitedBy { id } projects { role project { key } } } } } } }"""
ME = "{ viewer { email emailConfirmed } workspaces { name viewerRole } projects { key viewerRole } }"
NEW = "new@lockstep.example"


async def invited(
    world: World, mailbox: Mailbox, email: str = NEW, by: str = "owner", **input: object
) -> str:
    """Invites somebody; the token of their mail."""
    number = len(mailbox.to(email)) + 1
    given = {"workspaceId": world.workspace["id"], "email": email, **input}
    await world.person(by).do("invitationCreate", **given)
    return await mailbox.token(email, number)


async def test_a_newcomer_joins_by_signing_up(world: World, mailbox: Mailbox) -> None:
    projects = [{"projectId": world.eng["id"], "role": "VIEWER"}, {"projectId": world.ops["id"]}]
    token = await invited(world, mailbox, by="admin", role="GUEST", projects=projects)
    letter = await mailbox.letter(NEW)
    assert "Admin" in letter
    assert "Works" in letter
    client = await world.nobody.sign_up(NEW, "Newcomer", invitation=token)
    found = await client.query(ME)
    assert found["viewer"] == {"email": NEW, "emailConfirmed": True}
    assert found["workspaces"] == [{"name": "Works", "viewerRole": "GUEST"}]
    assert [(one["key"], one["viewerRole"]) for one in found["projects"]] == [
        ("ENG", "VIEWER"),
        ("OPS", "MEMBER"),
    ]
    assert len(mailbox.to(NEW)) == 1, "no other mail is needed"
    error = await world.nobody.refused("signUp", email=NEW, password=PASSWORD, name="Again", invitation=token)
    assert error["path"] == ["invitation"]


async def test_someone_with_an_account_joins_by_accepting(world: World, mailbox: Mailbox) -> None:
    """The workspace, the directory and the project tell it; their address is confirmed by it."""
    token = await invited(
        world, mailbox, "outsider@lockstep.example", projects=[{"projectId": world.eng["id"]}]
    )
    given = {"token": token, "clientMutationId": new_key()}
    scopes = [Scope(kind, world.workspace["id"]) for kind in ("workspace", "directory")]
    async with verify_events(world.owner, *scopes, Scope("project", world.eng["id"])) as verified:
        answers = [await world.outsider.do("invitationAccept", **given) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["workspace"]["id"] == world.workspace["id"]
    assert sorted(verified.kinds) == [
        "InvitationRemoved", "PersonAdded", "ProjectMemberAdded", "WorkspaceMemberAdded",
    ]  # fmt: skip
    found = await world.outsider.query(ME)
    assert found["viewer"]["emailConfirmed"]
    assert {one["key"] for one in found["projects"]} == {"ELS", "ENG"}


async def test_members_are_told_of_it_and_never_the_address(world: World, mailbox: Mailbox) -> None:
    scope = world.workspace["id"]
    async with world.member.follow(scope) as stream:
        await invited(world, mailbox)
        [event] = await stream.until(stream.seq + 1)
        assert event["kind"] == "InvitationCreated"
        assert NEW not in str(event)
        assert event["InvitationState"]["role"] == "MEMBER"
    invitation = event["objectId"]
    node = "query($id: ID!) { node(id: $id) { id ... on Invitation { email } } }"
    assert (await world.admin.query(node, id=invitation))["node"]["email"] == NEW
    for person in (world.member, world.guest, world.outsider):
        assert (await person.query(node, id=invitation))["node"] is None
    for person in (world.member, world.guest):
        assert (await person.query(LISTED, id=scope))["node"]["invitations"] is None


async def test_whether_an_address_has_an_account_is_not_told(
    world: World, mailbox: Mailbox, service: Service
) -> None:
    """Neither a stranger's, nor a member's: same answer, same work, same mail."""
    answers = []
    # A connection asks once about the types of a table.
    await invited(world, mailbox, "first@lockstep.example")
    for email in (NEW, "outsider@lockstep.example", "member@lockstep.example"):
        with service.statements() as counted:
            payload = await world.owner.do(
                "invitationCreate", "invitation { role mails projects { role } }",
                workspaceId=world.workspace["id"], email=email,
            )  # fmt: skip
        letter = (await mailbox.letter(email)).replace(await mailbox.token(email), "…")
        answers.append((payload, len(counted), letter))
    assert answers[0] == answers[1] == answers[2]


async def test_a_member_who_accepts_keeps_their_role(world: World, mailbox: Mailbox) -> None:
    projects = [{"projectId": world.eng["id"], "role": "VIEWER"}, {"projectId": world.secret["id"]}]
    token = await invited(world, mailbox, "manager@lockstep.example", role="GUEST", projects=projects)
    await world.manager.do("invitationAccept", token=token)
    found = await world.manager.query(ME)
    assert found["workspaces"] == [{"name": "Works", "viewerRole": "MEMBER"}]
    assert {one["key"]: one["viewerRole"] for one in found["projects"]} == {"ENG": "MANAGER", "SEC": "MEMBER"}


async def test_every_wrong_token_is_refused_alike(world: World, mailbox: Mailbox, log: Log) -> None:
    revoked, expired, resent, used, theirs = [
        await invited(world, mailbox, f"{name}@lockstep.example")
        for name in ("revoked", "expired", "resent", "outsider", "other")
    ]
    listed = (await world.owner.query(LISTED, id=world.workspace["id"]))["node"]["invitations"]["nodes"]
    by_email = {one["email"].partition("@")[0]: one["id"] for one in listed}
    await world.owner.do("invitationRevoke", id=by_email["revoked"])
    await world.owner.do("invitationResend", id=by_email["resent"])
    await world.outsider.do("invitationAccept", token=used)
    await log.connection.execute("SET session_replication_role = replica")  # no event: time passes
    await log.connection.execute(
        "UPDATE invitations SET expires_at = now() - interval '1 s' WHERE email LIKE 'expired%'"
    )
    errors = []
    for token in (revoked, expired, resent, used, theirs, "nonsense", "", "x" * 5000):
        errors.append(await refused_unchanged(log, world.outsider.refused("invitationAccept", token=token)))
        signing = world.nobody.refused(
            "signUp", email="fresh@lockstep.example", password=PASSWORD, name="F", invitation=token
        )
        assert (await refused_unchanged(log, signing))["message"] == errors[0]["message"]
    assert all(error == errors[0] for error in errors)


async def test_an_account_is_not_told_to_who_cannot_read_its_mail(world: World, mailbox: Mailbox) -> None:
    token = await invited(world, mailbox)
    for email in ("member@lockstep.example", "nobody@lockstep.example"):
        error = await world.nobody.refused(
            "signUp", email=email, password=PASSWORD, name="F", invitation=token
        )
        assert error["path"] == ["invitation"]


async def test_it_works_once_however_many_try_at_once(world: World, mailbox: Mailbox) -> None:
    token = await invited(world, mailbox, "outsider@lockstep.example")
    await one_winner(*(world.outsider.answer("invitationAccept", token=token) for _ in range(4)))


async def test_a_revocation_and_an_acceptance_at_once_have_one_winner(world: World, mailbox: Mailbox) -> None:
    token = await invited(world, mailbox, "outsider@lockstep.example")
    [listed] = (await world.owner.query(LISTED, id=world.workspace["id"]))["node"]["invitations"]["nodes"]
    await one_winner(
        world.outsider.answer("invitationAccept", token=token),
        world.owner.answer("invitationRevoke", id=listed["id"]),
    )


async def test_sending_it_again_renews_it(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invited(world, mailbox, "outsider@lockstep.example")
    [listed] = (await world.owner.query(LISTED, id=world.workspace["id"]))["node"]["invitations"]["nodes"]
    await world.admin.do("invitationResend", id=listed["id"])
    token = await mailbox.token("outsider@lockstep.example", 2)
    monkeypatch.setattr(actions, "MOST_MAILS", 2)
    assert (await world.admin.refused("invitationResend", id=listed["id"]))["code"] == "LIMIT_REACHED"
    await world.outsider.do("invitationAccept", token=token)
    assert (await world.admin.refused("invitationResend", id=listed["id"]))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(("role", "after"), [("OWNER", "ADMIN"), ("MEMBER", "MEMBER"), ("GUEST", None)])
async def test_it_is_worth_what_its_inviter_may_give(
    world: World, mailbox: Mailbox, log: Log, role: str, after: str | None
) -> None:
    """Nobody who is demoted or taken out comes back by an invitation that they wrote before."""
    place = {"workspaceId": world.workspace["id"], "userId": world.admin.user_id}
    await world.owner.do("workspaceMemberUpdate", **place, role="OWNER")
    token = await invited(world, mailbox, "outsider@lockstep.example", by="admin", role=role)
    if after is None:
        await world.owner.do("workspaceMemberRemove", **place)
    else:
        await world.owner.do("workspaceMemberUpdate", **place, role=after)
    wrong = await world.outsider.refused("invitationAccept", token="nonsense")
    assert await refused_unchanged(log, world.outsider.refused("invitationAccept", token=token)) == wrong
    [listed] = (await world.owner.query(LISTED, id=world.workspace["id"]))["node"]["invitations"]["nodes"]
    assert (await world.owner.refused("invitationResend", id=listed["id"]))["code"] == "PERMISSION_DENIED"
    await world.owner.do("invitationRevoke", id=listed["id"])
    again = await invited(world, mailbox, "outsider@lockstep.example", role=role)
    await world.outsider.do("invitationAccept", token=again)


async def test_bounds(world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"workspaceId": world.workspace["id"], "email": NEW}
    made = await asyncio.gather(*(world.owner.answer("invitationCreate", **given) for _ in range(3)))
    assert sorted(len(payload["errors"]) for payload in made) == [0, 1, 1], "one open one for each address"
    monkeypatch.setattr(actions, "MOST_OPEN", 1)
    error = await world.owner.refused("invitationCreate", **{**given, "email": "other@lockstep.example"})
    assert (error["code"], error["limit"]) == ("LIMIT_REACHED", 1)
    [done] = [payload for payload in made if not payload["errors"]]
    await world.owner.do("invitationRevoke", id=done["invitation"]["id"])
    monkeypatch.setattr(actions, "MOST_MAILS", 1)
    error = await world.owner.refused("invitationCreate", **given)
    assert (error["code"], error["path"]) == ("LIMIT_REACHED", ["email"])


@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [("admin", {"role": "OWNER"}, "PERMISSION_DENIED"), ("admin", {"role": "ADMIN"}, "PERMISSION_DENIED"),
     ("owner", {"projects": [{"projectId": "els"}]}, "NOT_FOUND"),
     ("owner", {"projects": [{"projectId": "eng"}, {"projectId": "eng"}]}, "VALIDATION_FAILED")],
)  # fmt: skip
async def test_what_an_invitation_may_not_give(
    world: World, log: Log, mailbox: Mailbox, by: str, changes: JSON, code: str
) -> None:
    places = {"els": world.elsewhere["id"], "eng": world.eng["id"]}
    for one in changes.get("projects", ()):
        one["projectId"] = places.get(one["projectId"], one["projectId"])
    given = {"workspaceId": world.workspace["id"], "email": NEW, **changes}
    error = await refused_unchanged(log, world.person(by).refused("invitationCreate", **given))
    assert error["code"] == code
    assert mailbox.to(NEW) == []


async def test_the_token_is_kept_as_a_hash_and_told_to_the_mail_alone(
    world: World, mailbox: Mailbox, log: Log
) -> None:
    token = await invited(world, mailbox)
    answer = await world.owner.ask(LISTED, {"id": world.workspace["id"]})
    assert token not in answer.body.decode()
    kept = await log.connection.fetchval("SELECT string_agg(i::text, '') FROM invitations i")
    outcomes = await log.connection.fetchval(
        "SELECT coalesce(string_agg(o::text, ''), '') FROM mutation_outcomes o"
    )
    assert token not in kept + outcomes


async def test_another_address_joins_only_where_a_setting_says_so(
    world: World, mailbox: Mailbox, database: str, doors: Doors, make_settings: Callable[..., Settings]
) -> None:
    token = await invited(world, mailbox)
    error = await world.outsider.refused("invitationAccept", token=token)
    assert error["code"] == "VALIDATION_FAILED"
    async with serve(doors, make_settings(database, invitations_any_address=True)) as open_handed:
        client: Client = open_handed.client(world.outsider.token)
        await client.do("invitationAccept", token=token)
        assert not (await client.query(ME))["viewer"]["emailConfirmed"], "the mail was another's"


async def test_where_addresses_are_confirmed_first_an_invitation_is_enough(
    world: World, mailbox: Mailbox, database: str, doors: Doors, make_settings: Callable[..., Settings]
) -> None:
    token = await invited(world, mailbox)
    async with serve(doors, make_settings(database, confirm_email=True)) as strict:
        client = await strict.client().sign_up(NEW, "Newcomer", invitation=token)
        assert (await client.query(ME))["viewer"] == {"email": NEW, "emailConfirmed": True}
