"""What is seen and what is hidden: one of everything in each place, marked so that a leak is found in any answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.access.happenings import happen
from tests.client import JSON, Client
from tests.world import PEOPLE, PROJECT, World

PROJECTS = ("ENG", "OPS", "OPN", "TEA", "SEC", "ELS")
"""ENG, OPS, SEC and ELS are the world's. OPN is seen by the workspace; a team of colleague and guest has TEA."""

PERSONS = (*PEOPLE, "robot")
"""The world's people, and a service account: a guest of the workspace, a viewer of ENG."""


def mark(place: str) -> str:
    """The word that stands in every text of a place, and nowhere else."""
    return f"zq{place.lower()}zq"


@dataclass
class Places:
    """Ids by place and kind (`ENG`, `Task` → ids, the first is the one to ask for), and the robot's token."""

    ids: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    positions: dict[str, str] = field(default_factory=dict)
    robot: JSON = field(default_factory=dict)
    crossing: JSON = field(default_factory=dict)

    def of(self, place: str, kind: str) -> str:
        """The one to ask for."""
        return self.ids[place][kind][0]

    def add(self, place: str, kind: str, identifier: str) -> str:
        """Keeps an id."""
        self.ids.setdefault(place, {}).setdefault(kind, []).append(identifier)
        return identifier


async def furnish(world: World) -> Places:
    """Makes them all."""
    places = Places()
    for by in (world.owner, world.outsider):
        await world.confirmed(by)
    await _more_projects(world, places)
    await _robot(world, places)
    for key in PROJECTS:
        await _project(world, places, key)
    for place, by, workspace in (
        ("WRK", world.owner, world.workspace["id"]),
        ("ELW", world.outsider, world.elsewhere["workspace"]["id"]),
    ):
        await _workspace(places, place, by, workspace)
    for name in PEOPLE:
        await _own(world, places, name)
    await _bystander(world, places)
    await happen(world, places)
    await _crossings(world, places)
    return places


def maker(world: World, key: str) -> Client:
    """Who makes what is in a project."""
    return world.outsider if key == "ELS" else world.owner


async def _more_projects(world: World, places: Places) -> None:
    owner = world.owner
    workspace = world.workspace["id"]
    projects = {"ENG": world.eng, "OPS": world.ops, "SEC": world.secret, "ELS": world.elsewhere}
    for key, more in (("OPN", {"visibility": "WORKSPACE", "workspaceRole": "VIEWER"}), ("TEA", {})):
        made = await owner.do("projectCreate", workspaceId=workspace, key=key, name=mark(key), **more)
        projects[key] = (await owner.query(PROJECT, id=made["project"]["id"]))["node"]
    team = (await owner.do("teamCreate", workspaceId=workspace, name=f"Team {mark('TEAM')}"))["team"]
    places.add("TEA", "Team", team["id"])
    for name in ("colleague", "guest"):
        await owner.do("teamMemberAdd", teamId=team["id"], userId=world.person(name).user_id)
    await owner.do("projectTeamAdd", projectId=projects["TEA"]["id"], teamId=team["id"], role="MEMBER")
    for key, project in projects.items():
        places.add(key, "Project", project["id"])
        places.add(key, "Scope", project["scope"])
        places.add(key, "Status", project["statuses"][0]["id"])
        places.add(key, "TaskType", project["taskTypes"][0]["id"])


async def _robot(world: World, places: Places) -> None:
    made = await world.owner.do("serviceAccountCreate", workspaceId=world.workspace["id"], name="Robot")
    user_id = made["serviceAccount"]["user"]["id"]
    await world.owner.do(
        "projectMemberAdd", projectId=places.of("ENG", "Project"), userId=user_id, role="VIEWER"
    )
    token = await world.owner.do(
        "accessTokenCreate", name="Robot's", scopes=["READ", "WRITE", "ADMIN"], userId=user_id
    )
    places.robot = {"token": token["token"], "user_id": user_id}
    places.add("of:robot", "User", user_id)
    places.add("of:robot", "AccessToken", token["accessToken"]["id"])


