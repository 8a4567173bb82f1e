"""What a change event changed, field by field, in the form a client's cache can apply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.history.edited_texts import Edited
from app.spelling import field_name
from schema.edges import edge
from schema.events.words import TextHunk, entry_name, hunks_of_changes, key_names, member_names, side_name
from schema.ids import global_id
from schema.query_language.spelling import kept_filter_as_input

_REFERENCES = {
    "status_id": "Status", "type_id": "TaskType", "label_ids": "Label", "parent_id": "Task", "assignee_ids": "User",
    "creator_id": "User", "author_id": "User", "user_id": "User", "task_id": "Task", "team_id": "Team",
    "member_ids": "User", "sprint_id": "Sprint", "milestone_id": "Milestone",
    "from_status_id": "Status", "to_status_id": "Status", "type_ids": "TaskType",
    "successor_id": "Status", "view_id": "View",
}  # fmt: skip
_WITHIN_PROJECT = frozenset(
    {
        "Status",
        "TaskType",
        "Label",
        "Sprint",
        "Milestone",
        "Transition",
        "CustomField",
        "FieldOption",
        "Board",
    }
)
_ENUMS = frozenset({
    "role", "category", "conflict_policy", "reason", "visibility", "workspace_role", "stage", "group_by", "swimlanes",
})  # fmt: skip


def present(field: str, value: Any, scope_id: UUID | None) -> Any:
    """A state's value as clients see it: references become global ids, words of enums their names."""
    if value is None:
        return None
    kind = _REFERENCES.get(field)
    if kind is not None:
        return (
            [reference(kind, one, scope_id) for one in value]
            if isinstance(value, list)
            else reference(kind, value, scope_id)
        )
    if field == "conditions":
        return [_condition(kind, needed, scope_id) for kind, needed in sorted(value.items())]
    if field in ("columns", "actions") and isinstance(value, dict):  # a board's columns; a view's are words
        return _columns(value, scope_id) if field == "columns" else _actions(value, scope_id)
    if field == "filter":
        return kept_filter_as_input(value)
    if field.startswith("fields."):
        value = presented_value(value, scope_id)
    return value.upper() if field in _ENUMS else value


def _columns(value: dict[str, Any], scope_id: UUID | None) -> list[dict[str, Any]]:
    listed = sorted(value.items(), key=lambda item: item[1]["place"])
    return [_column(column_id, one, scope_id) for column_id, one in listed]


def _actions(value: dict[str, Any], scope_id: UUID | None) -> list[dict[str, Any]]:
    """Actions of a transition, in the form of their GraphQL type."""
    return [_action(kind, needed, scope_id) for kind, needed in sorted(value.items())]


def _action(kind: str, needed: Any, scope_id: UUID | None) -> dict[str, Any]:
    labels = None
    if kind.endswith("_labels"):
        needed, labels = None, [reference("Label", one, scope_id) for one in needed]
    if kind == "set_custom_fields":
        needed = [
            {
                "fieldId": reference("CustomField", field_id, scope_id),
                "value": None if one is None else presented_value(one, scope_id),
            }
            for field_id, one in sorted(needed.items())
        ]
    return {"kind": kind.upper(), "value": None if needed is True else needed, "labelIds": labels}


