"""No N+1 anywhere: the same number of statements for one row and for fifty, for every field of every type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type

from app.comments.reads import comment_counts
from app.config import Settings
from app.db import Reader
from app.events.kinds import KINDS
from app.search.index import PostgresIndex
from app.search.indexing import Indexer
from schema.tasks import types
from tests import selections
from tests.client import JSON, PASSWORD
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, Service, serve
from tests.world import World

MANY = 50

TASKS = (
    "query($n: Int!) { tasks(first: $n, orderBy: [{field: NUMBER, direction: DESC}]) { nodes { FIELD } } }"
)

NOW = 'at: {time: "2999-01-01T00:00:00Z"}'
GIVEN = {
    "first": "first: 2", "name": 'name: "notes"', "at": NOW, "depth": "depth: 2", "direction": "direction: BLOCKING",
    "timeZone": 'timeZone: "UTC"',
}  # fmt: skip
"""How arguments are given, by name."""


def _of_tasks(path: str) -> str:
    return TASKS.replace("FIELD", path)


# Where each type's objects are found, so many of them with so many different parents and targets.
ROOTS: dict[str, str] = {
    "Task": TASKS,
    "Project": _of_tasks("project { FIELD }"),
    "Status": _of_tasks("status { FIELD }"),
    "TaskType": _of_tasks("type { FIELD }"),
    "Sprint": _of_tasks("sprint { FIELD }"),
    "Milestone": _of_tasks("milestone { FIELD }"),
    "TaskField": _of_tasks("fields { FIELD }"),
    "CustomField": _of_tasks("fields { field { FIELD } }"),
    "SprintScopeEntry": _of_tasks("sprint { report { changes(first: 1) { FIELD } } }"),
    "Label": _of_tasks("labels { FIELD }"),
    "Board": _of_tasks("project { boards { FIELD } }"),
    "BoardColumn": _of_tasks("project { boards { columns { FIELD } } }"),
    "BoardLane": _of_tasks("project { boards { lanes { FIELD } } }"),
    "Transition": _of_tasks("project { transitions { FIELD } }"),
    "AvailableTransition": _of_tasks("availableTransitions { FIELD }"),
    "User": _of_tasks("assignees { FIELD }"),
    "Comment": _of_tasks("threads(first: 1) { nodes { FIELD } }"),
    "TaskDependency": _of_tasks("dependencies(direction: BLOCKED_BY) { tasks { FIELD } }"),
    "TaskDependencies": _of_tasks("dependencies(direction: BLOCKED_BY) { FIELD }"),
    "TaskLink": _of_tasks("links { FIELD }"),
    "SearchHit": 'query($n: Int!) { search(text: "words") { hits(first: $n) { nodes { FIELD } } } }',
    "Link": _of_tasks("links { link { FIELD } }"),
    "ProjectMember": _of_tasks("project { members(first: 1) { nodes { FIELD } } }"),
    "Team": _of_tasks("project { teams(first: 1) { nodes { team { FIELD } } } }"),
    "TeamMember": _of_tasks(
        "project { teams(first: 1) { nodes { team { members(first: 1) { nodes { FIELD } } } } } }"
    ),
    "ProjectTeam": _of_tasks("project { teams(first: 1) { nodes { FIELD } } }"),
    "View": _of_tasks("project { views(first: 1) { nodes { FIELD } } }"),
    "ViewGroup": _of_tasks("project { views(first: 1) { nodes { groups { FIELD } } } }"),
    "InboxItem": "query($n: Int!) { inbox { items(first: $n) { nodes { FIELD } } } }",
    "WorkspaceMember": (
        "query($n: Int!, $w: ID!) { node(id: $w) { ... on Workspace { members(first: $n) { nodes { FIELD } } } } }"
    ),
    "AccessToken": "query($n: Int!) { viewer { accessTokens(first: $n) { nodes { FIELD } } } }",
    "Invitation": (
        "query($n: Int!, $w: ID!) { node(id: $w) { ... on Workspace { invitations(first: $n) { nodes { FIELD } } } } }"
    ),
    "InvitedProject": (
        "query($n: Int!, $w: ID!) { node(id: $w) { ... on Workspace { "
        "invitations(first: $n) { nodes { projects { FIELD } } } } } }"
    ),
    "ServiceAccount": (
        "query($n: Int!, $w: ID!) { node(id: $w) { ... on Workspace { "
        "serviceAccounts(first: $n) { nodes { FIELD } } } } }"
    ),
    "Workspace": _of_tasks("project { workspace { FIELD } }"),
    "ProjectAsOf": _of_tasks(f"project {{ asOf({NOW}) {{ FIELD }} }}"),
    "StatusAsOf": _of_tasks(f"project {{ asOf({NOW}) {{ statuses {{ FIELD }} }} }}"),
    "BoardAsOf": _of_tasks(f"project {{ boards {{ asOf({NOW}) {{ FIELD }} }} }}"),
    "BoardColumnAsOf": _of_tasks(f"project {{ boards {{ asOf({NOW}) {{ columns {{ FIELD }} }} }} }}"),
    "BoardLaneAsOf": _of_tasks(f"project {{ boards {{ asOf({NOW}) {{ lanes {{ FIELD }} }} }} }}"),
    "TaskAsOf": _of_tasks(f"asOf({NOW}) {{ FIELD }}"),
    "CommentAsOf": _of_tasks(f"asOf({NOW}) {{ comments(first: 1) {{ nodes {{ FIELD }} }} }}"),
    "Event": _of_tasks("history(first: 1) { nodes { FIELD } }"),
    "AuditEntry": (
        "query($n: Int!, $w: ID!) { node(id: $w) { ... on Workspace { auditLog(first: $n) { nodes { FIELD } } } } }"
    ),
}
ALIKE = {
    "FieldOption",
    "BurndownDay",
    "CategoryProgress",
    "PlannedAmount",
    "Progress",
    "SprintReport",
    "Identity",
    "SignInProvider",
    "JoiningDomain",
    "TaskSection",
    "TransitionAction",
    "TransitionCondition",
    "TransitionReason",
    "PageInfo",
    "Position",
    "Viewer",
    "Inbox",
    "EventFrame",
    "ViewFrame",
    "TextEdit",
    "TextHunk",
    "TextLine",
    "RateLimit",
    "Session",
    "ParsedQuery",
    "QueryError",
    "QuerySuggestion",
    "TaskOrderTerm",
    "SearchCorrection",
    "SearchHighlight",
    "SearchRange",
}
"""Values without edges, and what there is one of."""


def sub_selection(kind: object, arguments: bool) -> str:
    """What to ask of a field's target."""
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return " { __typename }"
    if kind.name.endswith("Connection"):
        return " { totalCount nodes { __typename } }"
    return " { id }" if "id" in kind.fields else " { __typename }"


