"""Leaks to plant: what somebody could get wrong in the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.accounts.models import User
from app.comments.models import Comment
from app.errors import NotFound
from app.links import actions as link_actions
from app.links.events import link_states
from app.projects import access as project_access
from app.projects.models import Project
from app.statements import sql
from app.tasks import decisions
from app.tasks.access import access_tasks
from app.teams import access as team_access
from app.teams.models import Team
from schema import queries
from schema.comments import types as comment_types
from schema.tasks import types as task_types
from tests.access.places import mark

Plant = Callable[[pytest.MonkeyPatch], None]

_WHOEVER = "$1::uuid IS NOT NULL"


def a_project_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """The viewer is dropped from the condition."""
    text = f"SELECT p.*, 'viewer' AS role FROM projects p WHERE p.id = ANY($2::uuid[]) AND {_WHOEVER}"
    patch.setattr(project_access, "_ROLES", sql(text, "viewer", "ids", model=Project))


def all_projects(patch: pytest.MonkeyPatch) -> None:
    """A list without its condition."""
    text = f"SELECT p.*, 'viewer' AS role FROM projects p WHERE {_WHOEVER} ORDER BY p.created_at, p.id"
    patch.setattr(project_access, "_VISIBLE", sql(text, "viewer", model=Project))


def a_team_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """The same of teams."""
    text = f"SELECT t.* FROM teams t WHERE t.id = ANY($2::uuid[]) AND {_WHOEVER}"
    patch.setattr(team_access, "_KNOWN", sql(text, "viewer", "ids", model=Team))


def anybody_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """The same of people."""
    text = f"SELECT u.* FROM users u WHERE u.id = ANY($2::uuid[]) AND {_WHOEVER}"
    patch.setattr(project_access, "_PEOPLE", sql(text, "viewer", "ids", model=User))


def a_loader_without_access(patch: pytest.MonkeyPatch) -> None:
    """Comments are read by their ids alone."""
    by_id = sql("SELECT c.* FROM comments c WHERE c.id = ANY($1::uuid[])", "ids", model=Comment)

    async def load(reader: Any, viewer_id: Any, ids: list[Any]) -> dict[Any, Any]:
        return {row.id: row for row in await reader.rows(by_id, ids=ids)}

    patch.setattr(comment_types, "access_comments", load)


def a_count_without_access(patch: pytest.MonkeyPatch) -> None:
    """The page is right, its count is of everything."""
    all_of_them = sql("SELECT count(*) FROM tasks WHERE deleted_at IS NULL")

    async def count(reader: Any, project_ids: Any, conditions: Any) -> int:
        total: int = await reader.value(all_of_them)
        return total

    patch.setattr(queries, "count_tasks", count)


def an_error_with_a_title(patch: pytest.MonkeyPatch) -> None:
    """A refusal says what it was about."""
    patch.setattr(decisions, "NotFound", lambda what, *, path: NotFound(f"{what} {mark('SEC')}", path=path))


def an_event_with_a_foreign_title(patch: pytest.MonkeyPatch) -> None:
    """The state of a link between projects says the far end's title."""

    def states(link: Any) -> dict[Any, dict[str, Any]]:
        found = link_states(link)
        return {one: state | {"kind": f"{link.kind} {mark('SEC')}"} for one, state in found.items()}

    patch.setattr(link_actions, "link_states", states)


def a_statement_more_for_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """The answer is the same; who counts or clocks statements knows."""
    somewhere = sql("SELECT task_id FROM task_locations WHERE task_id = ANY($1::uuid[])", "ids")

    async def look(reader: Any, viewer_id: Any, ids: list[Any]) -> dict[Any, Any]:
        if await reader.rows(somewhere, ids=ids):
            await reader.rows(somewhere, ids=ids)
        return await access_tasks(reader, viewer_id, ids)

    patch.setattr(task_types, "access_tasks", look)


def no_permission_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever sees a project may do anything in it."""
    patch.setattr(project_access, "_permits", lambda *_: True)