def _column(column_id: str, one: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
    """A column of a board, in the form of its GraphQL type."""
    return {
        "id": column_id,
        "name": one["name"],
        "statusIds": [reference("Status", status_id, scope_id) for status_id in one["status_ids"]],
        "limit": one["limit"],
        "limitMode": one["limit_mode"].upper(),
    }


def _condition(kind: str, needed: Any, scope_id: UUID | None) -> dict[str, Any]:
    """A condition of a transition, in the form of its GraphQL type."""
    return {
        "kind": kind.upper(),
        "role": needed.upper() if kind == "role" else None,
        "fields": [one.upper() for one in needed] if kind == "fields" else None,
        "limit": needed if kind == "wip_limit" else None,
        "customFieldIds": [reference("CustomField", one, scope_id) for one in needed]
        if kind == "custom_fields"
        else None,
        "labelIds": [reference("Label", one, scope_id) for one in needed]
        if kind.endswith("labels")
        else None,
        "sprintStages": [one.upper() for one in needed] if kind == "sprint_stages" else None,
    }


def reference(kind: str, value: str, scope_id: UUID | None) -> strawberry.ID:
    """The global id of what a state names by uuid."""
    if kind in _WITHIN_PROJECT and scope_id is not None:
        return strawberry.ID(global_id(kind, scope_id, UUID(value)))
    return strawberry.ID(global_id(kind, UUID(value)))


@strawberry.type(description="A value that one value replaced.")
class ValueChange:
    field: str = strawberry.field(description="Which field, as it is called on the object.")
    old: JSON | None = strawberry.field(description="The value before; ids are global ids.")
    new: JSON | None = strawberry.field(description="The value after.")
    names: strawberry.Private[bool] = False
    old_name: str | None = edge(
        side_name("old"), "What the value before names, in words: a status, a person, a task with its key."
    )
    new_name: str | None = edge(
        side_name("new"), "What the value after names. Null if it names nothing, or nothing that you may see."
    )


@strawberry.type(description="One edit of a text. Edits of one change do not overlap and are in order.")
class TextEdit:
    at: int = strawberry.field(
        description="Where in the text before, in UTF-16 code units, as browsers count."
    )
    removed: str = strawberry.field(description="What stood there.")
    inserted: str = strawberry.field(description="What stands there now.")


@strawberry.type(description="A long text that was edited.")
class TextChange:
    field: str = strawberry.field(
        description="Which text: `sections.description` and `sections.notes` of a task, `body` of a comment …"
    )
    edits: list[TextEdit] = strawberry.field(description="The edits, in order of place.")
    base_hash: str = strawberry.field(description="SHA-256 of the text before (UTF-8), first 16 hex digits.")
    result_hash: str = strawberry.field(description="The same of the text after.")
    place: strawberry.Private[Edited]
    diff: strawberry.Private[dict[str, Any]]
    base: strawberry.Private[str | None] = None
    hunks: list[TextHunk] = edge(
        hunks_of_changes, "The edit for people to read: the lines that changed, and three around them."
    )


@strawberry.type(description="A set that gained or lost members.")
class MembersChange:
    field: str = strawberry.field(
        description="Which set: `assigneeIds` or `labelIds` of a task, `memberIds` of a team."
    )
    added: list[strawberry.ID] = strawberry.field(description="What came.")
    removed: list[strawberry.ID] = strawberry.field(description="What went.")
    added_names: list[str | None] = edge(
        member_names("added"), "What came, in words and in the same order; null for what you may not see."
    )
    removed_names: list[str | None] = edge(member_names("removed"), "What went, in the same way.")


@strawberry.type(description="One key of a free-form object.")
class EntryChange:
    field: str = strawberry.field(
        description="Which: `config` or `fields` of a task, `options` of a custom field."
    )
    key: str = strawberry.field(
        description="Which key: of `fields` the field's id, of `options` the option's."
    )
    existed: bool = strawberry.field(description="Whether the key was there before.")
    exists: bool = strawberry.field(description="Whether it is there now.")
    old: JSON | None = strawberry.field(description="The value before.")
    new: JSON | None = strawberry.field(description="The value after.")
    key_name: str | None = edge(key_names, "Of `fields`, what the custom field is called.")
    old_name: str | None = edge(
        entry_name("old"), "Of `fields`, the value before in words: options, a person …"
    )
    new_name: str | None = edge(entry_name("new"), "The value after, in the same way. Null if there is none.")


FieldChange = Annotated[
    ValueChange | TextChange | MembersChange | EntryChange,
    strawberry.union("FieldChange", description="What happened to one field."),
]


def changes_of(delta: dict[str, Any], event: Any) -> list[Any]:
    """A delta as the schema shows it, by field: jsonb keeps no order, so a replay would have another than the live.

    ``event``: it, or what else tells where the delta belongs.
    """
    scope_id: UUID = event.scope_id
    return [
        *_values(delta, scope_id),
        *_texts(delta, event),
        *_members(delta, scope_id),
        *_entries(delta, scope_id),
    ]


@dataclass(frozen=True)
class Decided:
    """What stands in an event's place for a change that is decided, and perhaps not even done: the state before."""

    scope_id: UUID
    object_type: str
    object_id: UUID
    before: dict[str, Any]
    seq: int = 0

    def text(self, field: str) -> str:
        """A text before the change."""
        owner, _, name = field.partition(".")
        return str(self.before[owner].get(name, "") if name else self.before[owner])


def _values(delta: dict[str, Any], scope_id: UUID) -> Iterator[ValueChange]:
    for field, change in sorted(delta.get("set", {}).items()):
        old, new = (present(field, change[side], scope_id) for side in ("old", "new"))
        yield ValueChange(field=field_name(field), old=old, new=new, names=field in _REFERENCES)


def _texts(delta: dict[str, Any], event: Any) -> Iterator[TextChange]:
    for field, change in sorted(delta.get("text", {}).items()):
        yield TextChange(
            field=field_name(field),
            edits=[
                TextEdit(at=at, removed=removed, inserted=inserted)
                for at, removed, inserted in change["edits"]
            ],
            base_hash=change["base"],
            result_hash=change["result"],
            place=Edited(event.scope_id, event.object_type, event.object_id, event.seq, field),
            diff=change,
            base=event.text(field) if isinstance(event, Decided) else None,
        )


def _members(delta: dict[str, Any], scope_id: UUID) -> Iterator[MembersChange]:
    for field, change in sorted(delta.get("members", {}).items()):
        added, removed = (present(field, change[side], scope_id) for side in ("added", "removed"))
        yield MembersChange(field=field_name(field), added=added, removed=removed)


def _entries(delta: dict[str, Any], scope_id: UUID) -> Iterator[EntryChange]:
    for field, changes in sorted(delta.get("entries", {}).items()):
        for key, change in sorted(changes.items()):
            yield EntryChange(
                field=field_name(field), key=_key(field, key, scope_id), existed="old" in change,
                exists="new" in change, **{side: _entry(field, change.get(side), scope_id) for side in ("old", "new")},
            )  # fmt: skip


_KEYS = {"fields": "CustomField", "options": "FieldOption"}


def _key(field: str, key: str, scope_id: UUID | None) -> str:
    kind = _KEYS.get(field)
    return key if kind is None else reference(kind, key, scope_id)


def _entry(field: str, value: Any, scope_id: UUID | None) -> Any:
    return presented_value(value, scope_id) if field == "fields" and value is not None else value


_ENTRIES = {"option_id": "FieldOption", "option_ids": "FieldOption", "user_id": "User"}


def presented_value(value: dict[str, Any], scope_id: UUID | None) -> Any:
    """A custom field's value as clients see it, and as `TaskFieldValueInput` takes it."""
    (name,) = value
    kind, held = _ENTRIES.get(name), value[name]
    if kind is not None:
        many = isinstance(held, list)
        held = [reference(kind, one, scope_id) for one in held] if many else reference(kind, held, scope_id)
    return {field_name(name): held}
