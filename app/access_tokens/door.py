"""Telling who a token names, at the door: one indexed look-up, remembered for a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from app.access_tokens.actions import note_use
from app.access_tokens.models import AccessToken
from app.access_tokens.reads import token_by_hash
from app.access_tokens.secrets import is_token, token_hash
from app.accounts.tokens import Viewer
from app.errors import ClientError, Unauthenticated
from app.events.models import ActorKind
from app.values import now_utc
from app.work import Actor, Store, run_unit

REMEMBER_SECONDS = 1.0
USE_SECONDS = 60
"""How exactly the last use of a token is kept."""

_KNOWN = 4096
_REFUSAL = "This access token is not valid: it was revoked, has expired, or is none of ours."


@dataclass(frozen=True)
class _Known:
    viewer: Viewer
    until: float


class AccessTokenDoor:
    """Reads access tokens of programs. ``session_seconds``: how long a socket or stream goes on by one at most."""

    def __init__(self, store: Store, *, session_seconds: int) -> None:
        self._store = store
        self._session_seconds = session_seconds
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def read(self, token: str) -> Viewer:
        """Who a token names, and what for; raises ``Unauthenticated``."""
        if not is_token(token):
            raise Unauthenticated(_REFUSAL)
        hashed = token_hash(token)
        known = self._known.get(hashed)
        if known is not None and time.monotonic() < known.until:
            return known.viewer
        async with self._store.database.snapshot() as reader:
            row = await token_by_hash(reader, hashed)
        if row is None:
            self._known.pop(hashed, None)
            raise Unauthenticated(_REFUSAL)
        await self._note_use(row)
        # A revoked token is told by the hub for an hour or so: nothing that began with one may last longer.
        ends = min(row.expires_at.timestamp(), time.time() + self._session_seconds)
        viewer = Viewer(row.user_id, row.id, ends, frozenset(row.scopes.split()))
        self._known[hashed] = _Known(viewer, time.monotonic() + REMEMBER_SECONDS)
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return viewer

    async def _note_use(self, row: AccessToken) -> None:
        if row.last_used_at is not None and now_utc() - row.last_used_at < timedelta(seconds=USE_SECONDS):
            return
        try:
            await run_unit(self._store, Actor(None, ActorKind.SYSTEM), note_use(row))
        except ClientError:
            return  # a request is not refused because this cannot be noted
