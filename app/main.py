"""The composition root: everything a process needs, built once, and the routes over it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from hmac import compare_digest
from types import MappingProxyType
from typing import Any

import structlog
from broadcaster import Broadcast
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.passwords import Passwords
from app.accounts.tokens import Tokens
from app.config import Settings
from app.connections import Patience
from app.db import Database
from app.events.doorbell import RedisDoorbell
from app.events.hub import Hub
from app.events.redis_backend import RedisBackend
from app.foreseeing import Foreseen
from app.history.checkpoints import keep_checkpoints
from app.housekeeping import keep_house
from app.lanes.lanes import Lanes
from app.limits.limiter import Limits
from app.logs import configure_logs
from app.mail.carriers import carrier_of
from app.mail.mailer import Mailer
from app.oidc.client import ProviderClients
from app.oidc.http import SECONDS as PROVIDER_SECONDS
from app.oidc.providers import Provider, read_providers
from app.projects.access import readable_scopes
from app.revisions import SchemaWatch
from app.search.index import PostgresIndex
from app.search.indexing import Indexer, NotingDoorbell
from app.statements import Statement, sql
from app.stopping import stop
from app.work import Store
from schema import schema
from schema.context import Application, open_context, open_session
from schema.costs import CostRules
from schema.documents import DocumentLimits
from schema.doors import DoorLimits, Origins, graphql_routes
from schema.doors.headers import ALWAYS, security_headers, with_headers
from schema.doors.welcome import welcome
from schema.execution import GraphQLService
from schema.exports import export_routes
from schema.graphiql import graphiql_page, graphiql_routes
from schema.identities.door import oidc_routes
from schema.imports import import_routes
from schema.kept.keeper import Keeper
from schema.persisted import persisted_queries

log = structlog.get_logger(__name__)

JWKS_SECONDS = 300
"""How long others may keep the public keys."""

HUB_CONNECTIONS = 3
"""The hub's own, for reading on in the log; one more is for its comparison, so that nothing makes that late."""


