"""People."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.accounts import models
from app.accounts.reads import users_by_id
from app.db import Reader
from app.inbox.scopes import scopes_read
from app.projects.access import access_people
from schema.access_tokens.lists import tokens_of_viewer
from schema.accounts.enums import UserKind
from schema.accounts.sessions import SESSIONS, Session, sessions_of_viewer
from schema.accounts.states import ScopeState
from schema.context import Columns, Context
from schema.dependence import BY_SCOPE
from schema.edges import READS, column, edge
from schema.identities.types import Identity, identities_of_viewer
from schema.ids import global_id
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection
from schema.references import find_people, known_people
from schema.views.lists import views_of_people

if TYPE_CHECKING:
    from schema.access_tokens.types import AccessToken
    from schema.views.types import View


def _mention(root: Any) -> str:
    # As `app.tasks.rules.mentioned` reads it; a bracket in the name would end it early.
    return f"@[{root.name.replace('[', '(').replace(']', ')')}](user:{root.id})"


@strawberry.type(description="A person.")
class User(Node):
    kind: UserKind = column("Whether they have an account.")
    name: str = column("How they are shown.")
    avatar_url: str | None = column("Their picture.")
    version: int = column("For `profileUpdate(expectedVersion:)`.")
    mention: str = strawberry.field(
        resolver=_mention,
        description="What mentions them in a text: put it into the markdown as it is.",
        metadata={READS: ("id", "name")},
    )

    is_type_of = is_row_of(models.User, "User")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_people(await context.reader(), context.viewer_id, [user_id for (user_id,) in ids])
    return [found.get(user_id) for (user_id,) in ids]


FETCHERS["User"] = _fetch


async def users(context: Context, ids: list[Any]) -> list[Any]:
    """The people of these ids (None where the id is None), in one statement."""
    people = await find_people(context)
    if people is not None and (known := people.of(ids)) is not None:
        return known
    reader: Reader = await context.reader()
    found = await users_by_id(reader, list({one for one in ids if one is not None}))
    return list(map(found.get, ids))


def user_edge(attribute: str, description: str) -> Any:
    """An edge from a row's column of a person's id to the person."""

    id_of = attrgetter(attribute)

    async def of_rows(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        return await users(context, list(map(id_of, parents)))

    def kept(context: Context, parents: list[Any]) -> list[Any] | None:
        people = known_people(context)
        return None if people is None else people.of(list(map(id_of, parents)))

    of_rows.__name__ = f"user_of_{attribute}"
    of_rows.kept = kept  # type: ignore[attr-defined]
    return edge(of_rows, description, reads=(attribute,), **BY_SCOPE)


async def _inbox_scope(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    return [global_id("Scope", parent.id) for parent in parents]


async def _scopes(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    found = await scopes_read(await context.reader(), context.viewer_id)
    context.reflect(context.viewer_id)
    return [[ScopeState.of(one, context.viewer_id) for one in found] for _ in parents]


async def _self(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    return list(parents)


async def _email_confirmed(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    return [parent.email_confirmed_at is not None for parent in parents]


@strawberry.type(description="You.")
class Viewer:
    user: User = edge(_self, "You, as others see you.")
    email: str | None = column("Your address, which others do not see.")
    email_confirmed: bool = edge(_email_confirmed, "Whether you have shown that mail to it reaches you.")
    time_zone: str = column("Your time zone; relative dates in filters are reckoned in it.")
    scopes: list[ScopeState] = edge(
        _scopes, "Every scope that you may read, but for your inbox, whose log keeps this list up to date."
    )
    inbox_scope: strawberry.ID = edge(_inbox_scope, "The scope of your inbox, for `events(scope:)`.")
    access_tokens: Connection[Annotated[AccessToken, strawberry.lazy("schema.access_tokens.types")]] = edge(
        tokens_of_viewer, "Your tokens for programs, oldest first."
    )
    views: Connection[Annotated[View, strawberry.lazy("schema.views.types")]] = edge(
        views_of_people, "Your own saved views, by name."
    )
    sessions: list[Session] = edge(sessions_of_viewer, SESSIONS)
    identities: list[Identity] = edge(
        identities_of_viewer, "Your accounts at sign-in providers that sign in here, oldest first."
    )
