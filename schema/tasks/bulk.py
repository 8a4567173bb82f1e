"""Editing, moving and deleting many tasks at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.comments.actions import with_comments
from app.errors import ValidationFailed
from app.events.kinds import EventKind
from app.outcomes import Outcome
from app.paging import Condition
from app.query_language.looking import understood
from app.tasks.actions.bulk import Matching, check_chosen, edit_in_bulk
from app.tasks.actions.deciding import TaskOutcome, Told
from app.tasks.actions.edit import check_batch
from app.tasks.actions.refused import kept_refusal
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import Decision
from app.tasks.events import TASK_DELETED, TASK_MOVED, TASK_UPDATED
from app.tasks.filters import filter_conditions
from app.tasks.grammar import all_of
from app.values import now_utc
from app.work import Work
from schema.context import Columns, Context
from schema.edges import Info, edge
from schema.enums import describe
from schema.errors import UserError, user_error
from schema.events.changes import Decided, FieldChange, changes_of
from schema.ids import read_id
from schema.inputs import POLICY, VERSION, given, key_field, optional
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import Node, node_edge, nodes_by_id
from schema.projects.enums import ConflictPolicy
from schema.tasks.filters import TaskFilterInput, filter_scope, read_filter
from schema.tasks.inputs import TaskPatchInput, read_patch, read_policy
from schema.tasks.types import Task

describe(
    TaskOutcome,
    "What became of one task of a bulk edit, or would become of it.",
    APPLIED="It was done.",
    MERGED="It was done, together with what others had changed meanwhile.",
    UNCHANGED="The task was like that already.",
    CONFLICT="Others changed the same fields: see `error`.",
    REFUSED="It may not be done: see `error`.",
)


@strawberry.input(description="One task of a bulk edit.")
class TaskBulkItemInput:
    id: strawberry.ID = strawberry.field(description="The task; each may stand here once.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")
    patch: TaskPatchInput | None = optional("What to change in this one, instead of the common patch.")


@strawberry.input(description="All tasks of a project for which a filter holds, as they are when it is done.")
class TaskBulkWhereInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    filter: TaskFilterInput | None = optional("Which of its tasks: at most 1,000.")
    query: str | None = optional(
        "The same as a query's text. With both, both must hold; one of them is needed. `sort:` says nothing here."
    )


_ITEMS = "The tasks, each with its version; or `where`."
_WHERE = "Instead of `items`: the tasks that a filter or a query chooses, whatever their versions."
_ATOMIC = "True: if one is refused, none is changed. False: each on its own."
_COMMENT = (
    "A comment for each task that is changed, which its workflow may ask for: written in the same unit."
)
_DRY_RUN = (
    "True: nothing is written, and no `clientMutationId` is used up; `results` and `errors` are what they would be. "
    "With `atomic: false` each task is told on its own, beside one that would be refused too."
)


@strawberry.input(description="An edit of up to 1,000 tasks: one event each, one frame to every subscriber.")
class TaskBulkUpdateInput:
    items: list[TaskBulkItemInput] | None = optional(_ITEMS)
    where: TaskBulkWhereInput | None = optional(_WHERE)
    patch: TaskPatchInput | None = optional("What to change in each that has no patch of its own.")
    atomic: bool = strawberry.field(default=True, description=_ATOMIC)
    comment: str | None = optional(_COMMENT)
    dry_run: bool = strawberry.field(default=False, description=_DRY_RUN)
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="One task of a bulk move or deletion.")
class TaskBulkChoiceInput:
    id: strawberry.ID = strawberry.field(description="The task; each may stand here once.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")


@strawberry.input(description="Another status for up to 1,000 tasks.")
class TaskBulkMoveInput:
    items: list[TaskBulkChoiceInput] | None = optional(_ITEMS)
    where: TaskBulkWhereInput | None = optional(_WHERE)
    status_id: strawberry.ID = strawberry.field(description="Their new status.")
    comment: str | None = optional(_COMMENT)
    atomic: bool = strawberry.field(default=True, description=_ATOMIC)
    dry_run: bool = strawberry.field(default=False, description=_DRY_RUN)
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Up to 1,000 tasks to be deleted.")
class TaskBulkDeleteInput:
    items: list[TaskBulkChoiceInput] | None = optional(_ITEMS)
    where: TaskBulkWhereInput | None = optional(_WHERE)
    atomic: bool = strawberry.field(default=True, description=_ATOMIC)
    dry_run: bool = strawberry.field(default=False, description=_DRY_RUN)
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


def _changes(root: Any) -> list[FieldChange]:
    one: Decision | None = root.decision
    if one is None:
        return []
    return changes_of(one.delta, Decided(one.project_id, "task", one.task_id, one.old))


_KINDS = {
    "label": "Label", "task_type": "TaskType", "status": "Status", "sprint": "Sprint", "milestone": "Milestone",
    "custom_field": "CustomField", "transition": "Transition", "board": "Board", "comment": "Comment", "link": "Link",
    "view": "View", "project": "Project",
}  # fmt: skip


_KNOWN_BY_ID = frozenset({"comment", "link", "view", "project"})


async def _objects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    asked = [parent.key for parent in parents if parent.key is not None]
    found = iter(await nodes_by_id(context, asked, columns) if asked else ())
    return [None if parent.key is None else next(found) for parent in parents]


def _key(kept: list[str] | None) -> tuple[str, tuple[UUID, ...]] | None:
    """A node's kind and uuids from what an outcome keeps: a type, its project and its id."""
    if kept is None:
        return None
    name, place, one = kept
    return _KINDS[name], (UUID(one),) if name in _KNOWN_BY_ID else (UUID(place), UUID(one))


