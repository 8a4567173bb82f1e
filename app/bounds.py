"""Settings that bound what anybody may ask for. docs/limits.md says what each one's refusal looks like."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

Network = IPv4Network | IPv6Network


class Bounds(BaseSettings):
    """Rates are token buckets: a minute's quota may be spent at once, and comes back evenly. 0: no such limit."""

    requests_per_minute: int = Field(
        1000, ge=0, le=1_000_000, description="Operations a minute of one person; 0: no limit."
    )
    cost_per_minute: int = Field(
        500_000, ge=0, le=10**9, description="Cost a minute of one person's operations; 0: no limit."
    )
    writes_per_minute: int = Field(
        600, ge=0, le=1_000_000, description="Mutations a minute of one person; 0: no limit."
    )
    subscriptions_per_minute: int = Field(
        300, ge=0, le=1_000_000, description="Subscriptions begun a minute by one person; 0: no limit."
    )
    anonymous_requests_per_minute: int = Field(
        300,
        ge=0,
        le=1_000_000,
        description="Operations a minute from one address without a token; 0: no limit.",
    )
    sign_in_attempts: int = Field(
        10,
        ge=0,
        le=100_000,
        description="Attempts in ten minutes to sign in to one account from one address; 0: no sign-in limits.",
    )
    sign_in_attempts_per_account: int = Field(
        100,
        ge=1,
        le=100_000,
        description="Attempts an hour to sign in to one account, from all addresses that never succeeded.",
    )
    sign_in_attempts_per_address: int = Field(
        100, ge=1, le=100_000, description="Attempts in ten minutes to sign in or up from one address."
    )
    limits_wait_ms: int = Field(
        100,
        ge=1,
        le=10_000,
        description="How long a request waits for Redis to count it, before this process counts alone.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks of proxies that are believed about client addresses; separated by commas."
    )
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = Field(
        "x-forwarded-for", description="The header in which trusted proxies tell client addresses."
    )

    sockets_per_user: int = Field(50, ge=1, le=100_000, description="Sockets of one person, per process.")
    sockets_per_address: int = Field(
        500, ge=1, le=100_000, description="Sockets from one address, per process."
    )
    streams_per_user: int = Field(
        100, ge=1, le=100_000, description="Subscriptions over plain HTTP of one person, per process."
    )
    subscriptions_per_user: int = Field(
        1000, ge=1, le=100_000, description="Subscriptions of one person, per process."
    )
    files_per_user: int = Field(
        4, ge=1, le=1000, description="Exports of one person at once, and imports, per process."
    )
    operations_per_socket: int = Field(
        200, ge=1, le=10_000, description="Operations running at once on one socket."
    )
    messages_per_second: int = Field(
        100, ge=1, le=100_000, description="Messages a second on one socket; four times as many at once."
    )
    idle_socket_seconds: float = Field(
        600, gt=0, le=86_400, description="A socket on which nothing runs is closed after so long."
    )
    max_connections: int = Field(
        10_000, ge=1, le=1_000_000, description="Connections of a process; more are refused with 503."
    )
    head_seconds: float = Field(10, gt=0, le=600, description="For a request's head to arrive.")
    body_seconds: float = Field(30, gt=0, le=600, description="For a request's body to arrive.")

    request_seconds: float = Field(
        30, gt=0, le=3600, description="For a query, or a mutation up to its commit (TIMEOUT)."
    )
    statement_seconds: float = Field(
        30, gt=0, le=3600, description="For one SQL statement (PostgreSQL ends it)."
    )
    transaction_seconds: float = Field(
        60, gt=0, le=3600, description="For one transaction (PostgreSQL 17 and newer end its session)."
    )
    idle_transaction_seconds: float = Field(
        30, gt=0, le=3600, description="For a transaction without statements (PostgreSQL ends its session)."
    )
    pool_wait_seconds: float = Field(
        5, gt=0, le=600, description="How long a request waits for a PostgreSQL connection (UNAVAILABLE)."
    )
    pool_waiters: int = Field(
        200, ge=1, le=100_000, description="Requests that wait for a PostgreSQL connection; more are refused."
    )

    max_batch_cost: int = Field(
        100_000, ge=1, le=1 << 31, description="Cost of all requests of a batch together."
    )
    max_values: int = Field(
        20_000,
        ge=100,
        le=10_000_000,
        description="Values (objects, fields, list items) in a request's variables.",
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(word.strip()) for word in value.split(",") if word.strip())
