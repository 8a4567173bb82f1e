"""A world furnished once with one of everything in each place, and its people, who are watched."""

from __future__ import annotations

import base64
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query

from app.access_tokens import door
from app.config import Settings
from app.search.index import PostgresIndex
from app.search.indexing import Indexer
from lockstep.embedded import Servers
from lockstep.privacy_commands import redact
from schema.ids import global_id
from tests.access.fields import Fields
from tests.access.oracle import Oracle, hidden_marks
from tests.access.places import PERSONS, Places, furnish
from tests.access.watch import Watch
from tests.client import Client
from tests.conftest import Template
from tests.databases import Databases, named
from tests.generous import GENEROUS
from tests.service import Doors, Service, serve
from tests.world import PEOPLE, Kept, World, uuids

ROOMY = {
    **GENEROUS, "max_aliases": 100_000, "max_tokens": 1_000_000, "max_cost": 1 << 31, "max_root_fields": 10_000,
    "max_depth": 200, "max_batch": 100, "pool_size": 3, "foreseen_questions": 0,
}  # fmt: skip
"""The proof's documents are larger than anybody's; what they may see does not depend on that. What a viewer has asked
before changes which of their statements go together, so nothing is foreseen where statements are compared."""


@dataclass(frozen=True)
class Furnished:
    """A database to clone, and what is in it."""

    database: str
    kept: Kept
    places: Places


@pytest.fixture(scope="session")
async def furnished(
    databases: Databases,
    template: Template,
    doors: Doors,
    make_settings: Callable[..., Settings],
    servers: Servers,
) -> Furnished:
    """The world with everything in it, made once."""
    database = await databases.clone(template.database)
    settings = make_settings(database, **ROOMY)
    async with serve(doors, settings) as service:
        places = await furnish(World(service, template.kept))
        for kind, fields in (("Task", ["title"]), ("Comment", ["body"])):
            await redact(settings, places.of("RED", kind), fields, "asked for")
        await Indexer(PostgresIndex()).catch_up(service.application.store)
    await _identities(named(servers.admin_url, database), places)
    return Furnished(database, template.kept, places)


async def _identities(url: str, places: Places) -> None:
    """Everybody's account at a provider, which only a provider could tell of."""
    connection = await asyncpg.connect(url)
    for name in PEOPLE:
        identity = places.add(f"of:{name}", "Identity", global_id("Identity", uuid4()))
        await connection.execute(
            "INSERT INTO identities VALUES ($1, $2, 'provider', 'https://provider.example', $3, $4, now(), now())",
            uuids(identity)[0], uuids(places.of(f"of:{name}", "User"))[0], f"zq{name}zq", f"zq{name}zq@there.example",
        )  # fmt: skip
    await connection.close()


@pytest.fixture
async def database(databases: Databases, furnished: Furnished) -> AsyncIterator[str]:
    """The test's own clone of the furnished world."""
    async with databases.copy_of(furnished.database) as name:
        yield name


@pytest.fixture
async def service(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> AsyncIterator[Service]:
    """The application on it, with room for the proof's documents."""
    async with serve(doors, make_settings(database, **ROOMY)) as running:
        yield running


def beginning(scope: str) -> str:
    """The cursor at the beginning of a scope's log."""
    number = uuids(scope)[0].bytes
    return base64.urlsafe_b64encode(struct.pack(">16sQ4s", number, 0, number[-4:])).rstrip(b"=").decode()


class Access:
    """The furnished world, as its people see it: every answer to them is watched."""

    def __init__(self, service: Service, furnished: Furnished, schema: GraphQLSchema) -> None:
        self.service = service
        self.world = World(service, furnished.kept)
        self.places = furnished.places
        self.oracle = Oracle(self.world, self.places)
        self.fields = Fields(schema)
        self.watches: dict[str, Watch] = {}
        self._people: dict[str, Client] = {}

    def person(self, name: str) -> Client:
        """One of `PERSONS`, watched."""
        if name not in self._people:
            client = self.world.person(name) if name != "robot" else self._robot()
            watch = Watch(name, tuple(word.encode() for word in hidden_marks(name)))
            client._http.event_hooks["response"].append(watch.hear)
            self._people[name], self.watches[name] = client, watch
        return self._people[name]

    def people(self) -> dict[str, Client]:
        """All of them."""
        return {name: self.person(name) for name in PERSONS}

    def root_values(self, place: str) -> dict[str, Any]:
        """Values for the variables of root fields, about a place."""
        scope = self.places.of(place, "Scope")
        kinds = self.places.ids[place]
        return {
            "node": kinds["Task"][0], "nodes": [ids[0] for ids in kinds.values()], "projectKey": place,
            "taskKey": f"{place}-1", "project": kinds["Project"][0], "scope": scope, "cursor": beginning(scope),
            "workspace": self.places.of("ELW" if place == "ELS" else "WRK", "Workspace"),
        }  # fmt: skip

    def check(self) -> None:
        """Fails if anybody was told what they may not know."""
        for watch in self.watches.values():
            watch.check()

    def _robot(self) -> Client:
        client = self.service.client(self.places.robot["token"])
        client.user_id = self.places.robot["user_id"]
        return client


@pytest.fixture(scope="session")
async def schema(
    furnished: Furnished, doors: Doors, make_settings: Callable[..., Settings], databases: Databases
) -> GraphQLSchema:
    """The schema as the service tells it to anybody who asks."""
    async with (
        databases.copy_of(furnished.database) as name,
        serve(doors, make_settings(name, **ROOMY)) as service,
    ):
        return build_client_schema(await service.client().query(get_introspection_query()))


@pytest.fixture
async def access(
    service: Service, furnished: Furnished, schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> Access:
    """The proof's way in. The robot's token is looked up once: that it is again counts as a statement."""
    monkeypatch.setattr(door, "REMEMBER_SECONDS", 3600)
    access = Access(service, furnished, schema)
    await access.person("robot").query("{ __typename }")
    return access
