"""What the test's client selects, derived from the schema's snapshot: every plain field, and ids of what is linked."""

from __future__ import annotations

import functools
from pathlib import Path

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
)

SCHEMA: GraphQLSchema = build_schema((Path(__file__).parent / "schema.graphql").read_text())

ERRORS = """__typename message code path
... on VersionConflict {
  expectedVersion currentVersion current { id }
  clashes { field base theirs yours baseKnown changedById changedAt }
}
... on LimitReached { limit }
... on CycleRefused { cycle }
... on QueryInvalid { errors { code message start end meant } }
... on TransitionRefused { reasons { kind message role fields taskIds limit labelIds customFieldIds sprintStages } }"""

POSITION = "scope seq cursor"

CHANGES = """__typename
... on ValueChange { field old new }
... on TextChange { field edits { at removed inserted } baseHash resultHash }
... on MembersChange { field added removed }
... on EntryChange { field key existed exists old new }"""


def object_type(name: str) -> GraphQLObjectType:
    """An object type of the schema."""
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLObjectType), name
    return found


def _needs_arguments(field: GraphQLField) -> bool:
    return any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values())


def _many(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(kind, GraphQLList)


@functools.cache
def flat(name: str) -> str:
    """All plain fields of a type; of what it points at, the id; of small values, their plain fields."""
    words = []
    for field_name, field in object_type(name).fields.items():
        target = get_named_type(field.type)
        if is_leaf_type(target):
            if not field.args:
                words.append(field_name)
        elif field.args or not isinstance(target, GraphQLObjectType | GraphQLInterfaceType):
            continue
        elif "id" in target.fields and not target.name.endswith("State"):
            words.append(f"{field_name} {{ id }}")
        elif all(is_leaf_type(get_named_type(one.type)) for one in target.fields.values()):
            words.append(f"{field_name} {{ {' '.join(target.fields)} }}")
    return " ".join(words)


@functools.cache
def payload(mutation: str) -> str:
    """The whole selection of a mutation's payload."""
    assert SCHEMA.mutation_type is not None
    words = [f"positions {{ {POSITION} }}", f"errors {{ {ERRORS} }}"]
    kind = get_named_type(SCHEMA.mutation_type.fields[mutation].type)
    assert isinstance(kind, GraphQLObjectType)
    for name, field in kind.fields.items():
        target = get_named_type(field.type)
        if name in ("positions", "errors"):
            continue
        if is_leaf_type(target):
            words.append(name)
        elif target.name == "TaskBulkResult":
            words.append(f"{name} {{ ok outcome error {{ {ERRORS} }} task {{ {flat('Task')} }} }}")
        else:
            words.append(f"{name} {{ {flat(target.name)} }}")
    return " ".join(words)


@functools.cache
def events() -> str:
    """Everything that an event says of itself, for any kind; `state` is aliased by its type."""
    interface = SCHEMA.type_map["Event"]
    assert isinstance(interface, GraphQLInterfaceType)
    words = ["__typename"]
    for name, field in interface.fields.items():
        target = get_named_type(field.type)
        if is_leaf_type(target):
            words.append(name)
        elif isinstance(target, GraphQLUnionType):
            words.append(f"{name} {{ {CHANGES} }}")
        else:
            words.append(f"{name} {{ id }}")
    for kind in SCHEMA.get_possible_types(interface):
        if "state" in kind.fields:
            state = get_named_type(kind.fields["state"].type).name
            words.append(f"... on {kind.name} {{ {state}: state {{ {flat(state)} }} }}")
    return " ".join(words)


def frames() -> str:
    """A frame with all its events."""
    return f"kind reason more position {{ {POSITION} }} events {{ {events()} }}"
