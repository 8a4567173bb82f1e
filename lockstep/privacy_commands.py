"""`lockstep erase-person` and `lockstep redact`: for whoever runs the database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from app.accounts.actions import check_email
from app.accounts.reads import account_id
from app.config import Settings
from app.db import Database
from app.errors import ClientError, Refusal
from app.events.models import ActorKind, Event
from app.privacy.erasure import erase_person
from app.privacy.redaction import Redaction, redact_comment, redact_task
from app.work import Actor, Store, run_unit
from lockstep.embedded import ServersError
from schema.ids import read_global_id


class _NoDoorbell:
    async def ring(self, events: Sequence[Event]) -> None:
        """Running services compare heads twice a second: they need no bell."""


@asynccontextmanager
async def _opened(url: str, settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(url, size=1, prepared_statements=settings.prepared_statements)
    try:
        yield database
    except (Refusal, ClientError) as refusal:
        raise ServersError(refusal.message) from None
    except asyncpg.InsufficientPrivilegeError:
        raise ServersError("DATABASE_OWNER_URL is not the owner of the tables") from None
    finally:
        await database.close()


async def erase(settings: Settings, email: str) -> str:
    """Erase the account with this address; what was done, in a line. Raises ServersError."""
    async with _opened(settings.database_url, settings) as database:
        async with database.snapshot() as reader:
            user_id = await account_id(reader, check_email(email))
        if user_id is None:
            raise ServersError("nobody signs in with this address")
        actor = Actor(user_id, ActorKind.SYSTEM)
        await run_unit(Store(database, _NoDoorbell()), actor, erase_person(user_id))
    return f"erased person {user_id}"


async def redact(settings: Settings, object_id: str, fields: Sequence[str], reason: str) -> str:
    """Redact texts of a task or comment by its id; what was done, in a line. Raises ServersError."""
    async with _opened(settings.database_owner_url, settings) as database:
        kind, uuids = read_global_id(object_id)
        if kind not in ("Task", "Comment"):
            raise ServersError("this is the id of neither a task nor a comment")
        wanted = Redaction(uuids[-1], tuple(fields), reason[:200])
        action = redact_task(wanted) if kind == "Task" else redact_comment(wanted)
        await run_unit(Store(database, _NoDoorbell()), Actor(None, ActorKind.SYSTEM), action)
    return f"redacted {', '.join(fields)} of {kind.lower()} {uuids[-1]}"
