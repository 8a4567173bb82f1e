"""A front end's own copy of a scope: fetched once, then kept by events alone.

Written from the descriptions in the schema, not from the server's fold: each checks the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.client import JSON, Client
from tests.scopes import INBOX, PROJECT, WORKSPACE, moment, normal, state_of

GONE = ("Removed", "Left")
"""Endings of the kinds that take an object away."""


def text_hash(text: str) -> str:
    """As `TextChange` tells it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def edited(text: str, change: JSON) -> str:
    """A text after its edits, which count in UTF-16 code units of the text before."""
    assert text_hash(text) == change["baseHash"], "the change was made for another text"
    units = text.encode("utf-16-le")
    parts, place = [], 0
    for edit in change["edits"]:
        at, removed = edit["at"] * 2, edit["removed"].encode("utf-16-le")
        assert at >= place, "edits are in order and do not overlap"
        assert units[at : at + len(removed)] == removed, "what it takes away stood there"
        parts += [units[place:at], edit["inserted"].encode("utf-16-le")]
        place = at + len(removed)
    after = b"".join([*parts, units[place:]]).decode("utf-16-le")
    assert text_hash(after) == change["resultHash"]
    return after


@dataclass
class Copy:
    """Objects of a scope by id. Each is its state, with `kind`, the name of the state's type."""

    scope: str
    cursor: str
    seq: int
    objects: dict[str, JSON] = field(default_factory=dict)

    def apply(self, event: JSON) -> None:
        """The next event of the scope."""
        assert event["scope"] == self.scope
        assert event["seq"] == self.seq + 1, f"{event['seq']} came after {self.seq}"
        self.seq = event["seq"]
        state = next(((name, value) for name, value in event.items() if name.endswith("State")), None)
        if state is not None:
            self.objects[event["objectId"]] = {"kind": state[0], **normal(state[1])}
        elif event["kind"].endswith(GONE):
            del self.objects[event["objectId"]]
        else:
            self._change(self.objects[event["objectId"]], event)

    def _change(self, found: JSON, event: JSON) -> None:
        for change in event["changes"]:
            owner, _, name = change["field"].partition(".")
            match change["__typename"]:
                case "ValueChange":
                    _value(found, owner, change)
                case "TextChange" if name:
                    text = edited(found[owner].pop(name, ""), change)
                    found[owner] |= {name: text} if text else {}
                case "TextChange":
                    found[owner] = edited(found[owner], change)
                case "MembersChange":
                    assert not set(change["added"]) & set(found[owner])
                    assert (
                        set(change["removed"]) <= set(found[owner]) or owner == "labelIds"
                    )  # one may be deleted
                    found[owner] = sorted(set(found[owner]) - set(change["removed"]) | set(change["added"]))
                case "EntryChange":
                    _entry(found[owner], change)
        if event["objectVersion"] is not None and event["objectVersion"] != found.get("version"):
            found["version"] = event["objectVersion"]
            if "updatedAt" in found:
                found["updatedAt"] = moment(event["occurredAt"])

    def shown(self) -> dict[str, JSON]:
        """What a query would show: deleted words of a project are in no list, deleted labels on no task."""
        words = (
            "StatusState",
            "LabelState",
            "TaskTypeState",
            "SprintState",
            "MilestoneState",
            "TransitionState",
            "BoardState",
        )
        there = {
            key: state
            for key, state in self.objects.items()
            # A custom field has a `kind` of its own, as a link has; it alone has options.
            if not (state["kind"] in words or "options" in state) or not state.get("deletedAt")
        }
        options = {
            option: one["deleted"]
            for state in there.values()
            for option, one in state.get("options", {}).items()
        }
        for key, state in there.items():
            if "options" in state:
                kept = {option: one for option, one in state["options"].items() if not one["deleted"]}
                there[key] = state | {"options": kept}
            if "fields" in state:
                shown = {
                    field: _shown_value(value, options)
                    for field, value in state["fields"].items()
                    if field in there
                }
                there[key] = state | {
                    "fields": {field: value for field, value in shown.items() if value is not None}
                }
        return {
            key: state | {"labelIds": [one for one in state["labelIds"] if one in there]}
            if "labelIds" in state
            else state
            for key, state in there.items()
        }


def _shown_value(value: JSON, deleted: dict[str, bool]) -> JSON | None:
    """What stands in a field without options that are deleted."""
    if "optionId" in value:
        return None if deleted[value["optionId"]] else value
    if "optionIds" in value:
        kept = [one for one in value["optionIds"] if not deleted[one]]
        return {"optionIds": kept} if kept else None
    return value


def _value(found: JSON, name: str, change: JSON) -> None:
    old, new = change["old"], change["new"]
    if name.endswith("At"):
        old, new = moment(old), moment(new)
    assert found.get(name) == old, f"{name} was {found.get(name)!r}, the event says {old!r}"
    found[name] = new


