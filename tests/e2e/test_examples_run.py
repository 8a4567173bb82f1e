"""The example operations as somebody runs them: one after the other, with ids filled in where they say `…`."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo import Service

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parents[2] / "web" / "examples"
JSON = dict[str, Any]
# Served on a socket alone, answered to another person than the demo's owner, or in need of what stands in a mail.
ELSEWHERE = {
    "83-socket-renew", "50-events", "51-events-fold", "97-view-events", "99-invitation-accept",
    "99-joining-domain-add", "99-joining-domain-remove", "88-oidc-exchange", "88-identity-link",
    "88-identity-unlink", "88-email-confirm", "88-email-change",
    "89-password-reset",
}  # fmt: skip


class Walk:
    """One person who tries the examples, and remembers what they were answered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.tokens: JSON = {}
        self.done: set[str] = set()
        # Words that must be new each time, so that a second walk works too.
        self.fresh = uuid.uuid4().hex[:6]

    async def run(self, name: str, change: Callable[[JSON], None] | None = None) -> Any:
        """Runs an example with its own variables, changed where they need ids; returns its one root field."""
        variables = EXAMPLES / f"{name}.json"
        given: JSON = json.loads(variables.read_text()) if variables.exists() else {}
        target = given.get("input", given)
        if change is not None:
            change(target)
        assert "…" not in json.dumps(given, ensure_ascii=False), (name, given)
        document = (EXAMPLES / f"{name}.graphql").read_text()
        answer = await self.service.answer(document, given, self.tokens.get("accessToken"))
        self.done.add(name)
        fields = list(answer.values())
        if isinstance(fields[0], dict):
            assert fields[0].get("errors", []) == [], (name, fields[0])
        return fields[0] if len(fields) == 1 else answer

    def given(self, **values: Any) -> Callable[[JSON], None]:
        return lambda target: target.update(values)


async def accounts(walk: Walk) -> JSON:
    """Makes an account, signs in and refreshes; goes on as the demo's owner."""
    email = f"member-{walk.fresh}@demo.example"
    made: JSON = await walk.run("80-sign-up", walk.given(email=email))
    signed_in = await walk.run("81-sign-in", walk.given(email=email))
    await walk.run("82-token-refresh", walk.given(refreshToken=signed_in["refreshToken"]))
    await own_account(walk, email)
    leaving = f"leaving-{walk.fresh}@demo.example"
    walk.tokens = await walk.run("80-sign-up", walk.given(email=leaving))
    assert (await walk.run("89-account-erase", walk.given(confirmation=leaving)))["erased"] is True
    walk.tokens = {"accessToken": await walk.service.token()}
    return {"email": email, "id": made["user"]["id"]}


async def own_account(walk: Walk, email: str) -> None:
    """Looks at one's sessions and ends some; writes to one's address; changes the password."""
    walk.tokens = await walk.run("81-sign-in", walk.given(email=email))
    sessions = (await walk.run("87-sessions"))["sessions"]
    assert len(sessions) == 3
    await walk.run("87-session-revoke", walk.given(id=sessions[-1]["id"]))
    assert (await walk.run("87-session-revoke-others"))["ended"] == 1
    assert (await walk.run("88-email-confirmation-send"))["sent"] is True
    await walk.run("88-email-change-request", walk.given(email=f"moved-{email}"))
    assert (await walk.run("89-password-change"))["changed"] is True
    await walk.run("89-password-reset-request", walk.given(email=email))


async def workspaces(walk: Walk, person: JSON) -> tuple[str, str]:
    """Makes a workspace and a project with people and words; their ids."""
    space = (await walk.run("90-workspace-create"))["workspace"]["id"]
    await walk.run("91-workspace-update", walk.given(id=space))
    of_space = {"workspaceId": space, "userId": person["id"]}
    await walk.run("92-workspace-member-add", walk.given(workspaceId=space, email=person["email"]))
    await walk.run("15-rate-limit")
    log = (await walk.run("14-audit-log", walk.given(id=space)))["auditLog"]["nodes"]
    assert "workspace_member.added" in {entry["action"] for entry in log}
    await walk.run("92-workspace-member-update", walk.given(**of_space))
    project = (await walk.run("93-project-create", walk.given(workspaceId=space)))["project"]["id"]
    await walk.run("93-project-update", walk.given(id=project))
    of_project = {"projectId": project, "userId": person["id"]}
    await walk.run("94-project-member-add", walk.given(projectId=project, email=person["email"]))
    await walk.run("94-project-member-update", walk.given(**of_project))
    for number, word, field in (
        (95, "status", "status"),
        (96, "label", "label"),
        (97, "task-type", "taskType"),
    ):
        made = await walk.run(f"{number}-{word}-create", walk.given(projectId=project))
        await walk.run(f"{number}-{word}-update", walk.given(id=made[field]["id"]))
        await walk.run(f"{number}-{word}-delete", walk.given(id=made[field]["id"], expectedVersion=2))
    await workflow(walk, project)
    await planning(walk, project)
    await teams(walk, space, project, person)
    await walk.run("94-project-member-remove", walk.given(**of_project))
    await walk.run("92-workspace-member-remove", walk.given(**of_space))
    invited = await walk.run("99-invitation-create", walk.given(workspaceId=space))
    await walk.run("99-invitation-resend", walk.given(id=invited["invitation"]["id"]))
    await walk.run("99-invitation-revoke", walk.given(id=invited["invitation"]["id"]))
    robot = await walk.run("98-service-account-create", walk.given(workspaceId=space))
    of_robot = {"userId": robot["serviceAccount"]["user"]["id"]}
    await walk.run("98-service-account-update", walk.given(**of_robot))
    token = await walk.run("86-access-token-create", walk.given(**of_robot))
    await walk.run("86-access-token-revoke", walk.given(id=token["accessToken"]["id"]))
    await walk.run("98-service-account-delete", walk.given(**of_robot))
    return space, project


