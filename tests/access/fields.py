"""Documents that ask for every field of the schema, made from its introspection.

A field with arguments needs values for all of them: those of pages are known, the others stand in `ARGUMENTS`. A field
that has none there, or an argument that none of them gives, fails the proof: whoever adds one says how it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

PAGING = frozenset({"first", "after", "last", "before"})
PAGE = "first: 50"

FILTER = 'filter: {title: {contains: "zq"}}'
ORDER = "orderBy: [{field: UPDATED_AT, direction: DESC}]"
QUERY = 'query: "zq or -zq"'
NAMING = 'text: "status:zq type:zq assignee:zq creator:zq parent:1 label:zq"'
"""A query with names that are alike those of hidden things."""
NOW = 'at: {time: "2999-01-01T00:00:00Z"}'

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "Task.section": ('name: "notes"',),
    "Task.children": (PAGE, f"{PAGE}, {FILTER}, {ORDER}, {QUERY}"),
    "Status.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}, {QUERY}"),
    "Project.backlog": (PAGE, f"{PAGE}, {FILTER}, inSprint: false"),
    "BoardColumn.cards": (PAGE, f'{PAGE}, {FILTER}, lane: "none"'),
    "Project.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}, {QUERY}"),
    "Sprint.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}, {QUERY}"),
    "Milestone.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}, {QUERY}"),
    "Project.sprints": (PAGE, f"{PAGE}, stages: [PLANNED]"),
    "Project.milestones": (PAGE, f"{PAGE}, released: false"),
    "Task.dependencies": ("direction: BLOCKING, depth: 3", "direction: BLOCKED_BY, depth: 3"),
    "Task.progress": ("depth: 2",),
    "SprintReport.burndown": ('timeZone: "UTC"',),
    "Inbox.items": (PAGE, f"{PAGE}, unread: true"),
    "Workspace.auditLog": ("first: 5", 'first: 5, filter: {action: ["task.*", "project.*"]}'),
    "Task.history": ("first: 10",),
    "Task.asOf": (NOW,),
    "Project.asOf": (NOW, "at: {seq: 3}"),
    "Board.asOf": (NOW,),
    "BoardColumnAsOf.cards": (PAGE, f'{PAGE}, {FILTER}, lane: "none"'),
    "ProjectAsOf.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}"),
    "StatusAsOf.tasks": (PAGE, f"{PAGE}, {FILTER}, {ORDER}"),
}
"""The ways of asking for a field, by `Type.field`; the first is the one used within others."""

ROOTS: dict[str, tuple[str, ...]] = {
    "viewer": ("",), "workspaces": ("",), "projects": ("",), "inbox": ("",), "rateLimit": ("",),
    "node": ("id: $node",),
    "nodes": ("ids: $nodes",),
    "project": ("key: $projectKey", "key: $projectKey, workspaceId: $workspace"),
    "task": ("key: $taskKey", "key: $taskKey, workspaceId: $workspace"),
    "tasks": (PAGE, f"{PAGE}, projectIds: [$project], {FILTER}, {ORDER}, {QUERY}"),
    "queryParse": (f"{NAMING}, cursor: 59", f"{NAMING}, cursor: 9, projectIds: [$project]"),
    "queryPrint": ("", f"projectIds: [$project], {FILTER}, {ORDER}"),
    "search": (
        'text: "zq*"', f'text: "zqseczz", projectIds: [$project], workspaceId: $workspace, {FILTER}',
        'text: "zqelszz"', 'text: "zqseczz"',
    ),
    "events": ("scope: $scope, after: $cursor, first: 500",),
}  # fmt: skip
"""The ways of asking for a root field."""

VARIABLES = {
    "node": "ID!", "nodes": "[ID!]!", "projectKey": "String!", "taskKey": "String!", "workspace": "ID",
    "project": "ID!", "scope": "ID!", "cursor": "String!",
}  # fmt: skip


class NoWay(AssertionError):
    """A field that the generator cannot ask for."""


@dataclass
class Fields:
    """Selections of a schema's types. `asked` are the `Type.field`s that were ever selected."""

    schema: GraphQLSchema
    asked: set[str] = field(default_factory=set)

    def ways(self, owner: str, name: str, found: GraphQLField) -> tuple[str, ...]:
        """How a field is asked for: one text of arguments each. Raises `NoWay`."""
        table = ROOTS if owner == "Query" else ARGUMENTS
        key = name if owner == "Query" else f"{owner}.{name}"
        if key in table:
            ways = table[key]
        elif not found.args:
            ways = ("",)
        elif found.args.keys() <= PAGING:
            ways = (PAGE,)
        else:
            raise NoWay(f"{owner}.{name}({', '.join(found.args)}): no arguments are known for it")
        given = " ".join(ways)
        untold = {one for one in found.args if one not in PAGING and f"{one}:" not in given}
        if untold:
            raise NoWay(f"{owner}.{name}: no way gives its {', '.join(sorted(untold))}")
        for one, argument in found.args.items():
            if is_required_argument(argument) and not all(f"{one}:" in way for way in ways):
                raise NoWay(f"{owner}.{name}: not every way gives the required {one}")
        return ways

    def whole(self, type_name: str, depth: int, *, within: bool = False) -> str:
        """All fields of a type; what has an id is entered to a depth, and beyond it only named."""
        kind = self.schema.type_map[type_name]
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            return self._any_of(kind, depth, within)
        assert isinstance(kind, GraphQLObjectType)
        return " ".join(["__typename", *self._selected(kind, kind.fields, depth, within, "")])

    def _any_of(self, kind: GraphQLInterfaceType | GraphQLUnionType, depth: int, within: bool) -> str:
        words, common = ["__typename"], {}
        if isinstance(kind, GraphQLInterfaceType):
            common = kind.fields
            words += self._selected(kind, common, depth, within, "")
        for one in self.schema.get_possible_types(kind):
            own = {name: found for name, found in one.fields.items() if name not in common}
            # Types differ in what a name means: each says its own under a name of its own.
            if own:
                words.append(
                    f"... on {one.name} {{ {' '.join(self._selected(one, own, depth, within, one.name))} }}"
                )
            self.asked |= {f"{one.name}.{name}" for name in common}
        return " ".join(words)

    def _selected(
        self, kind: GraphQLObjectType | GraphQLInterfaceType, fields: dict[str, GraphQLField], depth: int,
        within: bool, prefix: str,
    ) -> Iterator[str]:  # fmt: skip
        for name, found in fields.items():
            inner = self._inner(found, depth)
            if inner is None:
                continue
            ways = self.ways(kind.name, name, found)
            self.asked.add(f"{kind.name}.{name}")
            for number, way in enumerate(ways[:1] if within else ways):
                alias = f"{prefix}_{name}: " if prefix else ""
                alias = f"{prefix}_{name}_{number}: " if number else alias
                yield f"{alias}{name}{f'({way})' if way else ''}{inner}"

    def _inner(self, found: GraphQLField, depth: int) -> str | None:
        target = get_named_type(found.type)
        if is_leaf_type(target):
            return ""
        if self.is_own(target.name):
            if depth <= 0:
                return " { __typename id }"
            return f" {{ {self.whole(target.name, depth - 1, within=True)} }}"
        if target.name.endswith("Connection"):
            return f" {{ {self._connection(target, depth)} }}"
        return f" {{ {self.whole(target.name, depth, within=True)} }}"

    def _connection(self, kind: object, depth: int) -> str:
        """Its edges hold the things; its `nodes` only names them again."""
        assert isinstance(kind, GraphQLObjectType)
        self.asked |= {f"{kind.name}.{name}" for name in kind.fields}
        target = get_named_type(kind.fields["nodes"].type)
        named = "{ __typename id }" if "id" in target.fields else "{ __typename }"
        others = [name for name in kind.fields if name not in ("nodes", "edges")]
        edge = get_named_type(kind.fields["edges"].type)
        words = [f"__typename nodes {named} edges {{ {self.whole(edge.name, depth, within=True)} }}"]
        words += [f"{name}{self._inner(kind.fields[name], depth)}" for name in others]
        return " ".join(words)

    def is_own(self, type_name: str) -> bool:
        """Whether a type's objects have ids: these are entered to a depth only."""
        kind = self.schema.type_map[type_name]
        return "id" in getattr(kind, "fields", {}) and not type_name.endswith("State")

    def reachable(self) -> set[str]:
        """The object types that an answer to a query can hold."""
        found: set[str] = set()
        waiting = ["Query"]
        while waiting:
            kind = self.schema.type_map[waiting.pop()]
            if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
                waiting += [one.name for one in self.schema.get_possible_types(kind)]
            elif isinstance(kind, GraphQLObjectType) and kind.name not in found:
                found.add(kind.name)
                waiting += [get_named_type(one.type).name for one in kind.fields.values()]
        return found

    def every_field(self) -> set[str]:
        """Each `Type.field` of the reachable types, asked for or not."""
        return {
            f"{name}.{one}"
            for name in self.reachable()
            for one in getattr(self.schema.type_map[name], "fields", {})
        }

    def node(self, kind: str, depth: int) -> str:
        """A query for one node of a kind, with all its fields."""
        return f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {kind} {{ {self.whole(kind, depth)} }} }} }}"

    def root(self, name: str, depth: int) -> dict[str, str]:
        """Queries for a root field, one for each way of asking."""
        assert self.schema.query_type is not None
        found = self.schema.query_type.fields[name]
        self.asked.add(f"Query.{name}")
        documents = {}
        for number, way in enumerate(self.ways("Query", name, found)):
            used = ", ".join(f"${one}: {kind}" for one, kind in VARIABLES.items() if _uses(way, one))
            inner = self._inner(found, depth)
            documents[f"{name}/{number}"] = (
                f"query{f'({used})' if used else ''} {{ {name}{f'({way})' if way else ''}{inner} }}"
            )
        return documents


def _uses(way: str, variable: str) -> bool:
    return any(word.strip("[],") == f"${variable}" for word in way.split())


def variables_of(document: str, known: dict[str, object]) -> dict[str, object]:
    """Those of the known variables that a document declares."""
    head = document.partition("{")[0]
    return {name: value for name, value in known.items() if f"${name}:" in head}