async def _project(world: World, places: Places, key: str) -> None:
    """One of everything in it; every text has the mark."""
    by, word, project = maker(world, key), mark(key), places.of(key, "Project")
    version = await by.query("query($id: ID!) { node(id: $id) { ... on Project { version } } }", id=project)
    await by.do(
        "projectUpdate", id=project, expectedVersion=version["node"]["version"], name=f"Name {word}",
        description=f"About {word}",
    )  # fmt: skip
    label = (await by.do("labelCreate", projectId=project, name=f"Label {word}"))["label"]["id"]
    places.add(key, "Label", label)
    status = await by.do("statusCreate", projectId=project, name=f"Status {word}", category="STARTED")
    places.ids[key]["Status"].insert(0, status["status"]["id"])
    kind = (await by.do("taskTypeCreate", projectId=project, name=f"type {word}"))["taskType"]["id"]
    places.ids[key]["TaskType"].insert(0, kind)
    planned = {"projectId": project, "name": f"Planned {word}"}
    sprint = (await by.do("sprintCreate", **planned, goal=f"Goal {word}"))["sprint"]["id"]
    milestone = (await by.do("milestoneCreate", **planned, description=f"For {word}"))["milestone"]["id"]
    places.add(key, "Sprint", sprint)
    places.add(key, "Milestone", milestone)
    way = await by.do(
        "transitionCreate", projectId=project, name=f"Way {word}", toStatusId=status["status"]["id"],
        conditions=[{"blockersDone": True}],
    )  # fmt: skip
    await by.do(
        "transitionCreate", projectId=project, name=f"Barred {word}", toStatusId=places.ids[key]["Status"][1],
        conditions=[{"fields": ["CLOSE_REASON"]}],
    )  # fmt: skip
    choice = await by.do(
        "customFieldCreate", projectId=project, name=f"Choice {word}", kind="SELECT",
        options=[{"name": f"Option {word}"}],
    )  # fmt: skip
    places.add(key, "Transition", way["transition"]["id"])
    listed = {
        "query": f'(label:"Label {word}" or "zq") sort:-updated',
        "groupBy": "LABEL",
        "columns": [f"Column {word}"],
    }
    view = await by.do("viewCreate", projectId=project, name=f"View {word}", shared=True, **listed)
    places.add(key, "View", view["view"]["id"])
    field = (await by.do("customFieldCreate", **planned, kind="TEXT", description=f"Of {word}"))[
        "customField"
    ]["id"]
    places.add(key, "CustomField", field)
    places.add(key, "CustomField", choice["customField"]["id"])
    values = [{"fieldId": field, "value": {"text": f"Valued {word}"}}]
    await by.do("sprintStart", id=sprint, expectedVersion=1)
    gone = await by.do(
        "transitionCreate", projectId=project, name=f"Way {word}", toStatusId=status["status"]["id"], typeId=kind,
        conditions=[{"fields": ["LABEL"]}, {"role": "VIEWER"}], actions=[{"setField": {"priority": 1}}],
    )  # fmt: skip
    gone_id = gone["transition"]["id"]
    await by.do("transitionUpdate", id=gone_id, expectedVersion=1, name=f"Path {word}")
    await by.do("transitionDelete", id=gone_id, expectedVersion=2)
    await by.do(
        "transitionUpdate", id=way["transition"]["id"], expectedVersion=1, actions=[{"closeParent": True}]
    )
    board = await by.do("boardCreate", projectId=project, name=f"Board {word}", swimlanes="LABEL")
    places.add(key, "Board", board["board"]["id"])
    await by.do("boardUpdate", id=board["board"]["id"], expectedVersion=1, name=f"Wall {word}")
    lost = await by.do("boardCreate", projectId=project, name=f"Lost {word}")
    await by.do("boardDelete", id=lost["board"]["id"], expectedVersion=1)
    tasks: list[str] = []
    for number in range(3):
        made = await by.do(
            "taskCreate", projectId=project, title=f"Title {number} {word}", description=f"Described {word}",
            sections=[{"name": "notes", "text": f"Noted {word}"}], statusId=status["status"]["id"], typeId=kind,
            labelIds=[label], config=[{"key": "word", "value": word}], externalRef=f"ref {word}", dueDate="2030-01-31",
            estimate=1.5, sprintId=sprint, milestoneId=milestone, fields=values,
            **({"parentId": tasks[0]} if tasks else {}),
        )  # fmt: skip
        tasks.append(places.add(key, "Task", made["task"]["id"]))
    await by.do("taskUpdate", id=tasks[0], expectedVersion=1, patch={"addAssigneeIds": [by.user_id]})
    first = (await by.do("commentAdd", taskId=tasks[0], body=f"Said {word}"))["comment"]["id"]
    second = (await by.do("commentAdd", taskId=tasks[0], body=f"Answered {word}", parentId=first))["comment"][
        "id"
    ]
    for comment in (first, second):
        places.add(key, "Comment", comment)
    places.add(key, "OtherTask", tasks[1])
    gone = (await by.do("taskCreate", projectId=project, title=f"Gone {word}"))["task"]["id"]
    said = (await by.do("commentAdd", taskId=tasks[0], body=f"Gone {word}"))["comment"]["id"]
    await by.do("taskDelete", id=gone, expectedVersion=1)
    await by.do("commentDelete", id=said, expectedVersion=1)
    places.add(key, "DeletedTask", places.add(key, "Task", gone))
    places.add(key, "DeletedComment", places.add(key, "Comment", said))
    link = await by.do("linkAdd", sourceId=tasks[1], kind="blocks", targetId=tasks[2])
    places.add(key, "Link", link["link"]["id"])


