"""PostgreSQL and a Redis-protocol server, from wheels, under our own supervision; nothing to install."""

from lockstep.embedded.errors import InUseError, ServersError
from lockstep.embedded.folder import check_unused, secrets_in_use
from lockstep.embedded.servers import Servers, start_servers, temporary_servers

__all__ = [
    "InUseError",
    "Servers",
    "ServersError",
    "check_unused",
    "secrets_in_use",
    "start_servers",
    "temporary_servers",
]
