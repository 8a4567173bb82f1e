"""`lockstep replay`: a recorded history through the public API, with many clients at once."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.config import Settings
from lockstep.backing import check_given
from lockstep.embedded import ServersError, temporary_servers
from lockstep.replay.faults import Asked, Redis
from lockstep.replay.history import ReplayError, read_history
from lockstep.replay.report import print_report, write_refusals
from lockstep.replay.running import Outcome, Tell, replay
from lockstep.replay.servers import server_processes


def run(
    settings: Settings,
    path: Path,
    *,
    clients: int,
    asked: Asked,
    seed: int,
    limit: int | None,
    refusals: Path | None,
) -> int:
    """Replay, print what happened, and return the exit status: 1 if anything differs, is missing or doubled.

    Raises ServersError for what a person can do something about.
    """
    console = Console(soft_wrap=True)
    try:
        history = read_history(path, limit)
        with (
            _progress() as tell,
            _backing(settings, asked) as (named, redis),
            _folder() as folder,
            server_processes(named, folder) as servers,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            outcome = runner.run(
                replay(path, history, servers, redis, clients=clients, asked=asked, seed=seed, tell=tell)
            )
    except ReplayError as error:
        raise ServersError(str(error)) from error
    except BaseExceptionGroup as group:  # of several clients at once
        troubles = group.subgroup(ReplayError)
        if troubles is None:
            raise
        raise ServersError(str(_first(troubles))) from group
    print_report(outcome, console)
    if refusals is not None:
        write_refusals(outcome.sent, refusals)
    return status(outcome)


def _first(trouble: BaseException) -> BaseException:
    """The first of several."""
    return _first(trouble.exceptions[0]) if isinstance(trouble, BaseExceptionGroup) else trouble


def status(outcome: Outcome) -> int:
    """The exit status."""
    return 1 if outcome.findings else 0


@contextlib.contextmanager
def _backing(settings: Settings, asked: Asked) -> Iterator[tuple[Settings, Redis | None]]:
    """The given database and Redis, or temporary ones of our own, migrated."""
    from app.migrations import migrate  # noqa: PLC0415 (slow to import; `--help` does not wait for it)

    if check_given(settings):
        if asked.restart_redis:
            raise ReplayError(
                "--restart-redis needs a Redis of our own: leave DATABASE_URL and REDIS_URL unset"
            )
        if settings.database_owner_url:
            migrate(settings.database_owner_url)
        yield settings, None
        return
    with temporary_servers() as servers:
        migrate(servers.owner_url)
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        yield settings.model_copy(update=urls), Redis(servers.kill_redis, servers.start_redis)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Where the servers keep their signing key and logs."""
    with tempfile.TemporaryDirectory(prefix="lockstep-replay-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("starting", total=1)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total)

        yield tell
