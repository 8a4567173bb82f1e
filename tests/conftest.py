"""Real servers for the whole run, and for each test a database of its own with people in it."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import pytest
import strawberry
import structlog
from structlog.testing import LogCapture

import app.collecting
import app.main
import schema.execution
from app.config import Settings
from lockstep.embedded import Servers, temporary_servers
from schema.documents import Documents
from tests.databases import Databases, named
from tests.generous import GENEROUS
from tests.ledger import Log
from tests.mailbox import Mailbox
from tests.memory import folder_in_memory
from tests.service import Doors, Service, serve
from tests.world import Kept, World

# Statements that are made one when they have met before are made so at once: nothing hangs on what ran before.
app.collecting.MET_BEFORE = 0


# httpcore tries to import it at each request, and the search for what is not there took a twentieth of a run.
sys.modules.setdefault("sniffio", cast(Any, None))


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look through the schema again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis; each process of the run has its own."""
    with temporary_servers(folder_in_memory()) as running:
        yield running


@pytest.fixture(scope="session")
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Makes databases."""
    async with Databases.open(servers) as made:
        yield made


@pytest.fixture(scope="session")
async def blank(databases: Databases) -> str:
    """The name of a migrated database without a row, to clone."""
    return await databases.migrated()


@pytest.fixture(scope="session")
async def doors() -> AsyncIterator[Doors]:
    """Listening ports."""
    async with contextlib.AsyncExitStack() as stack:
        yield Doors(stack)


@pytest.fixture(scope="session")
async def mail_server() -> AsyncIterator[Mailbox]:
    """Where all services of the run send their mail."""
    async with Mailbox.open() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(mail_server: Mailbox) -> Mailbox:
    """The test's mail, by recipient."""
    mail_server.mails.clear()
    mail_server.answers.clear()
    return mail_server


@pytest.fixture(scope="session")
def make_settings(
    servers: Servers, mail_server: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Settings]:
    """Settings for a database, with what a test wants otherwise. One signing key: tokens are good in every clone."""
    data_dir = tmp_path_factory.mktemp("service")
    known: dict[str, Settings] = {}

    def read(**changes: Any) -> Settings:
        given = {
            "data_dir": data_dir, "redis_url": servers.redis_url, "pool_size": 10, "smtp_url": mail_server.url,
            # Hashes as cheap as can be: they are not what is tested.
            "argon2_time_cost": 1, "argon2_memory_kib": 64, "argon2_parallelism": 1,
            **GENEROUS, **changes,
        }  # fmt: skip
        return Settings(database_url=servers.database_url, **given)

    def make(database: str, **changes: Any) -> Settings:
        # Reading them takes 9 ms, and most tests want the same.
        wanted = repr(sorted(changes.items()))
        if wanted not in known:
            known[wanted] = read(**changes)
        urls = {"database_url": servers.database_url, "database_owner_url": servers.owner_url}
        return known[wanted].model_copy(update={name: named(url, database) for name, url in urls.items()})

    return make


@dataclass(frozen=True)
class Template:
    """A database to clone and what is in it."""

    database: str
    kept: Kept


@pytest.fixture(scope="session")
def quiet() -> Iterator[None]:
    """The service's own log set-up would take the place of pytest's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.main, "configure_logs", lambda settings: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def documents_validated_once() -> Iterator[None]:
    """Services of the same limits share their valid documents: each test would validate the same ones anew."""
    made: dict[Any, Documents] = {}

    def shared(served: strawberry.Schema, limits: Any, **rules: Any) -> Documents:
        return made.setdefault((served, limits, repr(rules)), Documents(served, limits, **rules))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema.execution, "Documents", shared)
        yield


@pytest.fixture(scope="session")
async def template(
    databases: Databases, blank: str, doors: Doors, make_settings: Callable[..., Settings], quiet: None
) -> Template:
    """The world, made once."""
    database = await databases.clone(blank)
    async with serve(doors, make_settings(database)) as service:
        kept = await World.make(service)
    return Template(database, kept)


@pytest.fixture
def logged(quiet: None) -> Iterator[list[Any]]:
    """What the service told its log. A test that provokes an error takes it out of the list."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, capture],
        cache_logger_on_first_use=False,
    )
    yield capture.entries
    structlog.configure(**before)
    complaints = [entry for entry in capture.entries if entry["log_level"] in ("error", "critical")]
    assert not complaints, complaints


@pytest.fixture
async def database(databases: Databases, template: Template) -> AsyncIterator[str]:
    """The test's own clone of the world: its name."""
    async with databases.copy_of(template.database) as name:
        yield name


@pytest.fixture
async def service(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> AsyncIterator[Service]:
    """The application on the test's own database."""
    async with serve(doors, make_settings(database)) as running:
        yield running


@pytest.fixture
def world(service: Service, template: Template) -> World:
    """The people and places, as clients of the test's service."""
    return World(service, template.kept)


@pytest.fixture
async def log(servers: Servers, service: Service, database: str) -> AsyncIterator[Log]:
    """The test's database, read past all access."""
    connection = await asyncpg.connect(named(servers.admin_url, database))
    yield Log(connection)
    await connection.close()