async def workflow(walk: Walk, project: str) -> None:
    """Makes a transition and takes it away, then takes a whole workflow."""
    statuses = (await walk.service.answer(
        "query ($id: ID!) { node(id: $id) { ... on Project { statuses { id } } } }", {"id": project},
        walk.tokens["accessToken"],
    ))["node"]["statuses"]  # fmt: skip
    made = await walk.run(
        "95-transition-create", walk.given(projectId=project, toStatusId=statuses[-1]["id"])
    )
    await walk.run("95-transition-update", walk.given(id=made["transition"]["id"]))
    await walk.run("95-transition-delete", walk.given(id=made["transition"]["id"]))
    board = (await walk.run("95-board-create", walk.given(projectId=project)))["board"]["id"]
    await walk.run("95-board-update", walk.given(id=board))
    await walk.run("95-board-delete", walk.given(id=board))
    await walk.run("95-workflow-apply-template", walk.given(projectId=project))


async def planning(walk: Walk, project: str) -> None:
    """Makes a sprint, a milestone and a custom field, and lets them end."""
    following = (await walk.run("96-sprint-create", walk.given(projectId=project, name="Next")))["sprint"][
        "id"
    ]
    sprint = (await walk.run("96-sprint-create", walk.given(projectId=project)))["sprint"]["id"]
    await walk.run("96-sprint-update", walk.given(id=following))
    await walk.run("96-sprint-start", walk.given(id=sprint))
    await walk.run("96-sprint-complete", walk.given(id=sprint, moveUnfinishedTo=following))
    await walk.run("96-sprint-delete", walk.given(id=sprint, expectedVersion=3))
    milestone = (await walk.run("96-milestone-create", walk.given(projectId=project)))["milestone"]["id"]
    await walk.run("96-milestone-update", walk.given(id=milestone))
    await walk.run("96-milestone-release", walk.given(id=milestone, expectedVersion=2))
    await walk.run("96-milestone-delete", walk.given(id=milestone, expectedVersion=3))
    field = (await walk.run("96-custom-field-create", walk.given(projectId=project)))["customField"]["id"]
    await walk.run("96-custom-field-update", walk.given(id=field))
    await walk.run("96-custom-field-delete", walk.given(id=field, expectedVersion=2))


async def teams(walk: Walk, space: str, project: str, person: JSON) -> None:
    """Makes a team, gives it people and a role, and takes all of that again."""
    team = (await walk.run("92-team-create", walk.given(workspaceId=space)))["team"]["id"]
    await walk.run("92-team-update", walk.given(id=team))
    staff, role = {"teamId": team, "userId": person["id"]}, {"teamId": team, "projectId": project}
    await walk.run("92-team-member-add", walk.given(**staff))
    await walk.run("94-project-team-add", walk.given(**role))
    await walk.run("94-project-team-update", walk.given(**role))
    await walk.run("94-project-team-remove", walk.given(**role))
    await walk.run("92-team-member-remove", walk.given(**staff))
    await walk.run("92-team-delete", walk.given(id=team))


