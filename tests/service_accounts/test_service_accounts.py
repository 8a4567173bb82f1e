"""Programs that are members of a workspace."""

from __future__ import annotations

import pytest

from tests.access_tokens.conftest import forgetful  # noqa: F401 -- a fixture
from tests.client import JSON, PASSWORD, Client, mutation_document
from tests.invariants import hidden_equals_missing, refused_unchanged
from tests.ledger import Log
from tests.service import Service
from tests.world import World

ACCOUNTS = """query($id: ID!) { node(id: $id) { ... on Workspace { serviceAccounts { nodes {
  user { id name kind } createdBy { id } accessTokens { nodes { id name } } } } } } }"""


async def robot(world: World, **input: str) -> JSON:
    """A service account with a role in ENG, and a token."""
    made = await world.owner.do(
        "serviceAccountCreate", workspaceId=world.workspace["id"], name="Robot", **input
    )
    user_id = made["serviceAccount"]["user"]["id"]
    await world.owner.do("projectMemberAdd", projectId=world.eng["id"], userId=user_id, role="MEMBER")
    token = await world.admin.do("accessTokenCreate", name="CI", scopes=["WRITE", "ADMIN"], userId=user_id)
    return {"id": user_id, "token": token["token"], "tokenId": token["accessToken"]["id"]}


async def test_it_works_where_it_has_roles_and_nowhere_else(world: World, service: Service) -> None:
    made = await robot(world)
    client = service.client(made["token"])
    viewer = await client.query("{ viewer { email user { id kind name } } projects { key } }")
    assert viewer["viewer"] == {
        "email": None, "user": {"id": made["id"], "kind": "SERVICE", "name": "Robot"},
    }  # fmt: skip
    assert [one["key"] for one in viewer["projects"]] == ["ENG"]
    task = (await client.do("taskCreate", projectId=world.eng["id"], title="By a robot"))["task"]
    assert task["creator"]["id"] == made["id"]
    for wrong in (world.ops, world.elsewhere):
        error = await client.refused("taskCreate", projectId=wrong["id"], title="x")
        assert error["code"] == "NOT_FOUND"


async def test_only_admins_see_them_and_make_tokens_for_them(world: World, service: Service) -> None:
    made = await robot(world)
    for person in (world.owner, world.admin):
        listed = (await person.query(ACCOUNTS, id=world.workspace["id"]))["node"]["serviceAccounts"]["nodes"]
        assert [one["user"]["id"] for one in listed] == [made["id"]]
        assert [one["id"] for one in listed[0]["accessTokens"]["nodes"]] == [made["tokenId"]]
    for person in (world.manager, world.member, world.guest, service.client(made["token"])):
        found = await person.query(ACCOUNTS, id=world.workspace["id"])
        assert found["node"]["serviceAccounts"] is None
    for person in (world.manager, world.member, world.guest, world.outsider):
        for name, given in (
            ("accessTokenCreate", {"name": "Mine", "scopes": ["READ"], "userId": made["id"]}),
            ("accessTokenRevoke", {"id": made["tokenId"]}),
        ):
            place = "userId" if "userId" in given else "id"
            await hidden_equals_missing(
                service,
                person,
                mutation_document(name),
                {"input": given},
                ("input", place),
                str(given[place]),
            )


@pytest.mark.parametrize("person", ["member", "owner"])
async def test_nobody_makes_tokens_for_people(world: World, log: Log, person: str) -> None:
    error = await refused_unchanged(
        log,
        world.admin.refused(
            "accessTokenCreate", name="x", scopes=["READ"], userId=world.person(person).user_id
        ),
    )
    assert error["code"] == "NOT_FOUND"


async def test_a_deleted_one_can_do_nothing_and_keeps_its_name(world: World, service: Service) -> None:
    made = await robot(world)
    client = service.client(made["token"])
    task = (await client.do("taskCreate", projectId=world.eng["id"], title="By a robot"))["task"]
    await world.admin.do("serviceAccountDelete", userId=made["id"])
    assert (await client.ask("{ viewer { email } }")).codes == ["UNAUTHENTICATED"]
    found = await world.member.query(
        "query($id: ID!) { node(id: $id) { ... on Task { creator { name } } } }", id=task["id"]
    )
    assert found["node"]["creator"]["name"] == "Robot"
    error = await world.owner.refused("accessTokenCreate", name="x", scopes=["READ"], userId=made["id"])
    assert error["code"] == "NOT_FOUND"


async def test_one_that_is_taken_out_of_its_workspace_signs_in_no_more(
    world: World,
    service: Service,
    forgetful: None,  # noqa: F811
) -> None:
    made = await robot(world)
    client = service.client(made["token"])
    await world.owner.do("workspaceMemberRemove", workspaceId=world.workspace["id"], userId=made["id"])
    assert (await client.ask("{ viewer { email } }")).codes == ["UNAUTHENTICATED"]
    await world.owner.do("serviceAccountDelete", userId=made["id"])


async def test_it_never_owns_and_never_signs_in(world: World, service: Service) -> None:
    made = await robot(world)
    error = await world.owner.refused(
        "workspaceMemberUpdate", workspaceId=world.workspace["id"], userId=made["id"], role="OWNER"
    )
    assert error["code"] == "VALIDATION_FAILED"
    robots = service.client(made["token"])
    assert (await robots.refused("workspaceCreate", name="Mine"))["code"] == "PERMISSION_DENIED"
    client = service.client()
    for email in (made["id"], "robot@lockstep.example"):
        payload = await client.answer("signIn", email=email, password=PASSWORD)
        assert payload["errors"]


async def test_only_an_owner_makes_one_that_administers(world: World) -> None:
    given = {"workspaceId": world.workspace["id"], "name": "Provisioner", "role": "ADMIN"}
    assert (await world.admin.refused("serviceAccountCreate", **given))["code"] == "PERMISSION_DENIED"
    made = await world.owner.do("serviceAccountCreate", **given)
    token = await world.owner.do(
        "accessTokenCreate", name="x", scopes=["ADMIN"], userId=made["serviceAccount"]["user"]["id"]
    )
    client: Client = world.service.client(token["token"])
    await client.do("projectCreate", workspaceId=world.workspace["id"], key="NEW", name="New")
