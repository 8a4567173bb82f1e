"""Queries as text: what one means, and how a typed filter is written as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.db import Reader
from app.errors import BadInput
from app.projects.access import visible_projects
from app.query_language.completing import suggest
from app.query_language.looking import names_for_filters, names_for_query
from app.query_language.meaning import Meaning, understand
from app.query_language.names import Names
from app.query_language.printing import print_query, sorts_by_custom
from app.query_language.sorting import Sort
from app.tasks.field_values import is_of_field
from app.tasks.grammar import EVERYTHING, TaskFilter
from schema.context import Context
from schema.ids import global_id
from schema.query_language.faults import QueryError, utf16_units
from schema.query_language.spelling import filter_as_input
from schema.tasks.filters import OrderDirection, TaskOrderField


@strawberry.type(description="What may stand at the cursor.")
class QuerySuggestion:
    text: str = strawberry.field(description="The text to put there.")
    start: int = strawberry.field(description="It takes the place of what stands from here up to the cursor.")


@strawberry.type(description="One term of an order.")
class TaskOrderTerm:
    field: TaskOrderField | None = strawberry.field(description="By what; null if by a custom field.")
    custom_field_id: strawberry.ID | None = strawberry.field(
        description="By what stands in this custom field."
    )
    direction: OrderDirection = strawberry.field(description="Which way.")


@strawberry.type(description="What a query's text means.")
class ParsedQuery:
    filter: JSON | None = strawberry.field(
        description="The same as a typed filter, to send as `TaskFilter`; null if there are errors."
    )
    order_by: list[TaskOrderTerm] = strawberry.field(description="What `sort:` says.")
    text: str | None = strawberry.field(
        description="The query as this server writes it, with the same meaning; null if there are errors."
    )
    errors: list[QueryError] = strawberry.field(description="What is wrong with it, in order of place.")
    suggestions: list[QuerySuggestion] = strawberry.field(
        description="With `cursor`: what may stand there, best first, at most 10."
    )


def order_terms(sort: Sort) -> list[TaskOrderTerm]:
    """The terms of an order as the schema shows them."""
    return [_order_term(name, OrderDirection.DESC if down else OrderDirection.ASC) for name, down in sort]


def _order_term(name: str, direction: OrderDirection) -> TaskOrderTerm:
    if not is_of_field(name):
        return TaskOrderTerm(field=TaskOrderField(name), custom_field_id=None, direction=direction)
    _, _, field_id, project_id = name.split(":")
    named = strawberry.ID(global_id("CustomField", UUID(project_id), UUID(field_id)))
    return TaskOrderTerm(field=None, custom_field_id=named, direction=direction)


def _characters(text: str, units: int) -> int:
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


def _checked(text: str) -> str:
    if "\x00" in text:
        raise BadInput("A query must not contain NUL characters.")
    return text


async def names_of(context: Context, project_ids: list[Any], text: str) -> Names:
    """The names that a query may use in these projects."""
    return await names_for_query(await context.reader(), context.viewer_id, project_ids, _checked(text))


async def parse_query(context: Context, project_ids: list[Any], text: str, cursor: int | None) -> ParsedQuery:
    """What a text means in these projects, and what may stand at the cursor (in UTF-16 code units)."""
    names = await names_of(context, project_ids, text)
    meaning = understand(text, names)
    places = [] if cursor is None else suggest(text, _characters(text, max(cursor, 0)), names)
    wrong = bool(meaning.faults)
    return ParsedQuery(
        filter=None if wrong else cast(JSON, filter_as_input(meaning.filter, names)),
        order_by=[] if wrong else order_terms(meaning.sort),
        text=None if wrong else print_query(meaning.filter, meaning.sort, names),
        errors=[QueryError.of(fault, text) for fault in meaning.faults],
        suggestions=[QuerySuggestion(text=one.text, start=utf16_units(text, one.start)) for one in places],
    )


async def print_filter(context: Context, project_ids: list[Any], asked: TaskFilter | None, sort: Sort) -> str:
    """A filter and an order as a query's text."""
    asked = asked or EVERYTHING
    names = await names_for_filters(
        await context.reader(), context.viewer_id, project_ids, [asked], custom=sorts_by_custom(sort)
    )
    return print_query(asked, sort, names)


async def printed_queries(
    context: Context, asked: Sequence[tuple[TaskFilter, Sort, UUID | None]]
) -> list[str]:
    """Filters and orders of projects (None: of all that the viewer sees) as texts, in constantly many statements."""
    reader = await context.reader()
    if any(project_id is None for _, _, project_id in asked):
        visible = await visible_projects(reader, context.viewer_id)
        context.remember(visible)
    else:
        visible = await context.projects([project_id for _, _, project_id in asked if project_id])
    filters = [one for one, _, _ in asked]
    custom = any(sorts_by_custom(sort) for _, sort, _ in asked)
    names = await names_for_filters(reader, context.viewer_id, list(visible), filters, custom=custom)
    return [print_query(one, sort, names.within(project_id)) for one, sort, project_id in asked]


async def meaning_of(context: Context, project_ids: list[Any], text: str) -> Meaning:
    """What a list's ``query`` means; raises ``BadInput`` with all its errors if it means nothing."""
    return await meaning_for(await context.reader(), context.viewer_id, project_ids, text)


async def meaning_for(reader: Reader, viewer_id: UUID, project_ids: list[UUID], text: str) -> Meaning:
    """The same for whoever has no context of an operation."""
    meaning = understand(text, await names_for_query(reader, viewer_id, project_ids, _checked(text)))
    if meaning.faults:
        told = [
            {"code": one.code, "message": one.message, "start": one.start, "end": one.end, "meant": one.meant}
            for one in (QueryError.of(fault, text) for fault in meaning.faults)
        ]
        raise BadInput(f"The query cannot be read: {told[0]['message']}", queryErrors=told)
    return meaning
