"""What a scope holds: the queries that ask for all of it, and objects in the form of the states that events put."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLObjectType, get_named_type

from tests.client import JSON
from tests.selections import POSITION, object_type

_SOURCES = {"sourceTaskId": "source", "targetTaskId": "target", "projectId": "project"}
"""Fields of states that are not called like the field of the object."""


def moment(value: Any) -> Any:
    """A time in one form: the same instant is written in several."""
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value).astimezone(UTC).isoformat()


def normal(state: JSON) -> JSON:
    """A state with times in one form, sets in order and sections by name."""
    plain: JSON = {}
    for name, value in state.items():
        if name.endswith("At"):
            plain[name] = moment(value)
        elif name.endswith("Ids"):
            plain[name] = sorted(value)
        elif name == "fields" and isinstance(value, list):
            plain[name] = {one["fieldId"]: one["value"] for one in value}
        elif name == "options" and isinstance(value, list):
            plain[name] = {
                one.get("optionId") or one["id"]: {"deleted": False}
                | {key: one[key] for key in one if key not in ("id", "optionId")}
                for one in value
            }
        elif name == "sections" and isinstance(value, list):
            plain[name] = {section["name"]: section["text"] for section in value}
        else:
            plain[name] = copy.deepcopy(value)
    return plain


def _selection(state: GraphQLObjectType) -> str:
    words = []
    for name in state.fields:
        target = _SOURCES.get(name, name.removesuffix("Ids").removesuffix("Id"))
        if name == "sections":
            words.append("sections { name text }")
        elif name == "fields":
            words.append("fields { fieldId value }")
        elif name == "options":
            words.append("options { id name color place }")
        elif isinstance(nested := get_named_type(state.fields[name].type), GraphQLObjectType):
            words.append(f"{name} {{ {' '.join(nested.fields)} }}")
        elif name in _SOURCES or name.endswith(("Id", "Ids")):
            words.append(f"{name}: {target}{'s' if name.endswith('Ids') else ''} {{ id }}")
        else:
            words.append(name)
    return " ".join(words)


def state_of(kind: str, found: JSON) -> JSON:
    """An object as a query shows it, in the form of its state."""
    state: JSON = {}
    for name in object_type(kind).fields:
        value = found[name]
        if name.endswith("Ids"):
            value = [one["id"] for one in value]
        elif name.endswith("Id") and value is not None:
            value = value["id"]
        state[name] = value
    return {"kind": kind, **normal(state)}


def _sel(kind: str) -> str:
    return _selection(object_type(kind))


def _comments() -> str:
    return f"comments(first: 25) {{ nodes {{ {_sel('CommentState')} }} pageInfo {{ hasNextPage }} }}"


def _tasks(alias: str, deleted: str, most: int) -> str:
    return f"""{alias}: tasks(first: {most}, filter: {{deleted: {{eq: {deleted}}}}}) {{ nodes {{
      {_sel("TaskState")} {_comments()} links {{ link {{ {_sel("LinkState")} }} }} }} pageInfo {{ hasNextPage }} }}"""


PROJECT = f"""query($id: ID!) {{ node(id: $id) {{ ... on Project {{ {_sel("ProjectState")} scope
  statuses {{ {_sel("StatusState")} }} labels {{ {_sel("LabelState")} }} taskTypes {{ {_sel("TaskTypeState")} }}
  sprints(first: 100) {{ nodes {{ {_sel("SprintState")} }} }}
  customFields {{ {_sel("CustomFieldState")} }}
  milestones(first: 100) {{ nodes {{ {_sel("MilestoneState")} }} }}
  views(first: 100) {{ nodes {{ {_sel("ViewState")} }} }}
  transitions {{ {_sel("TransitionState")} }} boards {{ {_sel("BoardState")} }}
  members(first: 100) {{ nodes {{ {_sel("ProjectMemberState")} }} }}
  teams(first: 100) {{ nodes {{ {_sel("ProjectTeamState")} }} }}
  {_tasks("there", "false", 200)} {_tasks("deleted", "true", 40)} position {{ {POSITION} }} }} }} }}"""

WORKSPACE = f"""query($id: ID!) {{ node(id: $id) {{ ... on Workspace {{ {_sel("WorkspaceState")} scope directoryScope
  members(first: 100) {{ nodes {{ {_sel("WorkspaceMemberState")} user {{ {_sel("PersonState")} }} }} }}
  teams(first: 100) {{ nodes {{ {_sel("TeamState")} members(first: 100) {{ nodes {{ user {{ id }} }} }} }} }}
  projects {{ id }}
  joiningDomains {{ {_sel("JoiningDomainState")} }}
  invitations(first: 100) {{ nodes {{ {_sel("InvitationState")} }} }}
  position {{ {POSITION} }} }} }} }}"""

INBOX = f"""{{ viewer {{
  views(first: 100) {{ nodes {{ {_sel("ViewState")} }} }} inboxScope scopes {{ id kind nodeId }} }}
  inbox {{ items(first: 500) {{ nodes {{ {_sel("InboxItemState")} }} }} position {{ {POSITION} }} }} }}"""
