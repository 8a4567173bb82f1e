"""Service accounts, as those who administer their workspace see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.service_accounts import models
from app.service_accounts.access import access_service_accounts
from schema.access_tokens.lists import tokens_of_service_accounts
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.nodes import is_row_of
from schema.paging import Connection

if TYPE_CHECKING:
    from schema.access_tokens.types import AccessToken


@strawberry.type(
    description="A program's account in one workspace. It holds roles like a person, and signs in by tokens alone."
)
class ServiceAccount:
    user: User = user_edge("user_id", "How it is shown; its id is what mutations take.")
    created_by: User = user_edge("created_by", "Who made it.")
    created_at: datetime = column("When it was made.")
    access_tokens: Connection[Annotated[AccessToken, strawberry.lazy("schema.access_tokens.types")]] = edge(
        tokens_of_service_accounts, "Its tokens, oldest first."
    )

    is_type_of = is_row_of(models.ServiceAccount, "ServiceAccount")


def service_account_edge(attribute: str, description: str) -> Any:
    """An edge from a user's id to the service account; null where that is None, or none that you administer."""

    async def of_rows(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        ids = [getattr(parent, attribute) for parent in parents]
        known = [one for one in ids if one is not None]
        found = await access_service_accounts(await context.reader(), context.viewer_id, known)
        return [found.get(one) for one in ids]

    return edge(of_rows, description)
