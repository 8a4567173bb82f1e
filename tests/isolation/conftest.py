"""A connection as the service's role, without the application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.connections import set_codecs
from app.declarations import declaring
from app.events.models import ActorKind
from app.history.checkpoints import write_checkpoints
from app.identities.answers import keep_answer
from app.oidc.client import Claims
from app.oidc.flow import challenge_of
from app.search.index import PostgresIndex
from app.search.indexing import Indexer
from app.work import Actor, run_unit
from lockstep.embedded import Servers
from tests.databases import named
from tests.proofs import PROOFS
from tests.world import World, uuids

ALSO = ("serviceAccountCreate", "invitationCreate", "joiningDomainAdd")
"""Mutations that fill what the rest of the world leaves empty."""


@dataclass(frozen=True)
class Role:
    """What the service's role sees and can do by raw SQL."""

    connection: asyncpg.Connection

    @asynccontextmanager
    async def declared(self, viewer_id: UUID | None) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that declares what a person may see (None: that declares nothing), rolled back at its end."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            if viewer_id is not None:
                await self.connection.execute(declaring(viewer_id))
            yield self.connection
        finally:
            await transaction.rollback()


@contextmanager
def refused_by_the_wall() -> Iterator[None]:
    """Either the role lacks the right, or the row does not pass the policy."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        yield


@pytest.fixture
async def role(servers: Servers, database: str) -> AsyncIterator[Role]:
    """The service's role on the test's database."""
    connection = await asyncpg.connect(named(servers.database_url, database))
    await set_codecs(connection)
    yield Role(connection)
    await connection.close()


@pytest.fixture
async def furnished(world: World) -> World:
    """The world with rows in every table that people fill: in ENG, in SEC that few see, and in the other workspace."""
    await world.hidden(world.secret, "owner")
    elsewhere = {**world.elsewhere, "workspace": world.kept.elsewhere["workspace"]}
    await world.hidden(elsewhere, "outsider")
    label = await world.label("Urgent")
    task = await world.task(labelIds=[label["id"]], assigneeIds=[world.viewer.user_id])
    await world.comment(task, "Words", clientMutationId=str(uuid4()))
    other = await world.task()
    await world.member.do("linkAdd", sourceId=task["id"], kind="blocks", targetId=other["id"])
    hidden = await world.task(by="owner", projectId=world.secret["id"])
    await world.owner.do("linkAdd", sourceId=task["id"], kind="relates", targetId=hidden["id"])
    await world.task(by="outsider", projectId=world.elsewhere["id"], assigneeIds=[world.outsider.user_id])
    field = await world.custom_field()
    values = [{"fieldId": field["id"], "value": {"text": "x"}}]
    planned = {"sprintId": (await world.sprint())["id"], "milestoneId": (await world.milestone())["id"]}
    await world.task(**planned, fields=values)
    await world.view()
    await world.view("Own", by="outsider", shared=False, projectId=None)
    for name in ALSO:
        await world.owner.do(name, "", **await PROOFS[name].prepare(world, world.owner))
    await world.team("viewer", roles={"eng": "VIEWER"})
    await world.member.do("accessTokenCreate", "", name="For a test", scopes=["READ"])
    await world.member.do("emailConfirmationSend", "")
    await _vouched_for(world)
    await write_checkpoints(world.service.application.store, every=3)
    await Indexer(PostgresIndex()).catch_up(world.service.application.store)
    return world


async def _vouched_for(world: World) -> None:
    """An identity of the member's, and one that nobody has fetched yet: what a provider's callback does."""
    store, service = world.service.application.store, Actor(None, ActorKind.SYSTEM)
    for subject in ("linked", "waiting"):
        claims = Claims("corp", "https://login.example.com", subject, None, email_verified=False, name=None)
        action, code = keep_answer(claims, challenge_of("verifier"))
        await run_unit(store, service, action)
        if subject == "linked":
            await world.member.do("identityLink", "", code=code, verifier="verifier")


def project_id(project: Any) -> UUID:
    """A project's id in the database."""
    return uuids(project["id"])[0]