@strawberry.type(description="What became of one task of a bulk edit, or of what else an undo took back.")
class TaskBulkResult:
    task_id: strawberry.Private[UUID | None]
    decision: strawberry.Private[Decision | None] = None
    key: strawberry.Private[tuple[str, tuple[UUID, ...]] | None] = None
    ok: bool = strawberry.field(description="Whether it was done.")
    outcome: TaskOutcome = strawberry.field(description="What became of it.")
    error: UserError | None = strawberry.field(description="Why it was not done.")
    task: Task | None = node_edge(
        "Task", "task_id", "The task as it is now; null if it is not there for you."
    )

    object: Node | None = edge(
        _objects, "What was changed, if it is no task: a comment, a label … as it is now; null if it is gone.",
        reads=("key",),
    )  # fmt: skip
    changes: list[FieldChange] = strawberry.field(
        resolver=_changes,
        description="What it changed, or, of a dry run, would change. Empty in the answer to a retry.",
    )


@strawberry.type(description="A bulk edit.")
class TaskBulkPayload(Payload):
    results: list[TaskBulkResult] = strawberry.field(
        default_factory=list, description="One for each item, in their order; empty if nothing was done."
    )
    batch_id: strawberry.ID | None = strawberry.field(
        default=None, description="The `batchId` of its events: `undo` takes it."
    )


Bulk = TaskBulkUpdateInput | TaskBulkMoveInput | TaskBulkDeleteInput


async def read_bulk(
    context: Context, input: Bulk, patch: TaskPatch | None, kind: EventKind
) -> list[TaskEdit] | Matching:
    """The input as commands, in its order; ``patch`` is the one for all."""
    check_chosen(given(input.items), given(input.where))
    commented = _comment_of(input) is not None
    if where := given(input.where):
        if patch is None:
            raise ValidationFailed("Say what to change.", path=("patch",))
        project_id = read_id(where.project_id, "Project")
        return Matching(project_id, await _chosen(context, project_id, where), patch, kind, commented)
    policy = read_policy(given(input.on_conflict))
    edits = []
    for item in given(input.items) or ():
        own = given(getattr(item, "patch", None))
        chosen = read_patch(own) if own is not None else patch
        if chosen is None:
            raise ValidationFailed("An item without a patch needs the common one.", path=("patch",))
        version = given(item.expected_version)
        edits.append(TaskEdit(read_id(item.id, "Task"), version, chosen, policy, kind, commented=commented))
    check_batch(edits)
    return edits


