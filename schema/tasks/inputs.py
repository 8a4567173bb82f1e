"""Inputs of tasks, and how they become commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.errors import ValidationFailed
from app.projects.models import ConflictPolicy as Policy
from app.tasks.commands import REMOVE, NewTask, TaskPatch
from schema.fields.inputs import TaskFieldInput, read_fields
from schema.ids import read_id, read_ids, read_optional_id
from schema.inputs import POLICY, VERSION, given, key_field, optional, present
from schema.projects.enums import ConflictPolicy

COMMENT = "A comment on it in markdown, written with the edit or not at all. Some transitions ask for one."


@strawberry.input(description="A named markdown text.")
class TaskSectionInput:
    name: str = strawberry.field(description="Lower case words joined by _, such as acceptance_criteria.")
    text: str = strawberry.field(description="The markdown; empty takes the section away.")


@strawberry.input(description="One key of `config`.")
class ConfigEntryInput:
    key: str = strawberry.field(description="The key.")
    value: JSON | None = optional("Its new value; left out, the key is taken away.")


@strawberry.input(description="A new task. Status and type default to the project's first.")
class TaskCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    title: str = strawberry.field(description="One line of at most 1,000 characters.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    description: str | None = optional("The section `description`.")
    sections: list[TaskSectionInput] | None = optional("Its other texts.")
    status_id: strawberry.ID | None = optional("Its status.")
    type_id: strawberry.ID | None = optional("Its type.")
    priority: int | None = optional("0 (none) to 4.")
    assignee_ids: list[strawberry.ID] | None = optional("Who it is assigned to.")
    label_ids: list[strawberry.ID] | None = optional("Its labels.")
    parent_id: strawberry.ID | None = optional("The task it is part of, in the same project.")
    sprint_id: strawberry.ID | None = optional("The sprint it is in, planned or active.")
    milestone_id: strawberry.ID | None = optional("The milestone it is in.")
    estimate: float | None = optional("How much work it is.")
    due_date: date | None = optional("When it is due.")
    close_reason: str | None = optional("Why it is closed.")
    external_ref: str | None = optional("What it is called elsewhere.")
    config: list[ConfigEntryInput] | None = optional("Free-form values by key.")
    fields: list[TaskFieldInput] | None = optional("What stands in its custom fields.")
    before_id: strawberry.ID | None = optional("The task that it shall stand before; else it comes last.")
    after_id: strawberry.ID | None = optional("The task that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="What an edit changes. What is left out stays.")
class TaskPatchInput:
    title: str | None = optional("One line of at most 1,000 characters.")
    description: str | None = optional(
        "The section `description`, whole; merged with edits of others by words."
    )
    sections: list[TaskSectionInput] | None = optional("Sections, each whole; others stay.")
    status_id: strawberry.ID | None = optional("Its status.")
    type_id: strawberry.ID | None = optional("Its type.")
    priority: int | None = optional("0 (none) to 4.")
    add_assignee_ids: list[strawberry.ID] | None = optional("Who it is assigned to from now on.")
    remove_assignee_ids: list[strawberry.ID] | None = optional("Who it is not assigned to any more.")
    add_label_ids: list[strawberry.ID] | None = optional("Labels to put on.")
    remove_label_ids: list[strawberry.ID] | None = optional("Labels to take off.")
    parent_id: strawberry.ID | None = optional("The task it is part of; null for none.")
    sprint_id: strawberry.ID | None = optional("The sprint it is in, planned or active; null: the backlog.")
    milestone_id: strawberry.ID | None = optional("The milestone it is in; null for none.")
    estimate: float | None = optional("How much work it is; null for none.")
    due_date: date | None = optional("When it is due; null for none.")
    close_reason: str | None = optional("Why it was closed; null for none.")
    external_ref: str | None = optional("What it is called elsewhere; null for none.")
    config: list[ConfigEntryInput] | None = optional("Keys of `config`; others stay.")
    fields: list[TaskFieldInput] | None = optional("What stands in custom fields; others stay.")


@strawberry.input(description="An edit of one task.")
class TaskUpdateInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")
    patch: TaskPatchInput = strawberry.field(description="What to change.")
    on_conflict: ConflictPolicy | None = optional(POLICY)
    comment: str | None = optional(COMMENT)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Another status, another place, or both.")
class TaskMoveInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    status_id: strawberry.ID | None = optional("Its new status.")
    before_id: strawberry.ID | None = optional("The task that it shall stand before.")
    after_id: strawberry.ID | None = optional("The task that it shall stand after; wins over `beforeId`.")
    expected_version: int | None = optional(
        VERSION + " Needed when the status changes; a place alone is no edit."
    )
    on_conflict: ConflictPolicy | None = optional(POLICY)
    comment: str | None = optional(COMMENT)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A task to be deleted or restored.")
class TaskDeleteInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A task to be moved to another project of its workspace.")
class TaskTransferInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    project_id: strawberry.ID = strawberry.field(description="The project it shall belong to.")
    expected_version: int = strawberry.field(description=VERSION)
    status_id: strawberry.ID | None = optional("Its status there; else the one of the same name or kind.")
    client_mutation_id: UUID | None = key_field()


_REFERENCES = (
    ("status_id", "Status"), ("type_id", "TaskType"), ("parent_id", "Task"), ("sprint_id", "Sprint"),
    ("milestone_id", "Milestone"),
)  # fmt: skip


def _common(input: TaskCreateInput | TaskPatchInput) -> dict[str, Any]:
    values = present(input, "priority", "estimate", "due_date", "close_reason", "external_ref")
    for name, kind in _REFERENCES:
        if getattr(input, name) is not strawberry.UNSET:
            values[name] = read_optional_id(getattr(input, name), kind)
    if "priority" in values and values["priority"] is None:
        values["priority"] = 0
    return values


def _sections(input: TaskCreateInput | TaskPatchInput) -> dict[str, str]:
    sections: dict[str, str] = {}
    for section in given(input.sections) or ():
        if section.name in sections:
            raise ValidationFailed(f"Section {section.name!r} stands here twice.", path=("sections",))
        sections[section.name] = section.text
    if input.description is not strawberry.UNSET:
        if "description" in sections:
            raise ValidationFailed("The description stands here twice.", path=("description",))
        sections["description"] = input.description or ""
    return sections


def _config(input: TaskCreateInput | TaskPatchInput) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for entry in given(input.config) or ():
        if entry.key in entries:
            raise ValidationFailed(f"Key {entry.key!r} stands here twice.", path=("config",))
        entries[entry.key] = REMOVE if entry.value is strawberry.UNSET else entry.value
    return entries


def _members(assignees: Iterable[str] | None, labels: Iterable[str] | None) -> dict[str, frozenset[UUID]]:
    """Those that are named; of a set that nobody names there is nothing to say."""
    found = {"assignee_ids": read_ids(assignees, "User")} if assignees else {}
    return found | {"label_ids": read_ids(labels, "Label")} if labels else found


def read_patch(input: TaskPatchInput) -> TaskPatch:
    """The input as a command's patch."""
    values = {**present(input, "title"), **_common(input)}
    return TaskPatch(
        values=values, sections=_sections(input), config=_config(input), fields=read_fields(given(input.fields)),
        add=_members(given(input.add_assignee_ids), given(input.add_label_ids)),
        remove=_members(given(input.remove_assignee_ids), given(input.remove_label_ids)),
    )  # fmt: skip


def read_policy(given_policy: Any) -> Policy | None:
    """The policy that was asked for, or None for the project's default."""
    return Policy(given_policy) if given_policy else None


def read_new(input: TaskCreateInput) -> NewTask:
    """The input as a command. Null means the same as leaving out."""
    values = {name: value for name, value in _common(input).items() if value is not None}
    config = {key: value for key, value in _config(input).items() if value is not REMOVE}
    patch = TaskPatch(
        values=values, sections=_sections(input), config=config,
        fields={key: value for key, value in read_fields(given(input.fields)).items() if value is not REMOVE},
        add=_members(given(input.assignee_ids), given(input.label_ids)),
    )  # fmt: skip
    return NewTask(
        read_id(input.project_id, "Project"), input.title, given(input.id), patch,
        after_id=read_optional_id(given(input.after_id), "Task"),
        before_id=read_optional_id(given(input.before_id), "Task"),
    )  # fmt: skip
