"""The JavaScript of docs/live.md in a browser: a copy folded from events is what a fresh load gives."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chromium import Browser, PageError
from tests.e2e.demo import Service

pytestmark = pytest.mark.e2e

PAGE = (Path(__file__).parents[2] / "docs" / "live.md").read_text()
SCRIPTS = re.findall(r"^```js\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# The subscription of the page is a query by HTTP too, with `after` required.
[FOLLOW] = re.findall(r"^```graphql\n(subscription.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CATCH_UP = FOLLOW.replace("subscription", "query", 1).replace("$after: String)", "$after: String!)")

PROJECT = """
query ($key: String!) {
  project(key: $key) { id scope workspace { id } position { cursor } statuses { id } labels { id } }
  viewer { user { id } }
}
"""
EDIT = """
mutation ($input: TaskUpdateInput!) {
  taskUpdate(input: $input) { task { version } errors { message } }
}
"""
OTHERS = {
    "labelCreate": ("LabelCreateInput", "label { id }"),
    "taskCreate": ("TaskCreateInput", "task { id version }"),
    "taskMove": ("TaskMoveInput", "task { id version }"),
    "taskDelete": ("TaskDeleteInput", "task { id version }"),
    "taskTransfer": ("TaskTransferInput", "task { id version }"),
    "projectCreate": ("ProjectCreateInput", "project { id }"),
}
FOLDED = """
(async () => {
  %(scripts)s
  const ask = async (query, variables) => {
    const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer %(token)s' };
    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const answer = await response.json();
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  };
  const load = async () => (await ask(LOAD, { key: 'DEMO' })).project.tasks.nodes.map(stateOf);
  const frame = (await ask(%(catch_up)s, { scope: %(scope)s, after: %(after)s })).events;
  const objects = new Map(%(before)s.map((task) => [task.id, task]));
  for (const event of frame.events) fold(objects, event);
  return { kind: frame.kind, more: frame.more, folded: [...objects.values()], loaded: await load() };
})()
"""
LOADED = FOLDED.split("const frame", maxsplit=1)[0] + "  return load();\n})()"


class Editor:
    """The demo's owner, editing by HTTP."""

    def __init__(self, service: Service, token: str) -> None:
        self._service = service
        self._token = token

    async def ask(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        return await self._service.answer(document, variables, self._token)

    async def do(self, mutation: str, **given: object) -> dict[str, Any]:
        kind, fields = OTHERS[mutation]
        document = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} errors {{ message }} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(document, {"input": given}))[mutation]
        assert payload["errors"] == [], payload
        [made] = [value for field, value in payload.items() if field != "errors"]
        return dict(made)

    async def edit(self, task: dict[str, Any], **patch: object) -> None:
        given = {"id": task["id"], "expectedVersion": task["version"], "patch": patch}
        payload = (await self.ask(EDIT, {"input": given}))["taskUpdate"]
        assert payload["errors"] == [], payload
        task["version"] = payload["task"]["version"]


async def edit_everything(editor: Editor, project: dict[str, Any], me: str) -> None:
    """Every form of change that a task's event can have, and tasks that come and go."""
    ids = {"projectId": project["id"]}
    task = await editor.do(
        "taskCreate", **ids, title="Fold me", description="Ünïcode 😀 and more 😀.", id=str(uuid7())
    )
    label = await editor.do("labelCreate", **ids, name=f"live {uuid.uuid4().hex[:8]}")
    await editor.edit(task, title="Folded", priority=3, dueDate="2026-12-24", estimate=1.5)
    await editor.edit(
        task, description="Ünïcode 😀😀 and less 😀!", sections=[{"name": "notes", "text": "N 🎈"}]
    )
    await editor.edit(task, addLabelIds=[label["id"]], addAssigneeIds=[me])
    await editor.edit(task, config=[{"key": "a", "value": {"b": [1]}}, {"key": "c", "value": None}])
    await editor.edit(
        task, config=[{"key": "a"}], sections=[{"name": "notes", "text": ""}], removeAssigneeIds=[me]
    )
    await editor.edit(task, statusId=project["statuses"][-1]["id"])
    gone = await editor.do("taskCreate", **ids, title="Deleted", parentId=task["id"])
    await editor.do("taskMove", id=gone["id"], beforeId=task["id"])
    await editor.do("taskDelete", id=gone["id"], expectedVersion=1)
    away = await editor.do("taskCreate", **ids, title="Transferred")
    other = await editor.do(
        "projectCreate",
        workspaceId=project["workspace"]["id"],
        key=f"L{uuid.uuid4().hex[:6].upper()}",
        name="Other",
    )
    await editor.do("taskTransfer", id=away["id"], projectId=other["id"], expectedVersion=1)


def uuid7() -> uuid.UUID:
    """A version 7 UUID, as a client makes one."""
    number = uuid.uuid4().int & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=number)


def as_sets(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Tasks by id, without what has no order or another spelling."""
    for task in tasks:
        for name in ("labelIds", "assigneeIds"):
            task[name] = sorted(task[name])
        task["sections"] = {section["name"]: section["text"] for section in task["sections"]}
    return {task["id"]: task for task in tasks}


async def test_the_fold_of_the_documentation_is_right(browser: Browser, service: Service) -> None:
    """Loads, edits, catches up, folds; a fold that skips texts is noticed."""
    token = await service.token()
    editor = Editor(service, token)
    page = await browser.open(f"{service.address}/graphql")
    found = await editor.ask(PROJECT, {"key": "DEMO"})
    project = found["project"]
    values = {"scripts": "\n".join(SCRIPTS), "token": token}
    before = await page.evaluate(LOADED % values)
    await edit_everything(editor, project, found["viewer"]["user"]["id"])
    values |= {
        "catch_up": json.dumps(CATCH_UP), "scope": json.dumps(project["scope"]),
        "after": json.dumps(project["position"]["cursor"]), "before": json.dumps(before),
    }  # fmt: skip
    after = await page.evaluate(FOLDED % values)
    assert (after["kind"], after["more"]) == ("EVENTS", False)
    assert as_sets(after["folded"]) == as_sets(after["loaded"])
    assert len(after["loaded"]) > len(before)
    planted = values["scripts"].replace("done = at + removed.length", "done = at")
    wrong = await page.evaluate(FOLDED % (values | {"scripts": planted}))
    assert as_sets(wrong["folded"]) != as_sets(wrong["loaded"])
    with pytest.raises(PageError, match="another text"):
        await page.evaluate(
            f"(() => {{ {values['scripts']} applyEdits('x', [{{at: 0, removed: 'y', inserted: ''}}]) }})()"
        )
