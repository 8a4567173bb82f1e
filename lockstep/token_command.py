"""`lockstep token`: an access token for whoever can read the signing key and the database anyway."""

from uuid import UUID

from app.accounts.actions import begin_sign_in
from app.accounts.reads import users_by_email
from app.accounts.tokens import Tokens
from app.config import Settings
from app.db import Database
from app.work import Actor, Store, run_unit
from lockstep.embedded import ServersError


class _Silent:
    async def ring(self, events: object) -> None:
        """A sign-in has no events."""


async def issue(settings: Settings, email: str) -> str:
    """An access token of the account with this address. Raises ServersError if there is none."""
    database = await Database.open(
        settings.database_url, size=1, prepared_statements=settings.prepared_statements
    )
    try:
        address = email.strip().lower()
        async with database.snapshot() as reader:
            user = (await users_by_email(reader, [address])).get(address)
        if user is None:
            raise ServersError(f"no account has the address {email}")
        action, _ = begin_sign_in(user.id, refresh_days=settings.refresh_token_days)
        outcome = await run_unit(Store(database, _Silent()), Actor(user.id), action)
        tokens = Tokens.open(settings.keys_path, lifetime_seconds=settings.access_token_seconds)
        token, _ = tokens.issue(user.id, UUID(outcome.result["sign_in_id"]))
        return token
    finally:
        await database.close()