def fields_of(name: str) -> list[str]:
    """Every field of a type, each as a selection."""
    kind = selections.SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    found = []
    for field_name, field in kind.fields.items():
        target = get_named_type(field.type)
        given = (one for name, one in GIVEN.items() if name in field.args)
        arguments = f"({', '.join(given)})" if field.args else ""
        found.append(
            f"{field_name}{arguments}{'' if is_leaf_type(target) else sub_selection(target, bool(arguments))}"
        )
    return found


def with_edges() -> set[str]:
    """Types that answers hold many objects of."""
    kinds = set()
    for name, kind in selections.SCHEMA.type_map.items():
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__") or name in KINDS:
            continue
        endings = ("Payload", "Connection", "Edge", "State", "Change", "Result")
        if name in ("Query", "Mutation", "Subscription", "FieldClash") or name.endswith(endings):
            continue
        if any(one.name == "UserError" for one in kind.interfaces):
            continue
        kinds.add(name)
    return kinds


def test_every_type_has_a_root() -> None:
    assert with_edges() == (ROOTS.keys() - {"Event"}) | (with_edges() & ALIKE)
    for name in with_edges() & ALIKE:
        assert name in ALIKE


@dataclass
class Crowd:
    """Fifty projects, each with a task, a label, a comment, a link and people of its own."""

    service: Service
    world: World