async def _chosen(
    context: Context, project_id: UUID, where: TaskBulkWhereInput
) -> Callable[[Work], Awaitable[Sequence[Condition]]]:
    typed, query = given(where.filter), given(where.query)
    if typed is None and not query:
        raise ValidationFailed("Say which tasks: filter or query, or both.", path=("where",))
    asked = read_filter(typed)
    scope = await filter_scope(context, asked or query)

    async def conditions(work: Work) -> Sequence[Condition]:
        parts = [] if asked is None else [asked]
        if query:
            path = ("where", "query")
            parts.append((await understood(work, work.viewer_id, [project_id], query, path)).filter)
        return filter_conditions(all_of(parts), scope)

    return conditions


def results_of(outcome: Outcome, told: Told) -> list[TaskBulkResult]:
    """The results of items, with what is told of them while it is known."""
    results = []
    for place, item in enumerate(outcome.result["items"]):
        task_id = UUID(item["task_id"]) if "task_id" in item else None
        kept = item.get("refused")
        refusal = None
        if kept is not None and task_id is not None:
            refusal = told.refusals.get(place) or kept_refusal(kept, task_id)
        results.append(
            TaskBulkResult(
                task_id=task_id, key=_key(item.get("object")), decision=told.decisions.get(place), ok=refusal is None,
                outcome=TaskOutcome(item["outcome"]), error=None if refusal is None else user_error(refusal),
            )
        )  # fmt: skip
    return results


def batch_of_outcome(outcome: Outcome) -> strawberry.ID | None:
    """The batch id of a result, if it has one."""
    batch_id = outcome.result["batch_id"]
    return None if batch_id is None else strawberry.ID(batch_id)


def _comment_of(input: Bulk) -> str | None:
    comment: str | None = given(getattr(input, "comment", None))
    return comment


async def _done(info: Info, input: Bulk, patch: TaskPatch | None, kind: EventKind) -> TaskBulkPayload:
    told = Told()
    targets = await read_bulk(info.context, input, patch, kind)
    action = edit_in_bulk(targets, told, atomic=input.atomic, dry_run=input.dry_run)
    comment = _comment_of(input)
    if comment is not None:
        action = with_comments(action, comment, dry_run=input.dry_run)
    outcome = await write(info, input, action, trial=input.dry_run)
    return TaskBulkPayload(
        results=results_of(outcome, told), batch_id=batch_of_outcome(outcome), positions=positions_of(outcome)
    )


@strawberry.type
class TaskBulkMutations:
    @mutation("Edit up to 1,000 tasks at once, atomically or each on its own; or try what it would do.")
    async def task_bulk_update(self, info: Info, input: TaskBulkUpdateInput) -> TaskBulkPayload:
        patch = given(input.patch)
        return await _done(info, input, None if patch is None else read_patch(patch), TASK_UPDATED)

    @mutation("Give up to 1,000 tasks another status at once.")
    async def task_bulk_move(self, info: Info, input: TaskBulkMoveInput) -> TaskBulkPayload:
        patch = TaskPatch(values={"status_id": read_id(input.status_id, "Status")})
        return await _done(info, input, patch, TASK_MOVED)

    @mutation("Delete up to 1,000 tasks at once. `undo` brings them back.")
    async def task_bulk_delete(self, info: Info, input: TaskBulkDeleteInput) -> TaskBulkPayload:
        return await _done(info, input, TaskPatch(values={"deleted_at": now_utc()}), TASK_DELETED)
