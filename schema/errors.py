"""Refusals as data: what a mutation's payload says when it did not do what was asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app import errors as refusals
from app.spelling import field_name
from schema.accounts.types import User, user_edge
from schema.context import Context
from schema.edges import edge
from schema.events.changes import present, reference
from schema.ids import global_id
from schema.nodes import Node, nodes_by_id
from schema.projects.enums import ProjectRole
from schema.query_language.faults import QueryError
from schema.sprints.enums import SprintStage
from schema.workflows.enums import TransitionField, TransitionReasonKind

_KINDS = {
    "task": "Task",
    "comment": "Comment",
    "project": "Project",
    "workspace": "Workspace",
    "user": "User",
    "team": "Team",
    "transition": "Transition",
    "view": "View",
    "board": "Board",
}


@strawberry.interface(
    description="Why a mutation, or one item of it, was not done. Nothing was written for it."
)
class UserError:
    message: str = strawberry.field(description="For a person to read; says what to do.")
    code: str = strawberry.field(description="For a program: stable, in capitals.")
    path: list[str] = strawberry.field(
        description="The input field at fault, from the outside in; may be empty."
    )


@strawberry.type(description="A value breaks a rule of its field.")
class ValidationFailed(UserError):
    pass


@strawberry.type(description="It is not there, or not there for you: the two are never told apart.")
class NotFound(UserError):
    pass


@strawberry.type(description="You see it, but your role does not allow this.")
class PermissionDenied(UserError):
    pass


@strawberry.type(description="Address and password do not belong together, or a token is not valid any more.")
class SignInFailed(UserError):
    pass


@strawberry.type(description="A token from a mail was used, has expired, or never was one. Ask for another.")
class LinkInvalid(UserError):
    pass


@strawberry.type(
    description="A `clientMutationId` was used before, for another request. Make a new UUID per edit."
)
class KeyReused(UserError):
    pass


@strawberry.type(description="The text of a query means nothing: `errors` say why, and where.")
class QueryInvalid(UserError):
    errors: list[QueryError] = strawberry.field(
        description="All that is wrong with it, in order of place, as `queryParse` tells it."
    )


@strawberry.type(description="A bound on size or number.")
class LimitReached(UserError):
    limit: int = strawberry.field(description="The bound, in the unit that the message names.")


@strawberry.type(description="A new parent or `blocks` link would close a cycle.")
class CycleRefused(UserError):
    cycle: list[strawberry.ID] = strawberry.field(
        description="The tasks along the cycle, as far as you see them."
    )


@strawberry.type(description="One field that both sides changed, with all that a dialog needs to show.")
class FieldClash:
    field: str = strawberry.field(description="`title`, `sections.description`, `config.someKey` …")
    base: JSON | None = strawberry.field(description="The value in the version that you edited.")
    theirs: JSON | None = strawberry.field(description="The value now.")
    yours: JSON | None = strawberry.field(description="The value that you sent.")
    base_known: bool = strawberry.field(
        description="False when the version that you edited is in another project's history (the task was transferred)."
    )
    changed_by_user: strawberry.Private[UUID | None]
    changed_by_id: strawberry.ID | None = strawberry.field(description="Who changed it last, by id.")
    changed_by: User | None = user_edge("changed_by_user", "Who changed it last.")
    changed_at: datetime | None = strawberry.field(description="When it was changed last.")


async def _current(context: Context, parents: list[VersionConflict], columns: Any) -> list[Any]:
    return await nodes_by_id(context, [(parent.kind, (parent.object_id,)) for parent in parents], columns)


@strawberry.type(
    description="It changed since the version that you edited, and the policy does not go over that. "
    "Show `clashes`, then send again with `currentVersion`."
)
class VersionConflict(UserError):
    kind: strawberry.Private[str]
    object_id: strawberry.Private[Any]
    expected_version: int = strawberry.field(description="The version that you sent.")
    current_version: int = strawberry.field(description="The version now.")
    clashes: list[FieldClash] = strawberry.field(description="The fields that both sides changed.")
    current: Node | None = edge(_current, "The object as it is now.")


@strawberry.type(description="One reason why a task cannot take a status now.")
class TransitionReason:
    kind: TransitionReasonKind = strawberry.field(description="Which.")
    message: str = strawberry.field(description="For a person to read.")
    role: ProjectRole | None = strawberry.field(description="Of ROLE: the role that is enough.")
    fields: list[TransitionField] = strawberry.field(description="Of FIELDS: those that are empty.")
    task_ids: list[strawberry.ID] = strawberry.field(
        description="Of BLOCKERS_OPEN and CHILDREN_OPEN: the tasks that are not done, of those that you see."
    )
    limit: int | None = strawberry.field(description="Of WIP_LIMIT: how many tasks there may be.")
    custom_field_ids: list[strawberry.ID] = strawberry.field(
        description="Of CUSTOM_FIELDS: those that are empty."
    )
    label_ids: list[strawberry.ID] = strawberry.field(
        description="Of LABELS: those that are missing. Of WITHOUT_LABELS: those that are in the way."
    )
    sprint_stages: list[SprintStage] = strawberry.field(
        description="Of SPRINT_STAGES: it is in no sprint at one of these."
    )


@strawberry.type(
    description="The workflow, or a limit of a board, does not let the task take this status now."
)
class TransitionRefused(UserError):
    reasons: list[TransitionReason] = strawberry.field(description="Everything that speaks against it.")


def transition_reason(reason: refusals.TransitionReason) -> TransitionReason:
    """A reason as the schema shows it."""
    return TransitionReason(
        kind=TransitionReasonKind(reason.kind), message=reason.message,
        role=ProjectRole(reason.role) if reason.role else None,
        fields=[TransitionField(name) for name in reason.fields],
        task_ids=[strawberry.ID(global_id("Task", task_id)) for task_id in reason.task_ids], limit=reason.limit,
        custom_field_ids=_words("CustomField", reason.project_id, reason.custom_field_ids),
        label_ids=_words("Label", reason.project_id, reason.label_ids),
        sprint_stages=[SprintStage(stage) for stage in reason.sprint_stages],
    )  # fmt: skip


def _words(kind: str, project_id: UUID | None, ids: tuple[UUID, ...]) -> list[strawberry.ID]:
    return [] if project_id is None else [strawberry.ID(global_id(kind, project_id, one)) for one in ids]


_TYPES: dict[type[refusals.Refusal], type[UserError]] = {
    refusals.NotFound: NotFound,
    refusals.PermissionDenied: PermissionDenied,
    refusals.KeyReused: KeyReused,
    refusals.ValidationFailed: ValidationFailed,
}

_BY_CODE: dict[str, type[UserError]] = {"SIGN_IN_FAILED": SignInFailed, "LINK_INVALID": LinkInvalid}

ERROR_TYPES: list[type[UserError]] = [
    ValidationFailed, NotFound, PermissionDenied, SignInFailed, LinkInvalid, KeyReused, QueryInvalid,
    LimitReached, CycleRefused, VersionConflict, TransitionRefused,
]  # fmt: skip


def user_error(refusal: refusals.Refusal, *prefix: str) -> UserError:
    """A refusal as the schema shows it; ``prefix`` says which item of a bulk edit it belongs to."""
    common: dict[str, Any] = {
        "message": refusal.message, "code": refusal.code, "path": [*prefix, *refusal.path],
    }  # fmt: skip
    if isinstance(refusal, refusals.VersionConflict):
        return VersionConflict(
            **common, kind=_KINDS.get(refusal.object_type, ""), object_id=refusal.object_id,
            expected_version=refusal.expected, current_version=refusal.current,
            clashes=[_clash(clash, refusal.scope_id) for clash in refusal.clashes],
        )  # fmt: skip
    if isinstance(refusal, refusals.QueryInvalid):
        told = [QueryError.of(fault, refusal.text) for fault in refusal.faults]
        return QueryInvalid(**common, errors=told)
    if isinstance(refusal, refusals.LimitReached):
        return LimitReached(**common, limit=refusal.limit)
    if isinstance(refusal, refusals.CycleRefused):
        return CycleRefused(**common, cycle=[strawberry.ID(global_id("Task", one)) for one in refusal.cycle])
    if isinstance(refusal, refusals.TransitionRefused):
        return TransitionRefused(**common, reasons=[transition_reason(one) for one in refusal.reasons])
    return (_BY_CODE.get(refusal.code) or _TYPES.get(type(refusal), ValidationFailed))(**common)


def _clash(clash: refusals.Clash, scope_id: UUID | None) -> FieldClash:
    return FieldClash(
        field=_field(clash.field, scope_id), base_known=clash.base_known,
        **{side: present(clash.field, getattr(clash, side), scope_id) for side in ("base", "theirs", "yours")},
        changed_by_id=strawberry.ID(global_id("User", clash.changed_by)) if clash.changed_by else None,
        changed_by_user=clash.changed_by,
        changed_at=clash.changed_at,
    )  # fmt: skip


def _field(name: str, scope_id: UUID | None) -> str:
    owner, _, key = name.partition(".")
    return f"fields.{reference('CustomField', key, scope_id)}" if owner == "fields" else field_name(name)
