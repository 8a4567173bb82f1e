"""Conditions and actions as clients see them: the same form in objects, states and changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.events.changes import present
from schema.projects.enums import ProjectRole
from schema.sprints.enums import SprintStage
from schema.workflows.enums import TransitionActionKind, TransitionConditionKind, TransitionField


@strawberry.type(description="What a transition asks for before a task may take it.")
class TransitionCondition:
    kind: TransitionConditionKind = strawberry.field(description="What it asks for.")
    role: ProjectRole | None = strawberry.field(description="Of ROLE: the role that is enough.")
    fields: list[TransitionField] | None = strawberry.field(
        description="Of FIELDS: those that must be filled."
    )
    limit: int | None = strawberry.field(description="Of WIP_LIMIT: how many tasks there may be.")
    custom_field_ids: list[strawberry.ID] | None = strawberry.field(
        description="Of CUSTOM_FIELDS: those that must be filled."
    )
    label_ids: list[strawberry.ID] | None = strawberry.field(
        description="Of LABELS: those that it must have. Of WITHOUT_LABELS: those that it must not have."
    )
    sprint_stages: list[SprintStage] | None = strawberry.field(
        description="Of SPRINT_STAGES: its sprint is at one of these."
    )


@strawberry.type(description="What a transition does besides changing the status.")
class TransitionAction:
    kind: TransitionActionKind = strawberry.field(description="What it does.")
    value: JSON | None = strawberry.field(
        description="A number or a text, where the kind has one. Of SET_CUSTOM_FIELDS a list, as "
        "`TransitionActionInput.setCustomFields` takes it."
    )
    label_ids: list[strawberry.ID] | None = strawberry.field(
        description="Of ADD_LABELS and REMOVE_LABELS: which."
    )


def conditions_of(terms: dict[str, Any], project_id: UUID) -> list[TransitionCondition]:
    """A row's conditions as objects."""
    return [
        TransitionCondition(
            kind=TransitionConditionKind(one["kind"].lower()),
            role=ProjectRole(one["role"].lower()) if one["role"] else None,
            fields=None
            if one["fields"] is None
            else [TransitionField(name.lower()) for name in one["fields"]],
            limit=one["limit"],
            custom_field_ids=one["customFieldIds"],
            label_ids=one["labelIds"],
            sprint_stages=None
            if one["sprintStages"] is None
            else [SprintStage(name.lower()) for name in one["sprintStages"]],
        )
        for one in present("conditions", terms, project_id)
    ]


def actions_of(terms: dict[str, Any], project_id: UUID | None) -> list[TransitionAction]:
    """A row's actions as objects."""
    return [
        TransitionAction(
            kind=TransitionActionKind(one["kind"].lower()), value=one["value"], label_ids=one["labelIds"]
        )
        for one in present("actions", terms, project_id)
    ]