async def tasks(walk: Walk, space: str, project: str) -> None:
    """Makes, edits, moves, deletes, restores, links and transfers tasks, and comments on one."""
    first, second = [
        (await walk.run("30-task-create", walk.given(projectId=project)))["task"]["id"] for _ in range(2)
    ]
    await walk.run("40-task-update", walk.given(id=first))
    await walk.run("41-task-update-conflict", walk.given(id=first, expectedVersion=2))
    items = [{"id": first, "expectedVersion": 3}, {"id": second, "expectedVersion": 1}]
    bulk = await walk.run("42-task-bulk-update", walk.given(items=items))
    assert [result["ok"] for result in bulk["results"]] == [True, True]
    # The workflow that was taken does not lead everywhere.
    following = (await walk.service.answer(
        "query ($id: ID!) { node(id: $id) { ... on Task { availableTransitions { status { id } } } } }",
        {"id": second}, walk.tokens["accessToken"],
    ))["node"]["availableTransitions"]  # fmt: skip
    status = following[0]["status"]["id"]
    await walk.run("43-task-move", walk.given(id=second, statusId=status, afterId=first, expectedVersion=2))
    await walk.run("44-task-delete", walk.given(id=second, expectedVersion=3))
    await walk.run("45-task-restore", walk.given(id=second, expectedVersion=4))
    await walk.run("24-node", lambda target: target.update(id=first, ids=[first, second, project]))
    await taken_back(walk, project, first, status)
    link = (await walk.run("65-link-add", walk.given(sourceId=first, targetId=second)))["link"]["id"]
    await walk.run("66-link-remove", walk.given(id=link))
    comment = (await walk.run("60-comment-add", walk.given(taskId=first)))["comment"]["id"]
    await walk.run("61-comment-update", walk.given(id=comment))
    await walk.run("62-comment-delete", walk.given(id=comment, expectedVersion=2))
    restored = await walk.run("63-comment-restore", walk.given(id=comment, expectedVersion=3))
    assert restored["comment"]["body"] == "Second thoughts."
    other = await walk.service.answer(
        (EXAMPLES / "93-project-create.graphql").read_text(),
        {"input": {"workspaceId": space, "key": "OTHER", "name": "Other"}}, walk.tokens["accessToken"],
    )  # fmt: skip
    there = other["projectCreate"]["project"]["id"]
    moved = await walk.run("46-task-transfer", walk.given(id=second, projectId=there, expectedVersion=5))
    assert moved["task"]["key"] == "OTHER-1"


async def taken_back(walk: Walk, project: str, task: str, status: str) -> None:
    """Tries a move of many tasks, deletes one among many, brings it back, and takes it back to its beginning."""
    tried = await walk.run(
        "47-task-bulk-move",
        lambda target: target.update(statusId=status, where=target["where"] | {"projectId": project}),
    )
    assert tried["batchId"] is None
    assert tried["results"]
    gone = await walk.run("48-task-bulk-delete", walk.given(items=[{"id": task, "expectedVersion": 4}]))
    assert [result["outcome"] for result in gone["results"]] == ["APPLIED"]
    back = await walk.run("49-undo", walk.given(projectId=project, batchId=gone["batchId"]))
    version = back["results"][0]["task"]["version"]
    reverted = await walk.run("49-task-revert", walk.given(id=task, expectedVersion=version))
    assert reverted["task"]["version"] == version + 1


async def views(walk: Walk, project: str) -> None:
    """Asks by text and by words; saves a view, changes it and deletes it."""
    parsed = await walk.run("97-query-parse")
    assert parsed["errors"] == []
    assert "assignee:me" in await walk.run("97-query-print")
    assert (await walk.run("97-tasks-by-query"))["totalCount"] > 0
    assert (await walk.run("25-search"))["hits"]["nodes"]
    view = (await walk.run("97-view-create", walk.given(projectId=project)))["view"]["id"]
    await walk.run("97-view-update", walk.given(id=view))
    await walk.run("97-view-delete", walk.given(id=view, expectedVersion=2))


async def test_every_example_runs(service: Service) -> None:
    """All but those of the socket; what they show of the demo project is there."""
    walk = Walk(service)
    person = await accounts(walk)
    for name in ("10-viewer", "11-workspaces", "12-projects", "21-project-settings", "22-task", "23-tasks"):
        assert await walk.run(name), name
    assert await walk.run("13-sign-in-providers") == []
    board = await walk.run("20-board")
    cursor = board["position"]["cursor"]
    since = await walk.run("52-events-since", walk.given(scope=board["scope"], after=cursor))
    assert since["kind"] == "HEARTBEAT"
    space, project = await workspaces(walk, person)
    await tasks(walk, space, project)
    await views(walk, project)
    await walk.run("70-inbox")
    await walk.run("71-inbox-mark", walk.given(ids=[]))
    me = (await walk.run("10-viewer"))["user"]["id"]
    version = (await service.answer("query ($id: ID!) { node(id: $id) { ... on User { version } } }", {"id": me},
                                    walk.tokens["accessToken"]))["node"]["version"]  # fmt: skip
    await walk.run("84-profile-update", walk.given(expectedVersion=version))
    assert (await walk.run("85-sign-out"))["signedOut"]
    assert {path.stem for path in EXAMPLES.glob("*.graphql")} == walk.done | ELSEWHERE
