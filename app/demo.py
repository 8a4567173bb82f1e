"""The demo workspace of `lockstep dev`: one owner, one colleague's seat, one small board."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from app.accounts.passwords import Passwords
from app.accounts.reads import account_id
from app.accounts.signing_in import sign_up
from app.comments.actions import add_comments
from app.comments.commands import NewComment
from app.config import Settings
from app.db import Database, Reader
from app.links.actions import add_link
from app.outcomes import Result
from app.projects.actions.settings import create_project
from app.statements import sql
from app.tasks.actions.create import create_tasks
from app.tasks.commands import NewTask, TaskPatch
from app.work import Action, Actor, Store, run_unit
from app.workspaces.actions import create_workspace

TASKS: tuple[tuple[str, str, str, int, str], ...] = (
    ("Read the five-minute tour", "Done", "task", 2, "It is in the README; every command can be pasted."),
    (
        "Follow the board live",
        "In progress",
        "task",
        1,
        "Subscribe to `events(scope:)` and change a task elsewhere.",
    ),
    ("Edit one description from two windows", "To do", "task", 2, "Edits of different words merge."),
    (
        "Make two windows disagree",
        "To do",
        "bug",
        1,
        "Change one title in both: the second one is told of the clash.",
    ),
    ("Pull the network cable", "To do", "feature", 3, "The stream goes on from its cursor; nothing is lost."),
    ("Import your own tracker", "Backlog", "feature", 4, "`lockstep import FILE --project KEY`"),
)

_STATUSES = sql("SELECT id, name FROM statuses WHERE project_id = $1", "project")
_TYPES = sql("SELECT id, name FROM task_types WHERE project_id = $1", "project")


class _Silent:
    async def ring(self, events: Any) -> None:
        """Nobody listens yet: the service starts after the seed."""


def seed(settings: Settings, email: str, password: str) -> bool:
    """Make the demo workspace if nobody has the address; True if the owner can sign in with the password."""
    return asyncio.run(_seed(settings, email, password))


async def _seed(settings: Settings, email: str, password: str) -> bool:
    database = await Database.open(
        settings.database_url, size=2, prepared_statements=settings.prepared_statements
    )
    try:
        async with database.snapshot() as reader:
            if await account_id(reader, email) is not None:
                return True
        await _make(Store(database, _Silent()), Passwords.of(settings), email, password)
        return True
    finally:
        await database.close()


async def _make(store: Store, passwords: Passwords, email: str, password: str) -> None:
    action, _ = await sign_up(passwords, email, password, "Demo Owner", "UTC", refresh_days=1, web_url="")
    owner = Actor(UUID((await run_unit(store, Actor(None), action)).result["user_id"]))

    async def run(action: Action) -> Result:
        return (await run_unit(store, owner, action)).result

    workspace = await run(create_workspace("Demo"))
    project = await run(
        create_project(
            UUID(workspace["workspace_id"]), "DEMO", "Demo board", description="A board to try things on."
        )
    )
    project_id = UUID(project["project_id"])
    async with store.database.snapshot(owner.user_id) as reader:
        statuses, types = (
            await _named(reader, _STATUSES, project_id),
            await _named(reader, _TYPES, project_id),
        )
    made = await run(
        create_tasks(
            [
                NewTask(
                    project_id,
                    title,
                    patch=TaskPatch(
                        values={"status_id": statuses[status], "type_id": types[kind], "priority": priority},
                        sections={"description": text},
                    ),
                )
                for title, status, kind, priority, text in TASKS
            ]
        )
    )
    ids = [UUID(one) for one in made["task_ids"]]
    await run(add_comments([NewComment(ids[1], "Open GraphiQL twice: one window follows, the other edits.")]))
    await run(add_link(ids[0], "blocks", ids[5]))


async def _named(reader: Reader, statement: Any, project_id: UUID) -> dict[str, UUID]:
    return {row.name: row.id for row in await reader.rows(statement, project=project_id)}