def _entry(entries: JSON, change: JSON) -> None:
    key = change["key"]
    assert (key in entries) is change["existed"]
    if change["exists"]:
        entries[key] = change["new"]
    else:
        del entries[key]


@dataclass(frozen=True)
class Scope:
    """A scope that tests verify; `id` is the project's or workspace's."""

    kind: str
    id: str = ""

    async def fetch(self, client: Client) -> Copy:
        """Everything in it, in one query."""
        made: Copy = await _FETCHERS[self.kind](client, self.id)
        return made


_WORDS = {
    "statuses": "StatusState", "labels": "LabelState", "taskTypes": "TaskTypeState", "transitions": "TransitionState",
    "customFields": "CustomFieldState",
    "boards": "BoardState",
}  # fmt: skip


async def _project(client: Client, project_id: str) -> Copy:
    found = (await client.query(PROJECT, id=project_id))["node"]
    made = Copy(found["scope"], found["position"]["cursor"], found["position"]["seq"])
    objects = {found["id"]: state_of("ProjectState", found)}
    for name, kind in _WORDS.items():
        objects |= {one["id"]: state_of(kind, one) for one in found[name]}
    for name, kind in (("sprints", "SprintState"), ("milestones", "MilestoneState")):
        objects |= {one["id"]: state_of(kind, one) for one in found[name]["nodes"]}
    objects |= {one["id"]: state_of("ViewState", one) for one in found["views"]["nodes"] if one["shared"]}
    objects |= {one["userId"]["id"]: state_of("ProjectMemberState", one) for one in found["members"]["nodes"]}
    objects |= {one["teamId"]["id"]: state_of("ProjectTeamState", one) for one in found["teams"]["nodes"]}
    tasks = found["there"]["nodes"] + found["deleted"]["nodes"]
    assert not any(found[part]["pageInfo"]["hasNextPage"] for part in ("there", "deleted"))
    here = {task["id"] for task in tasks}
    for task in tasks:
        objects[task["id"]] = state_of("TaskState", task)
        assert not task["comments"]["pageInfo"]["hasNextPage"]
        objects |= {one["id"]: state_of("CommentState", one) for one in task["comments"]["nodes"]}
        for link in (one["link"] for one in task["links"]):
            state = state_of("LinkState", link)
            for end in ("sourceTaskId", "targetTaskId"):
                # An event names no object of another scope.
                state[end] = state[end] if state[end] in here else None
            objects[link["id"]] = state
    made.objects = objects
    return made


async def _workspace(client: Client, workspace_id: str) -> Copy:
    found = (await client.query(WORKSPACE, id=workspace_id))["node"]
    made = Copy(found["scope"], found["position"]["cursor"], found["position"]["seq"])
    made.objects = {found["id"]: state_of("WorkspaceState", found)}
    for one in found["members"]["nodes"]:
        made.objects[one["userId"]["id"]] = state_of("WorkspaceMemberState", one)
    for one in found["teams"]["nodes"]:
        people = sorted(member["user"]["id"] for member in one["members"]["nodes"])
        made.objects[one["id"]] = {"kind": "TeamRosterState", "teamId": one["id"], "memberIds": people}
    for one in found["projects"]:
        made.objects[one["id"]] = {"kind": "ListedProjectState", "projectId": one["id"]}
    made.objects |= {one["id"]: state_of("JoiningDomainState", one) for one in found["joiningDomains"]}
    for one in found["invitations"]["nodes"]:
        made.objects[one["id"]] = state_of("InvitationState", one)
    return made


async def _directory(client: Client, workspace_id: str) -> Copy:
    answer = await client.ask(WORKSPACE, {"id": workspace_id})
    found = answer.data["node"]
    position = answer.positions[found["directoryScope"]]
    made = Copy(found["directoryScope"], position["cursor"], position["seq"])
    for one in found["members"]["nodes"]:
        made.objects[one["user"]["id"]] = state_of("PersonState", one["user"])
    made.objects |= {one["id"]: state_of("TeamState", one) for one in found["teams"]["nodes"]}
    return made


async def _inbox(client: Client, _nothing: str) -> Copy:
    found = await client.query(INBOX)
    position = found["inbox"]["position"]
    made = Copy(found["viewer"]["inboxScope"], position["cursor"], position["seq"])
    made.objects = {one["id"]: state_of("InboxItemState", one) for one in found["inbox"]["items"]["nodes"]}
    made.objects |= {one["id"]: {"kind": "ScopeState", **one} for one in found["viewer"]["scopes"]}
    made.objects |= {one["id"]: state_of("ViewState", one) for one in found["viewer"]["views"]["nodes"]}
    return made


_FETCHERS: dict[str, Any] = {
    "project": _project, "workspace": _workspace, "directory": _directory, "inbox": _inbox,
}  # fmt: skip