async def _workspace(places: Places, place: str, by: Client, workspace: str) -> None:
    """What is of a workspace and of no project."""
    word = mark(place)
    await by.do("workspaceUpdate", id=workspace, expectedVersion=1, name=f"Name {word}")
    team = (await by.do("teamCreate", workspaceId=workspace, name=f"Team {word}"))["team"]["id"]
    invited = await by.do(
        "invitationCreate", workspaceId=workspace, email=f"{word}@invited.example",
        projects=[{"projectId": places.of("SEC" if place == "WRK" else "ELS", "Project"), "role": "VIEWER"}],
    )  # fmt: skip
    domain = await by.do("joiningDomainAdd", workspaceId=workspace, domain="lockstep.example", role="GUEST")
    await by.do("joiningDomainRemove", id=domain["joiningDomain"]["id"])
    domain = await by.do("joiningDomainAdd", workspaceId=workspace, domain="lockstep.example", role="GUEST")
    robot = await by.do("serviceAccountCreate", workspaceId=workspace, name=f"Robot {word}")
    robot_id = robot["serviceAccount"]["user"]["id"]
    token = await by.do("accessTokenCreate", name=f"Token {word}", scopes=["READ"], userId=robot_id)
    found = (
        await by.query(
            "query($id: ID!) { node(id: $id) { ... on Workspace { scope directoryScope "
            "auditLog(first: 1) { nodes { id } } } } }",
            id=workspace,
        )
    )["node"]
    places.add(place, "Workspace", workspace)
    for kind, identifier in (
        ("Team", team), ("Invitation", invited["invitation"]["id"]),
        ("JoiningDomain", domain["joiningDomain"]["id"]), ("User", robot_id),
        ("AccessToken", token["accessToken"]["id"]), ("Scope", found["scope"]), ("Scope", found["directoryScope"]),
        ("AuditEntry", found["auditLog"]["nodes"][0]["id"]),
    ):  # fmt: skip
        places.add(place, kind, identifier)