class Service(FastAPI):
    """The application; every answer leaves it with ``headers``, also those that the framework makes of errors."""

    headers: Mapping[str, str] = ALWAYS
    doors: Mapping[tuple[str, str], ASGIApp] = MappingProxyType({})
    """By kind and path: what is asked so often that it does not go through the framework's layers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or life span."""
        door = self.doors.get((scope["type"], scope.get("path", "")))
        if door is not None:
            scope["app"] = self
            await door(scope, receive, send)
            return
        sending = with_headers(send, self.headers) if scope["type"] == "http" else send
        await super().__call__(scope, receive, sending)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application; everything is opened by its lifespan."""
    configure_logs(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_application(settings) as application:
            app.state.application = application
            assert isinstance(app, Service)
            routes = _graphql(application, app.headers)
            app.router.routes.extend(routes)
            app.doors = {
                ("http" if isinstance(one, Route) else "websocket", one.path): one.endpoint
                for one in routes
                if isinstance(one, Route | WebSocketRoute)
            }
            origins = Origins(settings.allowed_origins, settings.public_url)
            app.router.routes.extend(export_routes(application, origins))
            app.router.routes.extend(import_routes(application, origins))
            yield

    app = Service(title="Lockstep", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.headers = security_headers(settings.public_url, settings.hsts_days)
    app.router.routes.extend(
        [
            Route("/", welcome),
            Route("/health/live", _live),
            Route("/health/ready", _ready),
            Route("/metrics", _metrics(settings)),
            Route("/.well-known/jwks.json", _jwks),
            *oidc_routes(),
            *graphiql_routes(settings),
        ]
    )
    return app


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Everything that lives as long as the process, opened in order and closed in the other."""
    async with AsyncExitStack() as stack:
        database = await _database(stack, settings, settings.pool_size)
        await _refuse_strong_role(database)
        followed, compared = (
            await _database(stack, settings, HUB_CONNECTIONS), await _database(stack, settings, 1),
        )  # fmt: skip
        schema_watch = await SchemaWatch.open(database, followed, compared)
        backend = RedisBackend(settings.redis_url)
        broadcast = Broadcast(backend=backend)
        hub = Hub(
            followed, compared, broadcast, readable_scopes,
            queue_limit=settings.subscription_queue, heartbeat_seconds=settings.heartbeat_seconds,
            compare_seconds=settings.compare_interval_ms / 1000, token_seconds=settings.access_token_seconds,
        )  # fmt: skip
        await hub.open()
        stack.push_async_callback(hub.close)
        mailer = Mailer(carrier_of(settings))
        mailer.open()
        stack.push_async_callback(mailer.close)
        index = PostgresIndex()
        indexer = Indexer(index)
        doorbell = RedisDoorbell(broadcast, backend, hub)
        store = Store(
            database,
            NotingDoorbell(doorbell, indexer) if settings.search_indexing else doorbell,
            _barrier(),
            unit_seconds=settings.request_seconds,
            postbox=mailer,
        )
        tokens = Tokens.open(settings)
        passwords = Passwords.of(settings)
        stack.callback(passwords.close)
        chores = [keep_house(store), keep_checkpoints(store, settings.checkpoint_seconds), tokens.watch()]
        if settings.search_indexing:
            chores.append(indexer.run(store))
        for chore in chores:
            stack.push_async_callback(stop, asyncio.create_task(chore))
        limits = Limits(settings)
        stack.push_async_callback(limits.close)
        providers = ProviderClients.open(_providers(settings), seconds=PROVIDER_SECONDS)
        stack.push_async_callback(providers.close)
        lanes = Lanes(store, at_once=max(1, settings.pool_size // 2)) if settings.lanes else None
        if lanes is not None:
            stack.push_async_callback(lanes.close)  # first of all: they commit, tell, and are told
        yield Application(
            settings,
            database,
            store,
            hub,
            tokens,
            mailer,
            limits,
            passwords,
            providers,
            index,
            lanes,
            schema_watch,
        )


def _providers(settings: Settings) -> list[Provider]:
    try:
        return read_providers(settings.oidc_providers_file)
    except (ValueError, OSError) as fault:
        raise RuntimeError(f"LOCKSTEP_OIDC_PROVIDERS_FILE: {fault}") from None


async def _database(stack: AsyncExitStack, settings: Settings, size: int) -> Database:
    database = await Database.open(
        settings.database_url, size=size, prepared_statements=settings.prepared_statements,
        patience=Patience.of(settings),
    )  # fmt: skip
    stack.push_async_callback(database.close)
    return database


_STRENGTH: Statement[Any] = sql(
    """
    SELECT r.rolsuper OR r.rolbypassrls AS bypasses,
           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relowner = r.oid AND n.nspname = 'public') AS owns
    FROM pg_roles r WHERE r.rolname = current_user
    """
)


async def _refuse_strong_role(database: Database) -> None:
    async with database.snapshot() as reader:
        role = await reader.row(_STRENGTH)
    if role is not None and (role.bypasses or role.owns):
        raise RuntimeError(
            "DATABASE_URL names a role that owns tables or bypasses policies. "
            "Use the service's role there, and the owner in DATABASE_OWNER_URL."
        )


def _barrier() -> Callable[[str], None]:
    """Proofs kill this process at a named place: LOCKSTEP_TEST_KILL_AT=after-commit:3 (the third pass)."""
    name, _, count = os.environ.get("LOCKSTEP_TEST_KILL_AT", "").partition(":")
    if not name:
        return lambda passed: None
    left = int(count or 1)

    def barrier(passed: str) -> None:
        nonlocal left
        if passed == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return barrier


def _graphql(application: Application, headers: Mapping[str, str]) -> list[BaseRoute]:
    settings = application.settings
    service = GraphQLService(
        application, schema, open_context=open_context, open_session=open_session,
        limits=DocumentLimits(
            tokens=settings.max_tokens, depth=settings.max_depth, aliases=settings.max_aliases,
            root_fields=settings.max_root_fields, directives=settings.max_directives,
            values=settings.max_values,
        ),
        introspection=settings.introspection, suggestions=settings.field_suggestions,
        costs=CostRules(limit=min(settings.max_cost, settings.cost_per_minute or settings.max_cost)),
        persisted=persisted_queries(settings), compiled=settings.compiled,
        keeper=Keeper(application, settings.kept_bytes),
        foreseen=Foreseen(settings.foreseen_questions) if settings.foreseen_questions else None,
    )  # fmt: skip
    return graphql_routes(
        service,
        limits=DoorLimits.of(settings),
        graphiql=graphiql_page if settings.graphiql else None,
        origins=Origins(
            settings.allowed_origins, settings.public_url, credentials=settings.refresh_cookie != "off"
        ),
        rates=application.limits,
        headers=headers,
    )


async def _live(request: Request) -> Response:
    return JSONResponse({"status": "live"})


async def _ready(request: Request) -> Response:
    """Ready when the log can be read and is being compared, by a schema that is not too old; Redis may be away."""
    application: Application = request.app.state.application
    problem = application.hub.watch.problem()
    if problem is None and application.schema_watch is not None:
        problem = await application.schema_watch.problem()
    if problem is not None:
        return JSONResponse({"status": "not ready", "reason": problem}, status_code=503)
    return JSONResponse({"status": "ready"})


async def _jwks(request: Request) -> Response:
    """The public keys of access tokens (RFC 7517). The next one is in it long before it signs."""
    application: Application = request.app.state.application
    headers = {"Cache-Control": f"public, max-age={JWKS_SECONDS}", "X-Content-Type-Options": "nosniff"}
    return Response(application.tokens.jwks, headers=headers, media_type="application/jwk-set+json")


def _metrics(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    wanted = f"Bearer {settings.metrics_token}".encode() if settings.metrics_token else None

    async def metrics(request: Request) -> Response:
        if wanted and not compare_digest(request.headers.get("authorization", "").encode(), wanted):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return metrics
