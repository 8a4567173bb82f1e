"""The table of permissions: every mutation is in it once; proofs, affordances and the documentation agree with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType

from app.permissions import Anybody, Permission, ProjectRole, WorkspaceRole, permits
from tests import selections
from tests.boards.proofs import board
from tests.client import JSON
from tests.links.proofs import link
from tests.proofs import APART, PROOFS
from tests.workflows.proofs import transition
from tests.world import PEOPLE, World

PAGE = Path(__file__).parents[1] / "docs" / "permissions.md"

WORKSPACE_ROLES = {
    "owner": "owner", "admin": "admin", "manager": "member", "member": "member", "viewer": "member",
    "guest": "guest", "colleague": "member",
}  # fmt: skip
PROJECT_ROLES = {
    "owner": "admin", "admin": "admin", "manager": "manager", "member": "member", "viewer": "viewer",
    "guest": "member",
}  # fmt: skip
"""In ENG, by what the world's people were given: see `tests.world`."""

OWN = {
    "commentUpdate": "member", "commentDelete": "member", "commentRestore": "member",
    "viewUpdate": "member", "viewDelete": "member",
    "workspaceMemberRemove": "viewer", "projectMemberRemove": "viewer", "teamMemberRemove": "viewer",
}  # fmt: skip
"""Whose the comment or membership of a proof is."""

MINE = {"profileUpdate", "inboxMark"}
"""Of one's own, which nobody else can name."""


def row_of(mutation: str) -> Permission:
    """The one row of the table that a mutation is in."""
    (found,) = [one for one in Permission if mutation in one.rule.mutations]
    return found


def test_every_mutation_is_in_the_table_once() -> None:
    assert selections.SCHEMA.mutation_type is not None
    listed = [name for one in Permission for name in one.rule.mutations]
    assert sorted(listed) == sorted(selections.SCHEMA.mutation_type.fields)
    for name in PROOFS.keys() - MINE - {"workspaceCreate"}:
        assert not isinstance(row_of(name).rule.needs, Anybody) or row_of(name).rule.own, name
    for name in APART:
        assert isinstance(row_of(name).rule.needs, Anybody), f"{name} needs a role: it has a proof"


def allowed(mutation: str) -> set[str]:
    """Who of the world's people may send a proof's mutation, by the table."""
    permission = row_of(mutation)
    if mutation in MINE:
        return {"member"}
    if permission.rule.needs is Anybody.SIGNED_IN:
        return set(PEOPLE)
    project = ProjectRole in (type(permission.rule.needs), type(permission.rule.own))
    roles = PROJECT_ROLES if project else WORKSPACE_ROLES
    found = {
        person for person, role in roles.items() if permits(role, permission, own=OWN.get(mutation) == person)
    }
    # In both projects: nobody else has a role in OPS.
    return found & {"owner", "admin", "member"} if mutation == "taskTransfer" else found


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_proofs_are_of_the_table(name: str) -> None:
    """Those who may; and all others who are told so see the place."""
    assert set(PROOFS[name].may) == allowed(name)
    seeing = PROJECT_ROLES if type(row_of(name).rule.needs) is ProjectRole else WORKSPACE_ROLES
    assert (
        name in MINE
        or row_of(name) is Permission.MAKE_WORKSPACE
        or set(PROOFS[name].sees) <= (seeing.keys() | ({"colleague"} if "Team" in name else set()))
    )


