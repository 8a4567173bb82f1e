"""Databases for tests: one migrated template, and a clone of it for each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from app.migrations import SERVICE_ROLE, migrate
from lockstep.embedded import Servers


def named(url: str, database: str) -> str:
    """The same server and role, another database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


class Databases:
    """Makes and drops databases on embedded servers; one superuser connection does it."""

    def __init__(self, servers: Servers, admin: asyncpg.Connection) -> None:
        self.servers = servers
        self._admin = admin
        self._numbers = itertools.count(1)

    @classmethod
    @asynccontextmanager
    async def open(cls, servers: Servers) -> AsyncIterator[Databases]:
        admin = await asyncpg.connect(named(servers.admin_url, "postgres"))
        try:
            yield cls(servers, admin)
        finally:
            await admin.close()

    async def migrated(self) -> str:
        """A new database with today's tables; its name."""
        name = await self._create("template1", strategy="wal_log")
        migrate(named(self.servers.owner_url, name))
        return name

    async def clone(self, template: str) -> str:
        """A copy of a database that nobody is connected to; its name."""
        return await self._create(template, strategy="file_copy")

    async def _create(self, template: str, *, strategy: str) -> str:
        name = f"test_{next(self._numbers)}"
        owner = urlsplit(self.servers.owner_url).username
        await self._admin.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy} OWNER {owner}"
        )
        await self._admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        await self._admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {SERVICE_ROLE}")
        return name

    async def drop(self, name: str) -> None:
        await self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def copy_of(self, template: str) -> AsyncIterator[str]:
        """A clone that is dropped at the end."""
        name = await self.clone(template)
        try:
            yield name
        finally:
            await self.drop(name)
