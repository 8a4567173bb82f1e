"""Inputs of workflows, and how they become values of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import strawberry

from app.tasks.commands import REMOVE
from app.workflows.rules import gathered
from schema.fields.inputs import TaskFieldInput, read_fields
from schema.ids import read_id, read_word_id
from schema.inputs import VERSION, key_field, optional, present
from schema.projects.enums import ProjectRole
from schema.sprints.enums import SprintStage
from schema.workflows.enums import (
    TransitionActionKind,
    TransitionConditionKind,
    TransitionField,
    WorkflowTemplate,
)


@strawberry.input(one_of=True, description="One condition of a transition.")
class TransitionConditionInput:
    role: ProjectRole | None = optional("Whoever makes it has at least this role in the project.")
    fields: list[TransitionField] | None = optional("The task has these fields; the same edit may fill them.")
    blockers_done: bool | None = optional(
        "True: every task that blocks it, of those that its mover sees, is done."
    )
    children_done: bool | None = optional("True: all its sub-tasks are done.")
    comment: bool | None = optional("True: a comment comes with it.")
    wip_limit: int | None = optional("There are fewer than so many tasks in the status that it leads to.")
    custom_field_ids: list[strawberry.ID] | None = optional(
        "Something stands in these custom fields, as far as the task's type has them; the same edit may fill them."
    )
    label_ids: list[strawberry.ID] | None = optional("The task has all of these labels.")
    without_label_ids: list[strawberry.ID] | None = optional("The task has none of these labels.")
    sprint_stages: list[SprintStage] | None = optional(
        "The task is in a sprint at one of these stages; the same edit may bring it there."
    )


@strawberry.input(one_of=True, description="A field that a transition fills.")
class TransitionFieldInput:
    priority: int | None = optional("0 (none) to 4.")
    estimate: float | None = optional("How much work it is.")
    due_in_days: int | None = optional("Due so many days later (UTC).")
    close_reason: str | None = optional("Why it was closed; empty clears it.")


@strawberry.input(one_of=True, description="One thing that a transition does besides changing the status.")
class TransitionActionInput:
    assign_to_actor: bool | None = optional("True: assigns the task to whoever makes it.")
    unassign: bool | None = optional("True: takes everybody off the task.")
    set_field: TransitionFieldInput | None = optional("Fills a field.")
    set_custom_fields: list[TaskFieldInput] | None = optional(
        "Fills these custom fields, and clears those without a value; fields of people are not for this."
    )
    add_label_ids: list[strawberry.ID] | None = optional("Gives it these labels.")
    remove_label_ids: list[strawberry.ID] | None = optional("Takes these labels from it.")
    close_parent: bool | None = optional("True: completes the parent once all its sub-tasks are done.")


@strawberry.input(description="A new transition. Once a project has one, tasks move by transitions alone.")
class TransitionCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="What the button says, such as “Start work”.")
    from_status_id: strawberry.ID | None = optional("Where it begins; null or left out: anywhere.")
    to_status_id: strawberry.ID = strawberry.field(description="Where it leads.")
    type_id: strawberry.ID | None = optional(
        "For tasks of this type alone. A type that has transitions of its own is bound by those alone."
    )
    conditions: list[TransitionConditionInput] | None = optional("What must hold, each kind once.")
    actions: list[TransitionActionInput] | None = optional("What it does besides, each kind once.")
    before_id: strawberry.ID | None = optional(
        "The transition that it shall stand before; else it comes last."
    )
    after_id: strawberry.ID | None = optional("The transition that it shall stand after.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a transition. What is left out stays.")
class TransitionUpdateInput:
    id: strawberry.ID = strawberry.field(description="The transition.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("What the button says.")
    from_status_id: strawberry.ID | None = optional("Where it begins; null: anywhere.")
    to_status_id: strawberry.ID | None = optional("Where it leads.")
    type_id: strawberry.ID | None = optional("For tasks of this type alone; null: of any.")
    conditions: list[TransitionConditionInput] | None = optional("All conditions that it shall have.")
    actions: list[TransitionActionInput] | None = optional("All actions that it shall have.")
    before_id: strawberry.ID | None = optional("The transition that it shall stand before.")
    after_id: strawberry.ID | None = optional("The transition that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A transition to be deleted.")
class TransitionDeleteInput:
    id: strawberry.ID = strawberry.field(description="The transition.")
    expected_version: int = strawberry.field(description=VERSION)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A template for a project's workflow.")
class WorkflowApplyTemplateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    template: WorkflowTemplate = strawberry.field(description="Which.")
    replace: bool = strawberry.field(
        default=False, description="True: its transitions are put in the place of those that are there."
    )
    client_mutation_id: UUID | None = key_field()


def read_transition(input: TransitionCreateInput | TransitionUpdateInput) -> dict[str, Any]:
    """The values of a row that an input names."""
    values = present(input, "name")
    for name, kind in (
        ("from_status_id", "Status"), ("to_status_id", "Status"), ("type_id", "TaskType"),
    ):  # fmt: skip
        if getattr(input, name) is not strawberry.UNSET:
            given = getattr(input, name)
            values[name] = None if given is None else read_id(given, kind)
    for name in ("before_id", "after_id"):
        if present(input, name).get(name) is not None:
            values[name] = read_word_id(getattr(input, name), "Transition")[1]
    for name, terms in (("conditions", _CONDITIONS), ("actions", _ACTIONS)):
        given = present(input, name).get(name)
        if name in present(input, name):
            values[name] = gathered((pair for one in given or () for pair in _pairs(one, terms)), name)
    return values


_CONDITIONS = {
    "role": TransitionConditionKind.ROLE, "fields": TransitionConditionKind.FIELDS,
    "blockers_done": TransitionConditionKind.BLOCKERS_DONE, "children_done": TransitionConditionKind.CHILDREN_DONE,
    "comment": TransitionConditionKind.COMMENT, "wip_limit": TransitionConditionKind.WIP_LIMIT,
    "custom_field_ids": TransitionConditionKind.CUSTOM_FIELDS, "label_ids": TransitionConditionKind.LABELS,
    "without_label_ids": TransitionConditionKind.WITHOUT_LABELS,
    "sprint_stages": TransitionConditionKind.SPRINT_STAGES,
}  # fmt: skip
_WORDS = {
    "custom_field_ids": "CustomField", "label_ids": "Label", "without_label_ids": "Label", "add_label_ids": "Label",
    "remove_label_ids": "Label",
}  # fmt: skip
_ACTIONS = {
    "assign_to_actor": TransitionActionKind.ASSIGN_TO_ACTOR, "unassign": TransitionActionKind.UNASSIGN,
    "close_parent": TransitionActionKind.CLOSE_PARENT, "priority": TransitionActionKind.SET_PRIORITY,
    "estimate": TransitionActionKind.SET_ESTIMATE, "due_in_days": TransitionActionKind.SET_DUE_IN_DAYS,
    "close_reason": TransitionActionKind.SET_CLOSE_REASON, "add_label_ids": TransitionActionKind.ADD_LABELS,
    "remove_label_ids": TransitionActionKind.REMOVE_LABELS,
    "set_custom_fields": TransitionActionKind.SET_CUSTOM_FIELDS,
}  # fmt: skip


def _pairs(given: Any, kinds: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The one field of a @oneOf input as a kind and what it needs; none where it says false."""
    inner = getattr(given, "set_field", strawberry.UNSET)
    source = given if inner is strawberry.UNSET else inner
    for name, kind in kinds.items():
        value = getattr(source, name, strawberry.UNSET)
        if value is not strawberry.UNSET and value is not False:
            if name in _WORDS:
                value = list(dict.fromkeys(str(read_word_id(one, _WORDS[name])[1]) for one in value or ()))
            elif name == "set_custom_fields":
                filled = read_fields(value)
                value = {field_id: None if one == REMOVE else one for field_id, one in filled.items()}
            elif isinstance(value, list):
                value = list(dict.fromkeys(one.value for one in value))
            yield kind, None if value == "" else value
