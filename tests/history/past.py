"""A project as of a moment, fetched and in the form of a client's copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import get_named_type, is_leaf_type

from app.events.cursors import Cursor
from tests.client import JSON, Client
from tests.folding import Copy
from tests.scopes import normal
from tests.selections import POSITION, object_type
from tests.world import uuids


def _fields(kind: str) -> str:
    words = []
    for name, field in object_type(kind).fields.items():
        target = get_named_type(field.type)
        words.append(name if is_leaf_type(target) else f"{name} {_fields(target.name)}")
    return f"{{ {' '.join(words)} }}"


TASK = f"""nodes {{ state {_fields("TaskState")} key status {{ id name }} type {{ id name }} labels {{ id name }}
  sprint {{ id }} milestone {{ id }}
  assignees {{ id }} creator {{ id }} links {_fields("LinkState")}
  comments(first: 25) {{ nodes {{ state {_fields("CommentState")} author {{ id }} }} totalCount
    pageInfo {{ hasNextPage }} }} }} totalCount pageInfo {{ hasNextPage }}"""
MOMENT = f"""position {{ {POSITION} }} recordedAt state {_fields("ProjectState")}
  statuses {{ state {_fields("StatusState")} tasks(first: 100) {{ nodes {{ state {{ id }} }} totalCount }} }}
  sprints {_fields("SprintState")} milestones {_fields("MilestoneState")}
  customFields {_fields("CustomFieldState")} transitions {_fields("TransitionState")} views {_fields("ViewState")}
  boards {{ state {_fields("BoardState")} }} labels {_fields("LabelState")} taskTypes {_fields("TaskTypeState")}
  members {_fields("ProjectMemberState")} teams {_fields("ProjectTeamState")}
  there: tasks(first: 100, filter: {{deleted: {{eq: false}}}}) {{ {TASK} }}
  deleted: tasks(first: 40, filter: {{deleted: {{eq: true}}}}) {{ {TASK} }}"""
AS_OF = f"query($id: ID!, $at: AsOfInput!) {{ node(id: $id) {{ ... on Project {{ asOf(at: $at) {{ {MOMENT} }} }} }} }}"


WORDS = {
    "labels": "LabelState", "taskTypes": "TaskTypeState", "sprints": "SprintState", "milestones": "MilestoneState",
    "customFields": "CustomFieldState", "transitions": "TransitionState", "views": "ViewState",
}  # fmt: skip
LISTED = ("StatusState", "BoardState", *WORDS.values())
"""What is not listed once it is deleted."""


def beginning(project: JSON) -> str:
    """The cursor before a project's first event."""
    return Cursor.at(uuids(project["id"])[0], 0, None).encode()


async def then(client: Client, project_id: str, at: JSON) -> Any:
    """A project as of a moment, or None."""
    return (await client.query(AS_OF, id=project_id, at=at))["node"]["asOf"]


def shown(found: JSON) -> dict[str, JSON]:
    """What an answer shows, as a copy's objects."""
    keys = {"ProjectMemberState": "userId", "ProjectTeamState": "teamId"}
    return {
        state[keys.get(kind, "id")]: {"kind": kind, **normal(state)}
        for kind, state in [*_project(found), *_work(found)]
    }


def _project(found: JSON) -> Iterator[tuple[str, JSON]]:
    yield "ProjectState", found["state"]
    for name, kind in (("statuses", "StatusState"), ("boards", "BoardState")):
        yield from ((kind, one["state"]) for one in found[name])
    people = {"members": "ProjectMemberState", "teams": "ProjectTeamState"}
    for name, kind in (WORDS | people).items():
        yield from ((kind, state) for state in found[name])


def _work(found: JSON) -> Iterator[tuple[str, JSON]]:
    for task in found["there"]["nodes"] + found["deleted"]["nodes"]:
        yield "TaskState", task["state"]
        yield from (("CommentState", comment["state"]) for comment in task["comments"]["nodes"])
        yield from (("LinkState", link) for link in task["links"])


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
        if state["kind"] not in LISTED or not state.get("deletedAt")
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
    assert [(task[name] or {}).get("id") for name in ("sprint", "milestone")] == [
        state["sprintId"], state["milestoneId"]
    ]  # fmt: skip
    labels = {label["id"] for label in found["labels"]}
    assert {label["id"] for label in task["labels"]} == set(state["labelIds"]) & labels
    assert {one["id"] for one in task["assignees"]} == set(state["assigneeIds"])
    assert (task["creator"] or {}).get("id") == state["creatorId"]
    for comment in task["comments"]["nodes"]:
        assert (comment["author"] or {}).get("id") == comment["state"]["authorId"]
