"""Access tokens, without the tokens themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from app.access_tokens import models
from app.access_tokens.access import access_tokens
from schema.access_tokens.enums import AccessScope
from schema.accounts.types import User, user_edge
from schema.context import Context
from schema.edges import column
from schema.nodes import FETCHERS, Node, is_row_of


def _scopes(root: Any) -> list[AccessScope]:
    return [AccessScope(word) for word in root.scopes.split()]


@strawberry.type(
    description="A token for programs, as it can be looked at later: the token itself was shown once."
)
class AccessToken(Node):
    name: str = column("What it is for.")
    scopes: list[AccessScope] = strawberry.field(resolver=_scopes, description="What it may be used for.")
    user: User = user_edge("user_id", "Who acts with it: you, or a service account.")
    created_by: User = user_edge("created_by", "Who made it.")
    created_at: datetime = column("When it was made.")
    last_used_at: datetime | None = column("When it was last used, to the minute; null if never.")
    expires_at: datetime = column("When it stops working.")

    is_type_of = is_row_of(models.AccessToken, "AccessToken")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_tokens(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["AccessToken"] = _fetch
