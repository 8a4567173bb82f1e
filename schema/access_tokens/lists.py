"""Lists of access tokens, for whoever has them."""

from __future__ import annotations

from typing import Any

from app.access_tokens.models import AccessToken
from app.access_tokens.reads import NOT_REVOKED, TOKENS
from app.cursors import Order
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged

_ORDER = [Order(TOKENS.c.created_at, "created_at"), Order(TOKENS.c.id, "id")]


async def _tokens(context: Context, user_ids: list[Any], page: Paging) -> list[Any]:
    keys = [(user_id,) for user_id in user_ids]
    return await connections(context, TOKENS, AccessToken, ("user_id",), keys, _ORDER, page, [NOT_REVOKED])


@paged
async def tokens_of_viewer(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    """One's own tokens, oldest first."""
    return await _tokens(context, [parent.id for parent in parents], page)


@paged
async def tokens_of_service_accounts(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """The tokens of service accounts that the viewer administers, oldest first."""
    return await _tokens(context, [parent.user_id for parent in parents], page)
