"""`lockstep token`: an access token for whoever can read the signing key and the database anyway."""

from collections.abc import Sequence
from uuid import UUID

from app.accounts.actions import check_email
from app.accounts.models import SignInMethod
from app.accounts.reads import account_id
from app.accounts.sessions import begin_sign_in
from app.accounts.tokens import Tokens
from app.config import Settings
from app.db import Database
from app.errors import ValidationFailed
from app.events.models import Event
from app.work import Actor, Store, run_unit
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
        # Nobody refreshes what is printed: the session lives as long as the token.
        action, _ = begin_sign_in(user_id, refresh_days=None, method=SignInMethod.COMMAND)
        done = await run_unit(Store(database, _NoDoorbell()), Actor(user_id), action)
        return Tokens.open(settings).issue(user_id, UUID(done.result["sign_in_id"]))[0]
    except ValidationFailed as error:
        raise ServersError(str(error)) from error
    except PermissionError as error:
        raise ServersError(f"cannot read the signing key {settings.keys_path}") from error
    finally:
        await database.close()