@pytest.fixture(scope="module")
async def crowd(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> AsyncIterator[Crowd]:
    async with (
        databases.copy_of(template.database) as name,
        serve(doors, make_settings(name, kept_bytes=0, kept_rows=0)) as service,
    ):
        world = World(service, template.kept)
        for start in range(0, MANY, 10):
            await asyncio.gather(*(_one(world, number) for number in range(start, start + 10)))
        await Indexer(PostgresIndex()).catch_up(service.application.store)
        yield Crowd(service, world)


async def _one(world: World, number: int) -> None:
    owner = world.owner
    person = await world.service.client().do(
        "signUp", email=f"p{number}@lockstep.example", password=PASSWORD, name=f"Person {number}"
    )
    user = person["user"]["id"]
    workspace = world.workspace["id"]
    await owner.do("workspaceMemberAdd", workspaceId=workspace, email=f"p{number}@lockstep.example")
    made = await owner.do("projectCreate", workspaceId=workspace, key=f"P{number}", name=f"Project {number}")
    project = made["project"]["id"]
    await owner.do("projectMemberAdd", projectId=project, userId=user, role="MEMBER")
    team = (await owner.do("teamCreate", workspaceId=workspace, name=f"Team {number}"))["team"]["id"]
    await owner.do("teamMemberAdd", teamId=team, userId=user)
    await owner.do("projectTeamAdd", projectId=project, teamId=team, role="VIEWER")
    label = (await owner.do("labelCreate", projectId=project, name=f"Label {number}"))["label"]["id"]
    sprint = (await owner.do("sprintCreate", projectId=project, name="Sprint"))["sprint"]["id"]
    await owner.do("sprintStart", id=sprint, expectedVersion=1)
    milestone = (await owner.do("milestoneCreate", projectId=project, name="1.0"))["milestone"]["id"]
    listed = {"query": f'label:"Label {number}" sort:-updated', "groupBy": "LABEL"}
    await owner.do("viewCreate", projectId=project, name=f"View {number}", shared=True, **listed)
    reviewer = {"projectId": project, "name": "Reviewer", "kind": "USER"}
    field = (await owner.do("customFieldCreate", **reviewer))["customField"]["id"]
    planned = {
        "fields": [{"fieldId": field, "value": {"userId": user}}],
        "sprintId": sprint,
        "milestoneId": milestone,
    }
    new: JSON = {**planned, "projectId": project, "labelIds": [label], "assigneeIds": [user, owner.user_id]}
    parent = (await owner.do("taskCreate", title="Parent", projectId=project))["task"]
    # The admin makes it, so that the owner hears of it.
    new |= {"title": "Child", "parentId": parent["id"], "sections": [{"name": "notes", "text": "n"}]}
    task = (await world.admin.do("taskCreate", **new))["task"]
    comment = (await owner.do("commentAdd", taskId=task["id"], body="Words"))["comment"]
    await owner.do("commentAdd", taskId=task["id"], body="Answer", parentId=comment["id"])
    invited = {"workspaceId": workspace, "email": f"i{number}@lockstep.example"}
    await owner.do("invitationCreate", **invited, projects=[{"projectId": project}])
    robot = await owner.do("serviceAccountCreate", workspaceId=workspace, name=f"Robot {number}")
    of_robot = {"userId": robot["serviceAccount"]["user"]["id"]}
    for of in ({}, of_robot):
        await owner.do("accessTokenCreate", name=f"Token {number}", scopes=["READ"], **of)
    await owner.do("linkAdd", sourceId=parent["id"], kind="blocks", targetId=task["id"])
    await owner.do("boardCreate", projectId=project, name="Board", swimlanes="ASSIGNEE")
    ends = made["project"]["statuses"]
    conditions = [{"blockersDone": True}, {"childrenDone": True}, {"wipLimit": 1}]
    await owner.do(
        "transitionCreate", projectId=project, name="Finish", toStatusId=ends[3]["id"], conditions=conditions
    )


async def _count(crowd: Crowd, document: str, n: int) -> tuple[int, str, int]:
    variables: JSON = {"n": n}
    if "$w" in document:
        variables["w"] = crowd.world.workspace["id"]
    with crowd.service.statements() as counted:
        answer = await crowd.world.owner.ask(document, variables)
    assert answer.data
    return len(counted), str(counted), answer.body.count(b"__typename")


@pytest.mark.parametrize("name", sorted(ROOTS))
async def test_one_row_or_fifty(crowd: Crowd, name: str) -> None:
    failures = []
    for field in fields_of(name):
        document = ROOTS[name].replace("FIELD", f"__typename {field}")
        one, few, _ = await _count(crowd, document, 1)
        many, statements, objects = await _count(crowd, document, MANY)
        assert objects >= MANY, "there must be many of them"
        if one != many:
            failures.append(f"{field}: {one} statements for one, {many} for {MANY}\n{few}\n\n{statements}")
    assert not failures, "\n\n".join(failures)


async def test_a_planted_loop_is_caught(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    async def one_by_one(reader: Reader, keys: list[tuple[UUID, UUID]]) -> list[int]:
        return [(await comment_counts(reader, [key]))[0] for key in keys]

    monkeypatch.setattr(types, "comment_counts", one_by_one)
    document = TASKS.replace("FIELD", "__typename commentCount")
    assert (await _count(crowd, document, 1))[0] < (await _count(crowd, document, MANY))[0]


BOARD = """query($id: ID!, $n: Int!) { node(id: $id) { ... on Project { statuses { name tasks(first: $n) { nodes {
  key title assignees { name } labels { name } commentCount } totalCount } } } } }"""


async def test_a_board_takes_a_constant_number_of_statements(world: World, service: Service) -> None:
    counts: list[int] = []
    for turn in range(2):
        for status in world.eng["statuses"]:
            label = await world.label(f"Label {len(counts)} {status['name']}")
            task = await world.task(
                statusId=status["id"], labelIds=[label["id"]], assigneeIds=[world.viewer.user_id]
            )
            await world.comment(task, "Words")
        with service.statements() as counted:
            # Another question each time, so that none is answered by what was kept.
            await world.viewer.query(BOARD, id=world.eng["id"], n=50 - turn)
        counts.append(len(counted))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
