"""The database and the Redis that a command works with: those given, those already running, or our own."""

import contextlib
import sys
import time
from collections.abc import Iterator

import psycopg

from app.config import Settings
from lockstep.embedded import ServersError, secrets_in_use, start_servers

READY_SECONDS = 15


def say(line: str) -> None:
    """Progress goes to standard error: standard output is for what a command was asked for."""
    print(f"lockstep: {line}", file=sys.stderr, flush=True)


def check_given(settings: Settings) -> bool:
    """Whether servers are given by URL; raises ServersError if only one of the two is."""
    if bool(settings.database_url) != bool(settings.redis_url):
        missing = "REDIS_URL" if settings.database_url else "DATABASE_URL"
        raise ServersError(f"{missing} is not set: give both it and its companion, or neither")
    return bool(settings.database_url)


@contextlib.contextmanager
def own_servers(settings: Settings) -> Iterator[Settings]:
    """Starts the embedded servers, unless others are given, and yields settings that name the servers to use.

    Raises InUseError when another process runs those of the data folder: two services would be one too many.
    """
    if check_given(settings):
        yield settings
        return
    with start_servers(settings.data_dir, progress=say) as servers:
        yield settings.model_copy(
            update={
                "database_url": servers.database_url,
                "database_owner_url": servers.owner_url,
                "redis_url": servers.redis_url,
            }
        )


@contextlib.contextmanager
def any_servers(settings: Settings) -> Iterator[Settings]:
    """Like `own_servers`, but joins the servers that another process, such as `make dev`, runs already."""
    secrets = None if check_given(settings) else secrets_in_use(settings.data_dir)
    if secrets is None:
        with own_servers(settings) as named:
            yield named
        return
    _wait_until_ready(secrets.owner_url)
    yield settings.model_copy(
        update={
            "database_url": secrets.database_url,
            "database_owner_url": secrets.owner_url,
            "redis_url": secrets.redis_url,
        }
    )


def _wait_until_ready(url: str) -> None:
    """The process that runs the servers may only just have begun to start them."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise ServersError(f"the database does not answer: {error}") from error
            time.sleep(0.1)
