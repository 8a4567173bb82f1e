"""Enums of workflows."""

from __future__ import annotations

from app.workflows.models import (
    TransitionActionKind,
    TransitionConditionKind,
    TransitionField,
    TransitionReasonKind,
)
from app.workflows.templates import WorkflowTemplate
from schema.enums import describe

__all__ = [
    "TransitionActionKind", "TransitionConditionKind", "TransitionField", "TransitionReasonKind", "WorkflowTemplate",
]  # fmt: skip

describe(
    TransitionConditionKind,
    "What a transition asks for.",
    ROLE="Whoever makes it has at least `role` in the project.",
    FIELDS="The task has all of `fields`; the same edit may fill them.",
    BLOCKERS_DONE="Every task that blocks it, of those that you see, is done.",
    CHILDREN_DONE="All its sub-tasks are done.",
    COMMENT="A comment comes with it.",
    WIP_LIMIT="There are fewer than `limit` tasks in the status that it leads to.",
    CUSTOM_FIELDS="Something stands in each of the custom fields of `customFieldIds` that the task's type has.",
    LABELS="The task has all of `labelIds`.",
    WITHOUT_LABELS="The task has none of `labelIds`.",
    SPRINT_STAGES="The task is in a sprint that is at one of `sprintStages`.",
)
describe(
    TransitionField,
    "A field of a task that a transition may ask for.",
    DESCRIPTION="The section `description`.",
    ASSIGNEE="Somebody it is assigned to.",
    LABEL="A label.",
    PRIORITY="A priority other than 0.",
    ESTIMATE="How much work it is.",
    DUE_DATE="When it is due.",
    PARENT="The task it is part of.",
    CLOSE_REASON="Why it was closed.",
    EXTERNAL_REF="What it is called elsewhere.",
    SPRINT="The sprint it is in.",
    MILESTONE="The milestone it is in.",
)
describe(
    TransitionActionKind,
    "What a transition does besides.",
    ASSIGN_TO_ACTOR="Assigns the task to whoever makes it.",
    UNASSIGN="Takes everybody off the task.",
    SET_PRIORITY="Gives it the priority `value`.",
    SET_ESTIMATE="Gives it the estimate `value`.",
    SET_DUE_IN_DAYS="Makes it due `value` days later.",
    SET_CLOSE_REASON="Writes `value` as the reason why it was closed; null clears it.",
    SET_CUSTOM_FIELDS="Fills custom fields, or clears them, as `value` says.",
    ADD_LABELS="Gives it `labelIds`.",
    REMOVE_LABELS="Takes `labelIds` from it.",
    CLOSE_PARENT="Completes the parent once all its sub-tasks are done, if the parent's own workflow lets it; "
    "that may complete what is above it in turn.",
)
describe(
    TransitionReasonKind,
    "Why a task cannot take a status now.",
    NO_TRANSITION="The workflow has no transition from where it stands to there.",
    ROLE="It needs another role: `role`.",
    FIELDS="It needs `fields`, which are empty.",
    BLOCKERS_OPEN="`taskIds` block it and are not done.",
    CHILDREN_OPEN="`taskIds` are part of it and are not done.",
    COMMENT_REQUIRED="It needs a comment.",
    WIP_LIMIT="There are `limit` tasks already, as many as may be.",
    CUSTOM_FIELDS="It needs `customFieldIds`, in which nothing stands.",
    LABELS="It needs `labelIds`.",
    WITHOUT_LABELS="It is not for tasks with `labelIds`, which this has.",
    SPRINT_STAGES="It is in no sprint that is at one of `sprintStages`.",
)
describe(
    WorkflowTemplate,
    "A workflow to begin with; see docs/workflows.md for its statuses and transitions.",
    KANBAN="Every status can be reached from every other; Review only from In progress.",
    SCRUM="Backlog, Ready, In progress, Review, Done: what is not described and estimated is not ready.",
    BUG_TRACKING="Reported, Confirmed, In progress, Fixed, Verified or Rejected.",
)
