"""`lockstep token`: an access token for whoever can read the signing key and the database anyway."""

from app.config import Settings
from lockstep.embedded import ServersError


async def issue(settings: Settings, email: str) -> str:
    """An access token of the account with this address. Raises ServersError if there is none."""
    raise ServersError(f"not built yet: {settings.base_url} {email}")
