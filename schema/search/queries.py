"""Searching."""

from __future__ import annotations

import strawberry

from app.projects.access import visible_projects
from app.search.finding import search_tasks
from app.search.terms import read_terms
from app.tasks.filters import filter_conditions
from schema.edges import Info, root_field
from schema.ids import read_id, read_optional_id
from schema.inputs import given
from schema.search.types import SearchResult
from schema.tasks.filters import TaskFilterInput, filter_scope, read_filter


@strawberry.type
class SearchQuery:
    @root_field(
        "Tasks by what is said in their titles, texts and comments, in all that you see. All words must be there; "
        '`"exact words"`, `-without`, `begin*`, and a key such as ENG-12. The last word may be unfinished. A word that '
        "no text has is taken for those that look like it. New text is found within a second."
    )
    async def search(
        self,
        info: Info,
        text: str,
        project_ids: list[strawberry.ID] | None = strawberry.UNSET,
        workspace_id: strawberry.ID | None = strawberry.UNSET,
        filter: TaskFilterInput | None = strawberry.UNSET,
    ) -> SearchResult:
        context, viewer_id = info.context, info.context.viewer_id
        terms = read_terms(text)
        within = read_optional_id(given(workspace_id), "Workspace")
        reader = await context.reader()
        visible = await visible_projects(reader, viewer_id)
        if within is not None:
            visible = {one: row for one, row in visible.items() if row.workspace_id == within}
        if given(project_ids) is not None:
            asked = {read_id(one, "Project") for one in project_ids or ()}
            visible = {one: row for one, row in visible.items() if one in asked}
        conditions = None
        if given(filter) is not None:
            narrowed = read_filter(given(filter))
            conditions = filter_conditions(narrowed, await filter_scope(context, given(filter)))
        context.remember(visible)
        findings = await search_tasks(reader, context.application.search, terms, list(visible), conditions)
        return SearchResult(findings=findings, project_ids=list(visible), filtered=conditions is not None)
