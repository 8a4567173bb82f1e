"""`lockstep import`: a tracker's file into a project, on the machine that owns the database."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from broadcaster import Broadcast
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.config import Settings
from app.db import Database
from app.errors import ClientError, Refusal
from app.events.doorbell import RedisDoorbell
from app.events.redis_backend import RedisBackend
from app.exchange.reading import is_export
from app.imports.csv_tables import UnknownColumn, read_mapping
from app.imports.formats import Source, UnknownFormat, open_source
from app.imports.json_items import MalformedJson
from app.imports.reports import Report
from app.imports.run import STEPS, import_file, open_project_of, try_file
from app.imports.targets import TargetUnclear, find_target, looking
from app.work import Store
from lockstep.embedded import ServersError
from lockstep.restore_command import run_restoration

COUNTED = (
    ("projects", "projects new"), ("created", "issues new"), ("updated", "issues changed"),
    ("unchanged", "issues as they were"),
    ("comments", "comments new"), ("comments_updated", "comments changed"), ("links", "links new"),
    ("parents", "parents set"), ("words", "statuses, types and labels new"), ("placeholders", "placeholder people new"),
)  # fmt: skip


def run_import(
    settings: Settings,
    path: Path,
    key: str | None,
    *,
    workspace: str | None,
    email: str | None,
    columns: Sequence[str] = (),
    dry_run: bool,
) -> None:
    """Import and print what became of it; raises ServersError with one line on what is wrong."""
    try:
        if is_export(path):
            begun = time.monotonic()
            restored = run_restoration(settings, path, key, workspace=workspace, email=email, dry_run=dry_run)
            _tell(restored, "the workspace", time.monotonic() - begun, dry_run=dry_run)
            return
        if key is None:
            raise ServersError("say into which project: --project KEY")
        source = open_source(path, read_mapping(columns) if columns else None)
    except OSError as error:
        raise ServersError(f"cannot read {path}: {error.strerror}") from error
    except (UnknownFormat, UnknownColumn) as error:
        raise ServersError(f"cannot import {path}: {error}") from error
    try:
        # However many notes there are, they are not in memory; they are printed once the bars are done.
        with tempfile.SpooledTemporaryFile(1 << 20, "w+", encoding="utf-8") as notes:
            report = Report(lambda note: print(note, file=notes))
            begun = time.monotonic()
            project = asyncio.run(_import(settings, source, report, key, workspace, email, dry_run))
            notes.seek(0)
            shutil.copyfileobj(notes, sys.stdout)
    except asyncpg.UndefinedTableError as error:
        raise ServersError("the database is not up to date: run `lockstep migrate`") from error
    except OSError as error:
        raise ServersError(f"the import was broken off ({error}); run it again to go on") from error
    except Refusal as refusal:
        raise ServersError(refusal.message) from refusal
    except (ClientError, TargetUnclear) as error:
        raise ServersError(str(error)) from error
    except MalformedJson as error:
        raise ServersError(f"{path}, {error}") from error
    _tell(report, project, time.monotonic() - begun, dry_run=dry_run)


async def _import(
    settings: Settings, source: Source, report: Report, key: str, workspace: str | None, email: str | None,
    dry_run: bool,
) -> str:  # fmt: skip
    database = await Database.open(
        settings.database_url, size=2, prepared_statements=settings.prepared_statements
    )
    backend = RedisBackend(settings.redis_url)
    store = Store(database, RedisDoorbell(Broadcast(backend=backend)))
    try:
        async with looking(database, settings.database_owner_url, email) as reader:
            target = await find_target(reader, key, workspace=workspace, email=email)
        with _bars() as bars:
            tasks = {step: bars.add_task(step, total=source.size) for step in STEPS}

            def hear(step: str, done: int) -> None:
                bars.update(tasks[step], completed=done)

            if dry_run:
                await try_file(store, target, source, report, hear)
            else:
                name = source.about(report).get("repo") or target.key
                project_id = await open_project_of(store, target, name)
                await import_file(store, target, project_id, source, report, hear)
    finally:
        await backend.disconnect()
        await database.close()
    return target.key


def _bars() -> Progress:
    """On standard error: standard output is for what was asked for."""
    columns = (TextColumn("{task.description:>7}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _tell(report: Report, project: str, seconds: float, *, dry_run: bool) -> None:
    notes = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(report.notes.items()))
    print(f"{'would do' if dry_run else 'imported into'} {project}: {_counted(report)}")
    print(f"notes: {notes or 'none, everything is kept'}")
    if not dry_run:
        told = f"{report.events} events in {report.units} units" if report.changed else "nothing changed"
        print(f"{told}, {seconds:.1f} s")


def _counted(report: Report) -> str:
    return (
        ", ".join(f"{report.counts[name]:,} {what}" for name, what in COUNTED if report.counts[name])
        or "nothing"
    )
