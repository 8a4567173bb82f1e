"""`lockstep token`: an access token for whoever can read the signing key and the database anyway."""

from collections.abc import Sequence

from app.accounts.actions import check_email
from app.accounts.models import SignIn
from app.accounts.reads import account_id
from app.accounts.tokens import Tokens
from app.config import Settings
from app.db import Database
from app.errors import ValidationFailed
from app.events.models import Event
from app.ids import new_id
from app.outcomes import Result
from app.values import now_utc
from app.work import Actor, Store, Work, run_unit
from app.writes import insert_rows
from lockstep.embedded import ServersError


class _NoDoorbell:
    async def ring(self, events: Sequence[Event]) -> None:
        """A sign-in is no change of a scope: there is nothing to tell anyone."""


async def issue(settings: Settings, email: str) -> str:
    """An access token of the account with this address, by a sign-in of its own that has no refresh token.

    Raises ServersError if there is no such account, or the signing key is closed to us.
    """
    database = await Database.open(
        settings.database_url, size=1, prepared_statements=settings.prepared_statements
    )
    try:
        async with database.snapshot() as reader:
            address = check_email(email)
            user_id = await account_id(reader, address)
        if user_id is None:
            raise ServersError(f"nobody signs in with the address {email}")
        sign_in_id = new_id()

        async def action(work: Work) -> Result:
            await insert_rows(work, SignIn, [{"id": sign_in_id, "user_id": user_id, "created_at": now_utc()}])
            return {}

        await run_unit(Store(database, _NoDoorbell()), Actor(user_id), action)
        tokens = Tokens.open(settings.keys_path, lifetime_seconds=settings.access_token_seconds)
        return tokens.issue(user_id, sign_in_id)[0]
    except ValidationFailed as error:
        raise ServersError(str(error)) from error
    except PermissionError as error:
        raise ServersError(f"cannot read the signing key {settings.keys_path}") from error
    finally:
        await database.close()
