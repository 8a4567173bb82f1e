"""Where reading begins."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.accounts.reads import users_by_id
from app.collecting import side_by_side
from app.cursors import read_page_request
from app.errors import BadInput
from app.projects.access import access_projects_by_key, visible_projects
from app.tasks.lists import count_tasks, page_of_tasks
from app.tasks.reads import task_ids_by_number, tasks_of_key
from app.workspaces.access import access_workspaces
from schema.accounts.types import Viewer
from schema.context import Context
from schema.dependence import Dependence
from schema.edges import Info, root_field
from schema.events.subscriptions import EventFrame, events_after
from schema.identities.types import SignInProvider
from schema.ids import read_global_id, read_id, read_optional_id
from schema.inbox.types import Inbox
from schema.inputs import given
from schema.limits.types import RateLimit, current_rate_limit
from schema.nodes import Node, nodes_by_id
from schema.paging import Connection, connection
from schema.projects.types import Project
from schema.query_language.types import ParsedQuery, parse_query, print_filter
from schema.search.queries import SearchQuery
from schema.tasks.asked import asked_tasks
from schema.tasks.filters import TaskFilterInput, TaskOrder, read_filter, read_order
from schema.tasks.types import Task, tasks_for_viewer
from schema.workspaces.types import Workspace

NODES_AT_ONCE = 100


async def _project_by_key(context: Context, key: str, workspace_id: UUID | None) -> list[Any]:
    viewer_id = context.viewer_id  # signed out, nothing is asked of the database
    reader = await context.reader()
    found = await access_projects_by_key(reader, viewer_id, key.strip().upper(), workspace_id)
    context.remember(found)
    return list(found.values())


async def _projects_asked(
    context: Context, viewer_id: UUID, project_ids: list[strawberry.ID] | None
) -> dict[UUID, Any]:
    """Those of the projects (None: of all) that the viewer sees."""
    visible = await visible_projects(await context.reader(), viewer_id)
    if project_ids is not None:
        asked = {read_id(one, "Project") for one in project_ids}
        visible = {one: row for one, row in visible.items() if one in asked}
    context.remember(visible)
    return visible


@strawberry.type(
    description="What can be read. A query is of one moment; `extensions.positions` says of which."
)
class Query(SearchQuery):
    @root_field("You; null when nobody is signed in.")
    async def viewer(self, info: Info) -> Viewer | None:
        context = info.context
        if context.session.viewer is None:
            return None
        viewer: Any = (await users_by_id(await context.reader(), [context.viewer_id])).get(context.viewer_id)
        return viewer  # type: ignore[no-any-return]

    @root_field("Where people can sign in other than by a password; for whoever shows the buttons.")
    async def sign_in_providers(self, info: Info) -> list[SignInProvider]:
        clients = info.context.application.providers.by_name.values()
        return [SignInProvider(name=one.provider.name, title=one.provider.title) for one in clients]

    @root_field(
        "Anything by its id; null if it is not there for you.", dependence=Dependence.SCOPE, logged=True
    )
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        _ = info.context.viewer_id
        rows = await nodes_by_id(info.context, [read_global_id(id)], None)
        return rows[0]  # type: ignore[no-any-return]

    @root_field(
        "Several things by their ids, in their order; null for what is not there for you.",
        dependence=Dependence.SCOPE,
        logged=True,
    )
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        _ = info.context.viewer_id
        if len(ids) > NODES_AT_ONCE:
            raise BadInput(f"At most {NODES_AT_ONCE} ids at once.")
        return await nodes_by_id(info.context, [read_global_id(one) for one in ids], None)

    @root_field("Your workspaces, oldest first.")
    async def workspaces(self, info: Info) -> list[Workspace]:
        viewer_id = info.context.viewer_id
        found = await access_workspaces(await info.context.reader(), viewer_id)
        return list(found.values())  # type: ignore[arg-type]

    @root_field("The projects that you see, oldest first.", logged=True)
    async def projects(self, info: Info) -> list[Project]:
        viewer_id = info.context.viewer_id
        found = await visible_projects(await info.context.reader(), viewer_id)
        info.context.remember(found)
        return list(found.values())  # type: ignore[arg-type]

    @root_field(
        "A project by its key, such as ENG; null if it is not there for you. Say the workspace if you "
        "have projects of that key in several.",
        logged=True,
    )
    async def project(
        self, info: Info, key: str, workspace_id: strawberry.ID | None = strawberry.UNSET
    ) -> Project | None:
        within = read_optional_id(given(workspace_id), "Workspace")
        found = await _project_by_key(info.context, key, within)
        if len(found) > 1:
            raise BadInput(f"You have projects {key} in several workspaces. Say which: workspaceId.")
        return found[0] if found else None

    @root_field(
        "A task by its key, such as ENG-12; null if it is not there for you. The old key of a "
        "transferred task finds it too.",
        logged=True,
    )
    async def task(
        self, info: Info, key: str, workspace_id: strawberry.ID | None = strawberry.UNSET
    ) -> Task | None:
        project_key, dash, number = key.strip().rpartition("-")
        if not dash or not number.isascii() or not number.isdigit() or len(number) > 9:
            raise BadInput("A task's key is its project's key and a number, such as ENG-12.")
        within = read_optional_id(given(workspace_id), "Workspace")
        viewer_id = info.context.viewer_id
        reader = await info.context.reader()
        projects, found = await side_by_side(
            reader,
            _project_by_key(info.context, project_key, within),
            tasks_of_key(reader, viewer_id, project_key.strip().upper(), int(number)),
        )
        if len(projects) == 1:
            for task in found:
                if task.project_id == projects[0].id:
                    return task  # type: ignore[no-any-return]
        # It may have gone to another project, or there may be several of that key.
        ids = await task_ids_by_number(reader, [project.id for project in projects], int(number))
        tasks = [
            row for row in await tasks_for_viewer(info.context, [(one,) for one in ids]) if row is not None
        ]
        if len(tasks) > 1:
            raise BadInput(f"You have tasks {key} in several workspaces. Say which: workspaceId.")
        return tasks[0] if tasks else None

    @root_field("Tasks of all projects that you see, or of those named; by when they were made.", logged=True)
    async def tasks(
        self,
        info: Info,
        project_ids: list[strawberry.ID] | None = strawberry.UNSET,
        filter: TaskFilterInput | None = strawberry.UNSET,
        query: str | None = strawberry.UNSET,
        order_by: list[TaskOrder] | None = strawberry.UNSET,
        first: int | None = strawberry.UNSET,
        after: str | None = strawberry.UNSET,
        last: int | None = strawberry.UNSET,
        before: str | None = strawberry.UNSET,
    ) -> Connection[Task]:
        context, viewer_id = info.context, info.context.viewer_id
        reader = await context.reader()
        visible = await _projects_asked(context, viewer_id, given(project_ids))
        conditions, orders = await asked_tasks(
            context, list(visible), given(filter), given(query), given(order_by), ("created_at", False)
        )
        request = read_page_request(
            orders, first=given(first), after=given(after), last=given(last), before=given(before)
        )
        page = await page_of_tasks(reader, list(visible), orders, request, conditions)

        async def count(context: Context, keys: list[Any]) -> list[int]:
            total = await count_tasks(await context.reader(), list(visible), conditions)
            return [total for _ in keys]

        return connection(page, count, ())  # type: ignore[no-any-return]

    @root_field(
        "What a query's text means in the projects that you see, or in those named: `assignee:me "
        'status:"In progress" -label:wontfix due:<7d sort:-updated`. Nothing is read of tasks.'
    )
    async def query_parse(
        self,
        info: Info,
        text: str,
        project_ids: list[strawberry.ID] | None = strawberry.UNSET,
        cursor: int | None = strawberry.UNSET,
    ) -> ParsedQuery:
        visible = await _projects_asked(info.context, info.context.viewer_id, given(project_ids))
        return await parse_query(info.context, list(visible), text, given(cursor))

    @root_field("A typed filter and an order as a query's text, which `queryParse` makes the same of again.")
    async def query_print(
        self,
        info: Info,
        project_ids: list[strawberry.ID] | None = strawberry.UNSET,
        filter: TaskFilterInput | None = strawberry.UNSET,
        order_by: list[TaskOrder] | None = strawberry.UNSET,
    ) -> str:
        visible = await _projects_asked(info.context, info.context.viewer_id, given(project_ids))
        asked = read_filter(given(filter))
        return await print_filter(
            info.context, list(visible), asked, await read_order(info.context, given(order_by))
        )

    @root_field("Your inbox.")
    async def inbox(self, info: Info) -> Inbox:
        info.context.reflect(info.context.viewer_id)
        return Inbox(user_id=info.context.viewer_id)

    @root_field(
        "What this operation cost you, and what you may still ask for; null where nothing is limited."
    )
    async def rate_limit(self, info: Info) -> RateLimit | None:
        return current_rate_limit()

    events: EventFrame = strawberry.field(
        resolver=events_after,
        description="The events of a scope after a cursor, over plain HTTP: what the subscription `events` would "
        "replay, at most 500 at once. `more` says whether to ask again.",
    )
