"""Bounds that the doors keep, whatever a client does."""

from __future__ import annotations

from dataclasses import dataclass

from app.bounds import Network
from app.config import Settings


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bytes, seconds and counts.

    `connections`: of a process. `head_seconds`, `head_bytes`: for and of a request's head. `body_bytes`: of a
    request's body, and of one socket message. `body_seconds`: for a body to arrive. `request_seconds`: for a
    query to be answered. `batch`: requests in one body; 0
    refuses batches; `batch_cost`: of all of them. `proxies`: networks that are believed about client addresses, which
    they tell in `proxy_header`.

    `init_seconds`: from a socket's opening to its `connection_init`. `ping_seconds`: between our pings,
    and the longest silence of a stream. `idle_seconds`: for which a socket may run nothing.
    `operations`: running at once on one socket. `messages`: a second on one socket. `unsent_bytes`: kept for a socket
    whose client reads too slowly; beyond that its subscriptions pause. `stall_seconds`: how long it may read nothing
    at all. `user_sockets`, `address_sockets`, `user_streams`, `user_subscriptions`, `user_files`: open at once in this
    process.
    """

    connections: int = 10_000
    head_seconds: float = 10
    head_bytes: int = 65_536
    body_bytes: int = 1_048_576
    body_seconds: float = 30
    request_seconds: float = 30
    batch: int = 0
    batch_cost: int = 100_000
    proxies: tuple[Network, ...] = ()
    proxy_header: str = "x-forwarded-for"
    init_seconds: float = 3
    ping_seconds: float = 25
    idle_seconds: float = 600
    operations: int = 200
    messages: int = 100
    unsent_bytes: int = 1_048_576
    stall_seconds: float = 30
    user_sockets: int = 50
    address_sockets: int = 500
    user_streams: int = 100
    user_subscriptions: int = 1000
    user_files: int = 4

    @classmethod
    def of(cls, settings: Settings) -> DoorLimits:
        """As the settings say."""
        return cls(
            connections=settings.max_connections,
            head_seconds=settings.head_seconds,
            body_bytes=settings.max_body_bytes,
            body_seconds=settings.body_seconds,
            request_seconds=settings.request_seconds,
            batch=settings.max_batch,
            batch_cost=settings.max_batch_cost,
            proxies=settings.trusted_proxies,
            proxy_header=settings.forwarded_header,
            idle_seconds=settings.idle_socket_seconds,
            operations=settings.operations_per_socket,
            messages=settings.messages_per_second,
            user_sockets=settings.sockets_per_user,
            address_sockets=settings.sockets_per_address,
            user_streams=settings.streams_per_user,
            user_subscriptions=settings.subscriptions_per_user,
            user_files=settings.files_per_user,
        )
