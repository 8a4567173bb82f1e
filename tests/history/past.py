"""A project as of a moment, fetched and in the form of a client's copy."""

from __future__ import annotations

from typing import Any

from app.events.cursors import Cursor
from tests.client import JSON, Client
from tests.folding import Copy
from tests.scopes import normal
from tests.selections import POSITION, object_type
from tests.world import uuids


def _fields(kind: str) -> str:
    nested = {"sections": "sections { name text }", "fields": "fields { fieldId value }"}
    words = [nested.get(name, name) for name in object_type(kind).fields]
    return f"{{ {' '.join(words)} }}"


TASK = f"""nodes {{ state {_fields("TaskState")} key status {{ id name }} type {{ id name }} labels {{ id name }}
  assignees {{ id }} creator {{ id }} links {_fields("LinkState")}
  comments(first: 25) {{ nodes {{ state {_fields("CommentState")} author {{ id }} }} totalCount
    pageInfo {{ hasNextPage }} }} }} totalCount pageInfo {{ hasNextPage }}"""
MOMENT = f"""position {{ {POSITION} }} recordedAt state {_fields("ProjectState")}
  statuses {{ state {_fields("StatusState")} tasks(first: 100) {{ nodes {{ state {{ id }} }} totalCount }} }}
  labels {_fields("LabelState")} taskTypes {_fields("TaskTypeState")}
  members {_fields("ProjectMemberState")} teams {_fields("ProjectTeamState")}
  there: tasks(first: 100, filter: {{deleted: {{eq: false}}}}) {{ {TASK} }}
  deleted: tasks(first: 40, filter: {{deleted: {{eq: true}}}}) {{ {TASK} }}"""
AS_OF = f"query($id: ID!, $at: AsOfInput!) {{ node(id: $id) {{ ... on Project {{ asOf(at: $at) {{ {MOMENT} }} }} }} }}"


def beginning(project: JSON) -> str:
    """The cursor before a project's first event."""
    return Cursor.at(uuids(project["id"])[0], 0, None).encode()


async def then(client: Client, project_id: str, at: JSON) -> Any:
    """A project as of a moment, or None."""
    return (await client.query(AS_OF, id=project_id, at=at))["node"]["asOf"]


def shown(found: JSON) -> dict[str, JSON]:
    """What an answer shows, as a copy's objects."""
    objects: dict[str, JSON] = {}

    def put(kind: str, state: JSON, key: str = "id") -> None:
        objects[state[key]] = {"kind": kind, **normal(state)}

    put("ProjectState", found["state"])
    for one in found["statuses"]:
        put("StatusState", one["state"])
    for name, kind in (("labels", "LabelState"), ("taskTypes", "TaskTypeState")):
        for state in found[name]:
            put(kind, state)
    for state in found["members"]:
        put("ProjectMemberState", state, "userId")
    for state in found["teams"]:
        put("ProjectTeamState", state, "teamId")
    for task in found["there"]["nodes"] + found["deleted"]["nodes"]:
        put("TaskState", task["state"])
        for comment in task["comments"]["nodes"]:
            put("CommentState", comment["state"])
        for link in task["links"]:
            put("LinkState", link)
    return objects


def compare(copy: Copy, found: JSON) -> None:
    """An answer shows what a fold of the events up to its position has."""
    assert found["position"]["seq"] == copy.seq
    for part in ("there", "deleted"):
        assert not found[part]["pageInfo"]["hasNextPage"]
        assert found[part]["totalCount"] == len(found[part]["nodes"])
    objects = shown(found)
    expected = {
        key: state
        for key, state in copy.objects.items()
        if state["kind"] not in ("StatusState", "LabelState", "TaskTypeState") or not state.get("deletedAt")
    }
    assert objects.keys() == expected.keys()
    for key, state in objects.items():
        assert {name: expected[key].get(name) for name in state} == state
    _board(found)
    for task in found["there"]["nodes"]:
        _words(task, found)


def _board(found: JSON) -> None:
    for status in found["statuses"]:
        there = [
            task["state"]["id"]
            for task in found["there"]["nodes"]
            if task["state"]["statusId"] == status["state"]["id"]
        ]
        assert [task["state"]["id"] for task in status["tasks"]["nodes"]] == there
        assert status["tasks"]["totalCount"] == len(there)
    ranks = [(task["state"]["rank"]) for task in found["there"]["nodes"]]
    assert ranks == sorted(ranks)


def _words(task: JSON, found: JSON) -> None:
    state = task["state"]
    assert task["key"] == f"{found['state']['key']}-{state['number']}"
    assert (task["status"]["id"], task["type"]["id"]) == (state["statusId"], state["typeId"])
    labels = {label["id"] for label in found["labels"]}
    assert {label["id"] for label in task["labels"]} == set(state["labelIds"]) & labels
    assert {one["id"] for one in task["assignees"]} == set(state["assigneeIds"])
    assert (task["creator"] or {}).get("id") == state["creatorId"]
    for comment in task["comments"]["nodes"]:
        assert (comment["author"] or {}).get("id") == comment["state"]["authorId"]
