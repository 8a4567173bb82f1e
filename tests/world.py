"""The people and places that tests begin with. Made once by GraphQL, then cloned with its database."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.accounts.rows import CONFIRM_ADDRESS
from app.events.models import ActorKind
from app.outcomes import Result
from app.values import now_utc
from app.work import Actor, Work, run_unit
from tests.client import JSON, Client
from tests.selections import POSITION, flat
from tests.service import Service


def uuids(identifier: str) -> list[UUID]:
    """The UUIDs within a global id."""
    text = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()
    return [UUID(hex=part) for part in text.split(":")[1:]]


PEOPLE = ("owner", "admin", "manager", "member", "viewer", "guest", "colleague", "outsider")

PROJECT = f"""query($id: ID!) {{ node(id: $id) {{ ... on Project {{
  {flat("Project")} statuses {{ {flat("Status")} }} labels {{ {flat("Label")} }} taskTypes {{ {flat("TaskType")} }}
}} }} }}"""


OPTIONS = "customField { id name version options { id name color place } }"
"""What is asked of a custom field that is made."""


@dataclass(frozen=True)
class Kept:
    """What a clone of the world needs to be known by: tokens and ids are the same in every clone."""

    people: dict[str, JSON]
    workspace: JSON
    eng: JSON
    ops: JSON
    secret: JSON
    elsewhere: JSON


class World:
    """One workspace with projects ENG and OPS, and SEC that only `owner` and `admin` see; ELS is the outsider's.

    `owner` and `admin` have those roles in the workspace, and so administer its projects. `manager`, `member` and
    `viewer` have those roles in ENG; `member` in OPS too. `guest` is a guest of the workspace and a member of ENG,
    `colleague` a member of the workspace without any project, `outsider` in another workspace.
    """

    def __init__(self, service: Service, kept: Kept) -> None:
        self.service = service
        self.kept = kept
        self.workspace, self.eng, self.ops = kept.workspace, kept.eng, kept.ops
        self.secret, self.elsewhere = kept.secret, kept.elsewhere
        self._people: dict[str, Client] = {}

    def person(self, name: str) -> Client:
        """One of the people, signed in."""
        if name not in self._people:
            client = self.service.client()
            for attribute, value in self.kept.people[name].items():
                setattr(client, attribute, value)
            self._people[name] = client
        return self._people[name]

    def __getattr__(self, name: str) -> Client:
        if name not in PEOPLE:
            raise AttributeError(name)
        return self.person(name)

    @property
    def nobody(self) -> Client:
        """A client that is not signed in."""
        return self.service.client()

    def status(self, name: str, project: JSON | None = None) -> str:
        """The id of a status of ENG, or of another project."""
        return str(next(one["id"] for one in (project or self.eng)["statuses"] if one["name"] == name))

    def type(self, name: str, project: JSON | None = None) -> str:
        """The id of a task type."""
        return str(next(one["id"] for one in (project or self.eng)["taskTypes"] if one["name"] == name))

    async def task(self, title: str = "A task", by: str = "member", **input: Any) -> JSON:
        """A new task in ENG, or in the project of `projectId`."""
        task: JSON = (
            await self.person(by).do("taskCreate", **{"projectId": self.eng["id"], "title": title} | input)
        )["task"]
        return task

    async def label(self, name: str, project: JSON | None = None) -> JSON:
        """A new label in ENG, or in another project."""
        label: JSON = (await self.owner.do("labelCreate", projectId=(project or self.eng)["id"], name=name))[
            "label"
        ]
        return label

    async def sprint(self, name: str = "Sprint", project: JSON | None = None, **input: Any) -> JSON:
        """A new sprint in ENG, or in another project."""
        given = {"projectId": (project or self.eng)["id"], "name": name} | input
        sprint: JSON = (await self.owner.do("sprintCreate", **given))["sprint"]
        return sprint

    async def custom_field(
        self, name: str = "Field", kind: str = "TEXT", project: JSON | None = None, **input: Any
    ) -> JSON:
        """A new custom field in ENG, or in another project."""
        given = {"projectId": (project or self.eng)["id"], "name": name, "kind": kind} | input
        field: JSON = (await self.owner.do("customFieldCreate", OPTIONS, **given))["customField"]
        return field

    async def milestone(self, name: str = "Milestone", project: JSON | None = None, **input: Any) -> JSON:
        """A new milestone in ENG, or in another project."""
        given = {"projectId": (project or self.eng)["id"], "name": name} | input
        milestone: JSON = (await self.owner.do("milestoneCreate", **given))["milestone"]
        return milestone

    async def view(self, name: str = "A view", by: str = "member", **input: Any) -> JSON:
        """A new view, shared in ENG unless the input says otherwise."""
        given = {"projectId": self.eng["id"], "name": name, "query": "is:open", "shared": True} | input
        view: JSON = (await self.person(by).do("viewCreate", **given))["view"]
        return view

    async def team(self, *people: str, name: str = "Team", roles: dict[str, str] | None = None) -> JSON:
        """A new team of these people, with roles in projects (`eng`, `ops`, `secret`)."""
        made: JSON = (await self.owner.do("teamCreate", workspaceId=self.workspace["id"], name=name))["team"]
        for person in people:
            await self.owner.do("teamMemberAdd", teamId=made["id"], userId=self.person(person).user_id)
        for project, role in (roles or {}).items():
            place = getattr(self, project)["id"]
            await self.owner.do("projectTeamAdd", projectId=place, teamId=made["id"], role=role)
        return made

    async def confirmed(self, client: Client) -> None:
        """Their address is confirmed, as by a mail."""
        user_id = uuids(client.user_id)[0]

        async def confirm(work: Work) -> Result:
            await work.declare([user_id])
            await work.run(CONFIRM_ADDRESS, user=user_id, email=client.email, now=now_utc())
            return {}

        await run_unit(self.service.application.store, Actor(None, ActorKind.SYSTEM), confirm)

    async def comment(self, task: JSON, body: str, by: str = "member", **input: Any) -> JSON:
        """A new comment."""
        comment: JSON = (await self.person(by).do("commentAdd", taskId=task["id"], body=body, **input))[
            "comment"
        ]
        return comment

    async def hidden(self, project: JSON, by: str) -> dict[str, str]:
        """One of everything in a project that others do not see, by kind."""
        person = self.person(by)
        task = await self.task("Hidden", by, projectId=project["id"])
        other = await self.task("Other", by, projectId=project["id"])
        comment = await self.comment(task, "Hidden", by)
        label = await person.do("labelCreate", projectId=project["id"], name="Hidden")
        link = await person.do("linkAdd", sourceId=task["id"], kind="blocks", targetId=other["id"])
        sprint = (await person.do("sprintCreate", projectId=project["id"], name="Hidden"))["sprint"]
        milestone = (await person.do("milestoneCreate", projectId=project["id"], name="Hidden"))["milestone"]
        view = await self.view("Hidden", by, projectId=project["id"])
        field = await person.do(
            "customFieldCreate", OPTIONS, projectId=project["id"], name="Hidden", kind="SELECT",
            options=[{"name": "Hidden"}],
        )  # fmt: skip
        workspace = self.workspace if by == "owner" else project["workspace"]
        way = await person.do(
            "transitionCreate",
            projectId=project["id"],
            name="Hidden",
            toStatusId=project["statuses"][0]["id"],
        )
        board = await person.do("boardCreate", projectId=project["id"], name="Hidden")
        team = (await person.do("teamCreate", workspaceId=workspace["id"], name="Hidden"))["team"]
        return {
            "Task": task["id"], "Comment": comment["id"], "Label": label["label"]["id"], "Link": link["link"]["id"],
            "Status": project["statuses"][0]["id"], "TaskType": project["taskTypes"][0]["id"], "Project": project["id"],
            "Scope": project["scope"], "Workspace": workspace["id"], "User": person.user_id,
            "Team": team["id"], "Sprint": sprint["id"], "Milestone": milestone["id"],
            "View": view["id"],
            "CustomField": field["customField"]["id"], "FieldOption": field["customField"]["options"][0]["id"],
            "Transition": way["transition"]["id"], "Board": board["board"]["id"],
        }  # fmt: skip

    def uuid(self, name: str) -> UUID:
        """Someone's id as mentions write it."""
        return uuids(self.person(name).user_id)[0]

    def scope_uuid(self, project: JSON | None = None) -> UUID:
        """The id of a project's scope, ENG's for one, as the database has it."""
        return uuids((project or self.eng)["id"])[0]

    async def position(self, project: JSON | None = None) -> JSON:
        """Where the log of a project stands."""
        document = f"query($id: ID!) {{ node(id: $id) {{ ... on Project {{ position {{ {POSITION} }} }} }} }}"
        position: JSON = (await self.owner.query(document, id=(project or self.eng)["id"]))["node"][
            "position"
        ]
        return position

    @classmethod
    async def make(cls, service: Service) -> Kept:
        """Makes them all, through the doors."""
        people = {}
        for name in PEOPLE:
            client = await service.client().sign_up(f"{name}@lockstep.example", name.capitalize())
            people[name] = client
        owner, outsider = people["owner"], people["outsider"]
        workspace = (await owner.do("workspaceCreate", name="Works"))["workspace"]
        elsewhere = (await outsider.do("workspaceCreate", name="Elsewhere"))["workspace"]
        for name, role in (("admin", "ADMIN"), ("manager", "MEMBER"), ("member", "MEMBER"), ("viewer", "MEMBER"),
                           ("guest", "GUEST"), ("colleague", "MEMBER")):  # fmt: skip
            await owner.do(
                "workspaceMemberAdd", workspaceId=workspace["id"], email=people[name].email, role=role
            )
        projects = {}
        for by, place, key, name in (
            (owner, workspace, "ENG", "Engine"), (owner, workspace, "OPS", "Operations"),
            (owner, workspace, "SEC", "Secret"), (outsider, elsewhere, "ELS", "Elsewhere"),
        ):  # fmt: skip
            made = (await by.do("projectCreate", workspaceId=place["id"], key=key, name=name))["project"]
            projects[key] = made["id"]
        for key, name, role in (("ENG", "manager", "MANAGER"), ("ENG", "member", "MEMBER"), ("ENG", "viewer", "VIEWER"),
                                ("ENG", "guest", "MEMBER"), ("OPS", "member", "MEMBER")):  # fmt: skip
            await owner.do(
                "projectMemberAdd", projectId=projects[key], userId=people[name].user_id, role=role
            )
        full = {}
        for key, project_id in projects.items():
            by = outsider if key == "ELS" else owner
            full[key] = (await by.query(PROJECT, id=project_id))["node"]
        names = ("token", "refresh_token", "user_id", "email")
        kept = {name: {one: getattr(client, one) for one in names} for name, client in people.items()}
        return Kept(kept, workspace, full["ENG"], full["OPS"], full["SEC"], full["ELS"])
