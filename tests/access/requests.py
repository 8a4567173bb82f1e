"""An input for every mutation, made from its type, for any place."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

from tests.access.fields import NoWay
from tests.access.places import Places
from tests.client import JSON

NAMED = {
    "projectId": "Project", "workspaceId": "Workspace", "userId": "User", "taskId": "Task", "teamId": "Team",
    "sourceId": "Task", "targetId": "Task", "ids": "InboxItem", "toStatusId": "Status",
    "statusId": "Status",
}  # fmt: skip
"""What the ids of inputs name, where their own name says it."""

SUBJECTS = {
    "workspace": "Workspace", "project": "Project", "status": "Status", "label": "Label", "taskType": "TaskType",
    "task": "Task", "comment": "Comment", "link": "Link", "invitation": "Invitation", "team": "Team",
    "session": "Session", "accessToken": "AccessToken", "identity": "Identity",
    "joiningDomain": "JoiningDomain", "sprint": "Sprint", "milestone": "Milestone", "customField": "CustomField",
    "transition": "Transition", "view": "View", "board": "Board",
}  # fmt: skip
"""What `id` names, by what the mutation begins with."""

HOMES = {
    "Workspace": {"ELS": "ELW", "": "WRK"}, "User": {"ELS": "ELW", "": "WRK"}, "Invitation": {"ELS": "ELW", "": "WRK"},
    "Team": {"ELS": "ELW", "": "WRK"}, "Session": {"ELS": "of:outsider", "": "of:owner"},
    "AccessToken": {"ELS": "of:outsider", "": "of:owner"}, "Identity": {"ELS": "of:outsider", "": "of:owner"},
    "JoiningDomain": {"ELS": "ELW", "": "WRK"}, "InboxItem": {"ELS": "of:outsider", "": "of:viewer"},
}  # fmt: skip
"""Where a kind of thing is that projects do not have: with the outsider's project, and with the others."""

EXTRA: dict[str, JSON] = {
    "projectMemberAdd": {"userId": "User"},
    "accessTokenCreate": {"userId": "User"},
    "linkAdd": {"targetId": "OtherTask"},
    "taskBulkUpdate": {"items": "TaskItem"},
    "taskBulkMove": {"items": "TaskItem"},
    "taskBulkDelete": {"items": "TaskItem"},
    "viewCreate": {"projectId": "Project"},
    "taskMove": {"beforeId": "OtherTask"},
    "commentRestore": {"id": "DeletedComment"},
    "taskRestore": {"id": "DeletedTask"},
}
"""Ids that the type does not ask for but the mutation does, and such as are not the usual ones; by their kinds."""

WORDS: dict[str, JSON] = {
    "taskBulkUpdate": {"patch": {"title": "Titled"}},
    # Of a project that has a workflow: who may is told so, and the transitions stay for the others.
    "workflowApplyTemplate": {"replace": False},
    "taskRevert": {"toVersion": 1},
    "viewCreate": {"shared": True},
}
"""What else a mutation wants that its type does not ask for."""

VALUES: dict[str, Any] = {
    # A version that nothing has: who may do it is told of a conflict, and nothing changes.
    "expectedVersion": 999, "email": "somebody@elsewhere.example", "key": "NEW", "color": "#112233", "kind": "relates",
    "expiresInDays": 1, "domain": "lockstep.example", "name": "named", "body": "Said", "title": "Titled",
    "password": "correct horse battery", "newPassword": "correct horse battery staple",
}  # fmt: skip
"""Values that are accepted, by the names of fields."""

SCALARS: dict[str, Any] = {
    "Int": 1, "Float": 1.0, "Boolean": True, "String": "x", "Date": "2030-01-31", "JSON": {},
    "DateTime": "2030-01-31T00:00:00Z", "UUID": "01890000-0000-7000-8000-000000000000",
}  # fmt: skip


class Requests:
    """Makes inputs; what it cannot make an input for raises `NoWay`."""

    def __init__(self, schema: GraphQLSchema, places: Places) -> None:
        assert schema.mutation_type is not None
        self.mutations: dict[str, GraphQLField] = schema.mutation_type.fields
        self._places = places

    def input(self, mutation: str, place: str) -> JSON:
        """An input of a mutation about things of a place."""
        kind = get_nullable_type(self.mutations[mutation].args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        given: JSON = self._value(mutation, "input", kind, place)
        for name, of in EXTRA.get(mutation, {}).items():
            given[name] = self._given(of, place)
        return given | WORDS.get(mutation, {})

    def _given(self, kind: str, place: str) -> Any:
        if kind == "TaskItem":
            return [{"id": self.identifier("Task", place), "expectedVersion": VALUES["expectedVersion"]}]
        return self.identifier(kind, place)

    def identifier(self, kind: str, place: str) -> str:
        """The id of the thing of a kind in a place, or where that place has such things."""
        home = HOMES.get(kind, {})
        return self._places.of(home.get(place, home.get("", place)), kind)

    def _value(self, mutation: str, name: str, kind: Any, place: str) -> Any:
        kind = get_nullable_type(kind)
        if isinstance(kind, GraphQLList):
            return [self._value(mutation, name, kind.of_type, place)]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                one: self._value(mutation, one, field.type, place)
                for one, field in kind.fields.items()
                if is_required_input_field(field)
            }
        if get_named_type(kind).name == "ID":
            return self.identifier(self._kind(mutation, name), place)
        if isinstance(kind, GraphQLEnumType):
            return next(reversed(kind.values))
        return VALUES.get(name, SCALARS.get(kind.name))

    def _kind(self, mutation: str, name: str) -> str:
        if name in NAMED:
            return NAMED[name]
        subjects = [word for word in SUBJECTS if mutation.startswith(word)]
        if name != "id" or not subjects:
            raise NoWay(f"{mutation}: nobody said what its {name} names")
        return SUBJECTS[max(subjects, key=len)]

    def document(self, mutations: list[str]) -> str:
        """All of them in one document, with the inputs in variables `m0`, `m1` …"""
        head = ", ".join(
            f"$m{number}: {self.mutations[name].args['input'].type}" for number, name in enumerate(mutations)
        )
        fields = " ".join(
            f"m{number}: {name}(input: $m{number}) {{ __typename errors {{ __typename message code path }} }}"
            for number, name in enumerate(mutations)
        )
        return f"mutation({head}) {{ {fields} }}"
