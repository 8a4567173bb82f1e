"""Changing a project's workflow."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.workflows import actions
from app.workflows.templates import WorkflowTemplate as Template
from schema.edges import Info
from schema.ids import read_id, read_word_id
from schema.inputs import given
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.projects.types import Project
from schema.workflows.inputs import (
    TransitionCreateInput,
    TransitionDeleteInput,
    TransitionUpdateInput,
    WorkflowApplyTemplateInput,
    read_transition,
)
from schema.workflows.types import Transition


@strawberry.type(description="A transition that was made, changed or deleted.")
class TransitionPayload(Payload):
    word: strawberry.Private[Any] = None
    transition: Transition | None = node_edge(
        "Transition", "word", "The transition; null if nothing was done."
    )


@strawberry.type(description="A project whose workflow was made from a template.")
class WorkflowPayload(Payload):
    project_id: strawberry.Private[UUID | None] = None
    project: Project | None = node_edge(
        "Project", "project_id", "The project, with its statuses and transitions."
    )


async def _written(info: Info, input: Any, action: Any) -> TransitionPayload:
    outcome = await write(info, input, action)
    word = (UUID(outcome.result["project_id"]), UUID(outcome.result["id"]))
    return TransitionPayload(word=word, positions=positions_of(outcome))


@strawberry.type
class WorkflowMutations:
    @mutation("Add a transition to a project's workflow.")
    async def transition_create(self, info: Info, input: TransitionCreateInput) -> TransitionPayload:
        project_id = read_id(input.project_id, "Project")
        action = actions.create_transition(project_id, read_transition(input), client_id=given(input.id))
        return await _written(info, input, action)

    @mutation("Change a transition: its name, ends, conditions, actions or place.")
    async def transition_update(self, info: Info, input: TransitionUpdateInput) -> TransitionPayload:
        project_id, transition_id = read_word_id(input.id, "Transition")
        action = actions.update_transition(
            project_id, transition_id, input.expected_version, read_transition(input)
        )
        return await _written(info, input, action)

    @mutation("Delete a transition. A project without any allows every move.")
    async def transition_delete(self, info: Info, input: TransitionDeleteInput) -> TransitionPayload:
        project_id, transition_id = read_word_id(input.id, "Transition")
        return await _written(
            info, input, actions.delete_transition(project_id, transition_id, input.expected_version)
        )

    @mutation("Give a project the statuses and transitions of a template. Its other statuses stay.")
    async def workflow_apply_template(self, info: Info, input: WorkflowApplyTemplateInput) -> WorkflowPayload:
        project_id = read_id(input.project_id, "Project")
        action = actions.apply_template(project_id, Template(input.template), replace=input.replace)
        outcome = await write(info, input, action)
        return WorkflowPayload(project_id=project_id, positions=positions_of(outcome))
