"""`lockstep import` of an export: whole projects into a workspace, on the machine that owns the database."""

import asyncio
from pathlib import Path

import asyncpg
from broadcaster import Broadcast

from app.config import Settings
from app.db import Database
from app.errors import ClientError, Refusal
from app.events.doorbell import RedisDoorbell
from app.events.models import ActorKind
from app.events.redis_backend import RedisBackend
from app.exchange.reading import Contents, NoExport, survey
from app.exchange.restoring import Restoration, try_restoration
from app.imports.reports import Report
from app.imports.targets import TargetUnclear, find_target, looking
from app.work import Actor, Store
from lockstep.embedded import ServersError


def run_restoration(
    settings: Settings,
    path: Path,
    key: str | None,
    *,
    workspace: str | None,
    email: str | None,
    dry_run: bool,
) -> Report:
    """Import an export and print what it could not keep; the counts. Raises ServersError with one line."""
    report = Report(print)
    try:
        contents = survey(path)
        asyncio.run(
            _restore(settings, path, contents, report, _keys(contents, key), workspace, email, dry_run)
        )
    except (NoExport, TargetUnclear) as error:
        raise ServersError(f"{path}, {error}") from error
    except asyncpg.UndefinedTableError as error:
        raise ServersError("the database is not up to date: run `lockstep migrate`") from error
    except OSError as error:
        raise ServersError(f"the import was broken off ({error}); run it again to go on") from error
    except (Refusal, ClientError) as refusal:
        raise ServersError(refusal.message) from refusal
    return report


def _keys(contents: Contents, key: str | None) -> dict[str, str]:
    """What the projects are called here, by their keys in the file."""
    own = [str(state["key"]) for state in contents.projects.values()]
    if key is None:
        return {one: one for one in own}
    if len(own) != 1:
        raise TargetUnclear(f"it has {len(own)} projects, which keep their keys: leave out --project")
    return {own[0]: key.strip().upper()}


async def _restore(
    settings: Settings, path: Path, contents: Contents, report: Report, keys: dict[str, str], workspace: str | None,
    email: str | None, dry_run: bool,
) -> None:  # fmt: skip
    if dry_run:
        try_restoration(path, report)
        return
    database = await Database.open(
        settings.database_url, size=2, prepared_statements=settings.prepared_statements
    )
    backend = RedisBackend(settings.redis_url)
    try:
        async with looking(database, settings.database_owner_url, email) as reader:
            target = await find_target(reader, next(iter(keys.values())), workspace=workspace, email=email)
        store = Store(database, RedisDoorbell(Broadcast(backend=backend)))
        actor = Actor(target.actor_id, ActorKind.IMPORT)
        await Restoration(store, actor, target.workspace_id, path, report, keys).run()
    finally:
        await backend.disconnect()
        await database.close()
