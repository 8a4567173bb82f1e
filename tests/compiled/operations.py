"""Random valid operations over the real schema, drawn with hypothesis so that a failing one shrinks."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from tests.client import JSON
from tests.compiled.population import Pool

T = TypeVar("T")
DEEPEST = 6

GOOD: dict[str, tuple[Any, ...]] = {
    "Project": ("ENG", "eng", "OPS", "SEC", "ELS"), "Task": ("ENG-1", "ENG-2", "eng-5", "SEC-1", "ENG-99"),
    "name": ("notes", "Task"), "Int": (2, 1, 3, 50, 0), "Float": (1.5, 0.0, -2.0), "Boolean": (True, False),
    "DateTime": ("2026-01-31T09:30:00Z",), "Date": ("2030-01-04",), "JSON": (1, None, {"a": [1.5, "x"]}),
}  # fmt: skip
BAD: dict[str, tuple[Any, ...]] = {
    "ID": ("bad id", ""), "Int": (-1, 501), "String": ("", "nonsense", "ENG-x", "\\n"),
    "Float": (1e300,), "Boolean": (True,), "DateTime": ("0001-01-01T00:00:00+10:00",), "Date": ("9999-12-31",),
}  # fmt: skip


@dataclass
class Operation:
    """A document and its variables."""

    text: str
    variables: JSON


@dataclass
class Writer:
    """Writes one operation. `draw` is hypothesis's."""

    schema: GraphQLSchema
    pool: Pool
    draw: Any
    definitions: list[str] = field(default_factory=list)
    variables: JSON = field(default_factory=dict)
    fragments: list[tuple[str, str, str]] = field(default_factory=list)
    left: int = 60

    def pick(self, values: Sequence[T]) -> T:
        chosen: int = self.draw(st.integers(0, len(values) - 1))
        return values[chosen]

    def one_in(self, n: int) -> bool:
        return bool(self.draw(st.integers(1, n)) == n)

    def operation(self) -> Operation:
        """A query."""
        kind = self.schema.query_type
        assert kind is not None
        selection = self.selection(kind, 0)
        head = f"query Q({', '.join(self.definitions)})" if self.definitions else "query Q"
        fragments = "".join(f"\nfragment {name} on {on} {text}" for name, on, text in self.fragments)
        return Operation(f"{head} {selection}{fragments}", self.variables)

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        """A selection set on a composite type."""
        parts = [self.part(kind, depth) for _ in range(self.draw(st.integers(1 if depth else 2, 5)))]
        return "{ " + " ".join(part for part in parts if part) + " __typename }"

    def part(self, kind: GraphQLNamedType, depth: int) -> str:
        choice = self.draw(st.integers(0, 9))
        if choice == 0:
            return f"kind{self.draw(st.integers(0, 2))}: __typename{self.condition()}"
        if choice == 1 and depth < DEEPEST:
            on = self.narrower(kind)
            return f"... on {on.name}{self.condition()} {self.selection(on, depth + 1)}"
        if choice == 2 and depth < DEEPEST:
            return f"...{self.condition()} {self.selection(kind, depth + 1)}"
        if choice == 3 and depth < DEEPEST:
            return self.spread(kind, depth)
        if isinstance(kind, GraphQLUnionType):
            on = self.narrower(kind)
            return f"... on {on.name} {self.selection(on, depth + 1)}" if depth < DEEPEST else ""
        return self.field(kind, depth)

    def narrower(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        """A type on which a fragment within `kind` may be."""
        if is_abstract_type(kind):
            kinds: list[GraphQLNamedType] = [kind, *self.schema.get_possible_types(kind)]
            return self.pick(kinds)
        around: list[GraphQLNamedType] = list(kind.interfaces) if isinstance(kind, GraphQLObjectType) else []
        return self.pick([kind, *around])

    def spread(self, kind: GraphQLNamedType, depth: int) -> str:
        known = [name for name, on, _ in self.fragments if on == kind.name]
        if known and not self.one_in(3):
            return f"...{self.pick(known)}{self.condition()}"
        text = self.selection(kind, depth + 1)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, kind.name, text))
        return f"...{name}{self.condition()}"

    def field(self, kind: GraphQLNamedType, depth: int) -> str:
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        fields = kind.fields
        leaves = [name for name in fields if is_leaf_type(get_named_type(fields[name].type))]
        others = [name for name in fields if name not in leaves]
        self.left -= 1
        deep = others and depth < DEEPEST and self.left > 0 and (not leaves or self.one_in(2))
        if not deep and not leaves:
            return ""
        if depth == 0:
            others = [*others, *(["projects", "task", "tasks"] * 2)]  # where most is
        name = self.pick(others if deep else leaves)
        definition = fields[name]
        arguments = self.arguments(definition)
        alias = self.alias(kind, name, definition, arguments)
        below = self.selection(get_named_type(definition.type), depth + 1) if deep else ""
        return f"{alias}{name}{arguments}{self.condition()} {below}"

    def alias(self, kind: GraphQLNamedType, name: str, definition: GraphQLField, arguments: str) -> str:
        """Fields of one response name must be the same everywhere, so the name tells the arguments and the type."""
        if not arguments and not self.one_in(4) and name not in ("state", "status", "type", "kind"):
            return ""
        told = f"{definition.type}{arguments}"
        return f"a{sum(ord(letter) * at for at, letter in enumerate(told, 7)) % 9973}_{name}: "

    def condition(self) -> str:
        """Sometimes `@skip` or `@include`, by a literal or a variable."""
        if not self.one_in(6):
            return ""
        name = self.pick(("skip", "include"))
        if self.one_in(3):
            return f" @{name}(if: {self.pick(('true', 'false'))})"
        return f" @{name}(if: {self.variable('Boolean!', self.draw(st.booleans()), 'true')})"

    def variable(self, kind: str, value: Any, default: str | None = None) -> str:
        """A new variable with a value, or sometimes only with its default."""
        name = f"v{len(self.definitions)}"
        with_default = default is not None and self.one_in(2)
        self.definitions.append(f"${name}: {kind}" + (f" = {default}" if with_default else ""))
        if not (with_default and self.one_in(2)):
            self.variables[name] = value
        return f"${name}"

    def arguments(self, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            if not is_non_null_type(argument.type) and not self.one_in(3):
                continue
            if name == "before" or (name == "after" and "last" in definition.args and not self.one_in(3)):
                continue  # else most pages would be refused for their arguments
            value = self.value(
                argument.type,
                "log"
                if name == "after" and "scope" in definition.args
                else str(get_named_type(definition.type))
                if name == "key"
                else name,
            )
            text = literal(value, argument.type)
            if self.one_in(3):
                text = self.variable(str(argument.type), value, None if value is None else text)
            given.append(f"{name}: {text}")
        return f"({', '.join(given)})" if given else ""

    def value(self, kind: Any, name: str) -> Any:
        """A value that an input type takes, as JSON."""
        if not is_non_null_type(kind) and self.one_in(8):
            return None
        kind = get_nullable_type(kind)
        if is_list_type(kind):
            return [self.value(kind.of_type, name) for _ in range(self.draw(st.integers(0, 2)))]
        if isinstance(kind, GraphQLEnumType):
            return self.pick(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self.input_object(kind)
        return self.scalar(kind.name, name)

    def input_object(self, kind: GraphQLInputObjectType) -> JSON:
        required = [name for name, one in kind.fields.items() if is_non_null_type(one.type)]
        chosen = dict.fromkeys([*required, self.pick(list(kind.fields))])
        self.left -= 1
        if self.left < 0:
            chosen = dict.fromkeys(required)
        return {name: self.value(kind.fields[name].type, name) for name in chosen}

    def ids(self, name: str) -> Sequence[str]:
        """Those ids that an argument of this name is meant for."""
        kinds = {"workspaceId": "Workspace", "projectIds": "Project", "project_ids": "Project"}
        prefix = base64.urlsafe_b64encode(f"{kinds.get(name, '')}  ".encode()[:6]).decode()[:6]
        return [one for one in self.pool.ids if one.startswith(prefix)] if name in kinds else self.pool.ids

    def scalar(self, kind: str, name: str) -> Any:
        if self.one_in(10):
            return self.pick(BAD[kind]) if kind in BAD else self.pick(self.pool.ids)
        if kind == "ID":
            return self.pick(self.pool.scopes if name == "scope" else self.ids(name))
        if name in ("after", "log"):
            return self.pick(self.pool.page_cursors if name == "after" else self.pool.log_cursors)
        return self.pick(GOOD.get(name) or GOOD.get(kind) or ("notes", "zeta", "Task"))


def literal(value: Any, kind: Any) -> str:
    """A value as it is written in a document."""
    kind = get_nullable_type(kind)
    if value is None:
        return "null"
    if is_list_type(kind):
        return f"[{', '.join(literal(one, kind.of_type) for one in value)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(value)
    if isinstance(kind, GraphQLInputObjectType):
        fields = (f"{name}: {literal(one, kind.fields[name].type)}" for name, one in value.items())
        return f"{{{', '.join(fields)}}}"
    return orjson.dumps(value).decode()


@st.composite
def operations(draw: Any, schema: GraphQLSchema, pool: Pool) -> Operation:
    """Operations; nearly all of them are valid."""
    return Writer(schema, pool, draw).operation()