async def _own(world: World, places: Places, name: str) -> None:
    """What is somebody's own."""
    person, place = world.person(name), f"of:{name}"
    made = await person.do("accessTokenCreate", name=f"Token zq{name}zq", scopes=["READ"])
    found = (await person.query("{ viewer { inboxScope sessions { id } } }"))["viewer"]
    for kind, identifier in (
        ("User", person.user_id), ("AccessToken", made["accessToken"]["id"]), ("Scope", found["inboxScope"]),
        ("Session", found["sessions"][0]["id"]),
    ):  # fmt: skip
        places.add(place, kind, identifier)


async def _bystander(world: World, places: Places) -> None:
    """A member of the workspace and of each project who does nothing: whom mutations about people are tried on."""
    for place, keys, by in (("WRK", ("ENG", "SEC"), world.owner), ("ELW", ("ELS",), world.outsider)):
        user_id = places.of(place, "User")
        for key in keys:
            await by.do(
                "projectMemberAdd", projectId=places.of(key, "Project"), userId=user_id, role="MEMBER"
            )
            team = places.of(place, "Team")
            await by.do("projectTeamAdd", projectId=places.of(key, "Project"), teamId=team, role="VIEWER")
        await by.do("teamMemberAdd", teamId=places.of(place, "Team"), userId=user_id)
    made = await world.outsider.do(
        "accessTokenCreate", name="Assigns", scopes=["READ", "WRITE"], userId=places.of("ELW", "User")
    )
    robot = world.service.client(made["token"])
    await robot.do(
        "taskCreate",
        projectId=places.of("ELS", "Project"),
        title="Assigned",
        assigneeIds=[world.outsider.user_id],
    )


async def _crossings(world: World, places: Places) -> None:
    """What leads from a place to another: links, a task that went away, inbox items about what was lost."""
    owner, member = world.owner, world.member
    eng = places.of("ENG", "Task")
    for key in ("OPS", "SEC"):
        hidden = places.of(key, "Task")
        for source, target in ((eng, hidden), (hidden, eng)):
            made = await owner.do("linkAdd", sourceId=source, kind="relates", targetId=target)
            places.add(f"ENG+{key}", "Link", made["link"]["id"])
    went = await owner.do(
        "taskCreate", projectId=places.of("ENG", "Project"), title="Travelling",
        assigneeIds=[member.user_id, world.guest.user_id],
    )  # fmt: skip
    told = await member.do(
        "commentAdd", taskId=went["task"]["id"], body=f"Ask @[Viewer](user:{world.uuid('viewer')})"
    )
    places.crossing = {
        "task": went["task"]["id"],
        "key": went["task"]["key"],
        "comment": told["comment"]["id"],
    }
    moved = await owner.do(
        "taskTransfer", id=went["task"]["id"], projectId=places.of("SEC", "Project"), expectedVersion=1
    )
    places.add("SEC", "Task", went["task"]["id"])
    places.add("SEC", "Comment", told["comment"]["id"])
    version = moved["task"]["version"]
    word = mark("SEC")
    await owner.do(
        "taskUpdate", id=went["task"]["id"], expectedVersion=version, patch={"title": f"Went {word}"}
    )
    await owner.do(
        "commentAdd", taskId=went["task"]["id"], body=f"Behind {word}", parentId=told["comment"]["id"]
    )
    for name in ("member", "guest", "viewer"):
        items = await world.person(name).query(
            "{ inbox { items(first: 50) { nodes { id task { id } comment { id } } } } }"
        )
        for item in items["inbox"]["items"]["nodes"]:
            places.add(f"of:{name}", "InboxItem", item["id"])
    items = await world.outsider.query("{ inbox { items(first: 50) { nodes { id } } } }")
    for item in items["inbox"]["items"]["nodes"]:
        places.add("of:outsider", "InboxItem", item["id"])