CAN: dict[str, dict[str, Permission]] = {
    "Workspace": {
        "viewerCanAdminister": Permission.CHANGE_WORKSPACE, "viewerCanAppointAdmins": Permission.APPOINT_ADMINS,
        "viewerCanManageTeams": Permission.MANAGE_TEAMS, "viewerCanCreateProjects": Permission.MAKE_PROJECT,
    },
    "Team": {"viewerCanUpdate": Permission.MANAGE_TEAMS},
    "Project": {
        "viewerCanUpdate": Permission.EDIT_TASKS, "viewerCanManage": Permission.MANAGE_WORDS,
        "viewerCanManageMembers": Permission.MANAGE_MEMBERS,
        "viewerCanAppointManagers": Permission.APPOINT_MANAGERS, "viewerCanComment": Permission.COMMENT,
        "viewerCanAdminister": Permission.CHANGE_PROJECT, "viewerCanPlan": Permission.PLAN,
        "viewerCanManageFields": Permission.MANAGE_FIELDS,
    },
    "Task": {"viewerCanUpdate": Permission.EDIT_TASKS},
    "Comment": {"viewerCanUpdate": Permission.EDIT_COMMENT, "viewerCanDelete": Permission.DELETE_COMMENT},
    "Link": {"viewerCanRemove": Permission.LINK_TASKS},
    "Status": {"viewerCanUpdate": Permission.MANAGE_WORDS},
    "Label": {"viewerCanUpdate": Permission.MANAGE_WORDS},
    "TaskType": {"viewerCanUpdate": Permission.MANAGE_WORDS},
    "CustomField": {"viewerCanUpdate": Permission.MANAGE_FIELDS},
    "Sprint": {"viewerCanUpdate": Permission.PLAN},
    "Milestone": {"viewerCanUpdate": Permission.PLAN},
    "Board": {"viewerCanUpdate": Permission.MANAGE_BOARDS},
    "Transition": {"viewerCanUpdate": Permission.MANAGE_WORKFLOW},
    "View": {"viewerCanUpdate": Permission.EDIT_VIEWS},
}  # fmt: skip
"""Every affordance of the schema, and the row that it answers."""


def test_every_affordance_is_of_a_row() -> None:
    found: dict[str, set[str]] = {}
    for name, kind in selections.SCHEMA.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            fields = {field for field in kind.fields if field.startswith("viewerCan")}
            found |= {name: fields} if fields else {}
    assert found == {name: set(fields) for name, fields in CAN.items()}


@pytest.mark.parametrize("archived", [False, True])
async def test_affordances_answer_the_table(world: World, archived: bool) -> None:
    """For everybody who sees an object, by name and by a team, also when its project is archived."""
    objects = await _objects(world)
    team = await world.team("colleague", roles={"eng": "MANAGER"})
    objects["Team"] = team["id"]
    if archived:
        await world.owner.do("projectUpdate", id=world.eng["id"], expectedVersion=1, archived=True)
    for person, standing in WORKSPACE_ROLES.items():
        roles = {**PROJECT_ROLES, "colleague": "manager"}
        for kind, fields in CAN.items():
            document = f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {' '.join(fields)} }} }} }}"
            found = (await world.person(person).query(document, id=objects[kind]))["node"]
            for field, permission in fields.items():
                own = kind in ("Comment", "View") and person == "member"
                role = standing if isinstance(permission.rule.needs, WorkspaceRole) else roles[person]
                may = permits(role, permission, own=own)
                within = kind not in ("Workspace", "Team") and archived and not permission.rule.archived
                assert found[field] is (may and not within), (person, kind, field)


async def _objects(world: World) -> JSON:
    task = await world.task()
    made = await link(world, world.member)
    return {
        "Workspace": world.workspace["id"], "Project": world.eng["id"], "Task": task["id"],
        "Comment": (await world.comment(task, "Words"))["id"], "Link": made["id"],
        "Status": world.status("Done"), "TaskType": world.type("bug"), "Label": (await world.label("L"))["id"],
        "CustomField": (await world.custom_field())["id"],
        "Sprint": (await world.sprint())["id"], "Milestone": (await world.milestone())["id"],
        "Transition": (await transition(world))["id"],
        "View": (await world.view())["id"],
        "Board": (await board(world))["id"],
    }  # fmt: skip


def table() -> str:
    """The table of the documentation."""
    lines = ["| | role | enough for one's own | mutations |", "|---|---|---|---|"]
    for permission in Permission:
        rule = permission.rule
        what = rule.what + (f" ({rule.note})" if rule.note else "")
        own = f"`{rule.own.name}`" if rule.own is not None else ""
        mutations = ", ".join(f"`{name}`" for name in rule.mutations)
        lines.append(f"| {what} | {_role(rule.needs)} | {own} | {mutations} |")
    return "\n".join(lines) + "\n"


def _role(needed: WorkspaceRole | ProjectRole | Anybody) -> str:
    if isinstance(needed, Anybody):
        return needed.value
    return f"{'workspace' if isinstance(needed, WorkspaceRole) else 'project'} `{needed.name}`"


def with_table(page: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = page.partition("<!-- permissions -->\n")
    _, _, after = rest.partition("<!-- /permissions -->")
    return f"{before}<!-- permissions -->\n{table()}<!-- /permissions -->{after}"


def test_the_documentation_has_the_table() -> None:
    page = PAGE.read_text()
    assert page == with_table(page), "run: .venv/bin/python -m tests.test_permissions"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
