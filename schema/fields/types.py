"""Custom fields, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.fields import models
from app.fields.reads import CUSTOM_FIELDS, CUSTOM_FIELDS_BY_KEY
from app.fields.rules import living_options, shown_value
from app.permissions import Permission
from app.projects.reads import TASK_TYPES, by_project
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.events.changes import presented_value, reference
from schema.fields.enums import FieldKind
from schema.nodes import FETCHERS, Node, is_row_of
from schema.projects.objects import fetching, permitted, projects_of

if TYPE_CHECKING:
    from schema.projects.types import Project, TaskType


@strawberry.type(description="Something that can be chosen in a SELECT or MULTI_SELECT field.")
class FieldOption:
    id: strawberry.ID = strawberry.field(description="For `optionId`; part of its field, and no node.")
    name: str = strawberry.field(description="Its name, unique in the field.")
    color: str = strawberry.field(description="As #rrggbb.")
    place: int = strawberry.field(description="Options are ordered by this.")


def _options(root: Any) -> list[FieldOption]:
    return [
        FieldOption(
            id=reference("FieldOption", id_, root.project_id), name=one["name"], color=one["color"], place=one["place"]
        )
        for id_, one in living_options(root)
    ]  # fmt: skip


async def _types(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    projects = list({parent.project_id for parent in parents})
    found = await by_project(await context.reader(), TASK_TYPES, projects)
    return [
        [row for row in found[parent.project_id] if str(row.id) in parent.type_ids and row.deleted_at is None]
        for parent in parents
    ]


@strawberry.type(description="A field that a project's tasks have beyond those that every task has.")
class CustomField(Node):
    name: str = column("Its name, unique in the project.")
    description: str = column("What it is for.")
    kind: FieldKind = column("What it holds; it stays what it was made as.")
    required: bool = column(
        "Whether a new task needs a value in it, and none may be taken away. Older tasks may be without."
    )
    types: list[Annotated[TaskType, strawberry.lazy("schema.projects.types")]] = edge(
        _types, "The task types that have it; empty: all.", reads=("project_id", "type_ids")
    )
    options: list[FieldOption] = derived(
        _options, "What can be chosen in it, in order.", reads=("project_id", "options")
    )
    rank: str = column("Fields are ordered by this, bytewise.")
    version: int = column("For `customFieldUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted; history may still name it.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] = edge(
        projects_of, "Its project.", reads=("project_id",)
    )
    viewer_can_update: bool = edge(
        permitted(Permission.MANAGE_FIELDS),
        "Whether you may change and delete it.",
        reads=("project_id", "deleted_at"),
    )

    is_type_of = is_row_of(models.CustomField, "CustomField", within_project=True)


@strawberry.type(
    description="What stands in a custom field of a task: the one of the typed fields that the field's kind says."
)
class TaskField:
    user_id: strawberry.Private[UUID | None]
    field_id: strawberry.ID = strawberry.field(description="Which field.")
    field: CustomField = strawberry.field(description="The field.")
    value: JSON = strawberry.field(
        description='The value as events tell it and as `TaskFieldValueInput` takes it, such as `{"number": 3}`.'
    )
    text: str | None = strawberry.field(description="Of a TEXT field.")
    number: float | None = strawberry.field(description="Of a NUMBER field.")
    date: date | None = strawberry.field(description="Of a DATE field.")
    option: FieldOption | None = strawberry.field(description="Of a SELECT field.")
    options: list[FieldOption] | None = strawberry.field(
        description="Of a MULTI_SELECT field, in their order."
    )
    user: User | None = user_edge("user_id", "Of a USER field.")
    url: str | None = strawberry.field(description="Of a URL field.")


def _task_field(field: Any, value: dict[str, Any]) -> TaskField:
    options = {one.id: one for one in _options(field)}
    chosen: Iterable[str] = value.get("option_ids") or [value.get("option_id") or ""]
    named = [reference("FieldOption", one, field.project_id) for one in chosen if one]
    ordered = [one for one in options.values() if one.id in named]
    return TaskField(
        user_id=UUID(value["user_id"]) if "user_id" in value else None,
        field_id=reference("CustomField", str(field.id), field.project_id), field=field,
        value=presented_value(value, field.project_id), text=value.get("text"), number=value.get("number"),
        date=date.fromisoformat(value["date"]) if "date" in value else None,
        option=ordered[0] if "option_id" in value else None, options=ordered if "option_ids" in value else None,
        url=value.get("url"),
    )  # fmt: skip


async def fields_of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[list[TaskField]]:
    """What stands in each task's fields that are not deleted, in the fields' order."""
    projects = list({parent.project_id for parent in parents if parent.fields})
    found = await by_project(await context.reader(), CUSTOM_FIELDS, projects)
    return [
        [
            _task_field(field, value)
            for field in found[parent.project_id]
            if field.deleted_at is None
            and (value := shown_value(field, parent.fields.get(str(field.id)))) is not None
        ]
        if parent.fields
        else []
        for parent in parents
    ]


async def fields_of_projects(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    """The fields of each project, in order."""
    found = await by_project(await context.reader(), CUSTOM_FIELDS, list({parent.id for parent in parents}))
    return [[row for row in found[parent.id] if row.deleted_at is None] for parent in parents]


FETCHERS["CustomField"] = fetching(CUSTOM_FIELDS_BY_KEY)
