"""Sign-in providers, and one's identities there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from app.identities import models
from app.identities.reads import identities_of
from schema.context import Columns, Context
from schema.edges import column
from schema.nodes import FETCHERS, Node, is_row_of


@strawberry.type(description="Where people can sign in other than by a password.")
class SignInProvider:
    name: str = strawberry.field(description="Its name in addresses: `/auth/oidc/{name}/start`.")
    title: str = strawberry.field(description="What to write on the button.")


@strawberry.type(description="An account of yours at a sign-in provider, which signs in here.")
class Identity(Node):
    provider: str = column("The provider's name.")
    email: str | None = column("The address that it told last; it may be another than yours here.")
    created_at: datetime = column("When it was linked.")
    last_used_at: datetime = column("When it last signed in.")

    is_type_of = is_row_of(models.Identity, "Identity")


async def identities_of_viewer(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    """One's own."""
    return [await identities_of(await context.reader(), parent.id) for parent in parents]


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    own = {one.id: one for one in await identities_of(await context.reader(), context.viewer_id)}
    return [own.get(one[0]) for one in ids]


FETCHERS["Identity"] = _fetch
