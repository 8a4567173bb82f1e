"""Selects of people, in batches."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Text, func, select

from app.accounts.models import User
from app.db import Reader
from app.keys import packed
from app.statements import Statement, among_ids, sql, table

USERS = table(User)

NAME_TO_SORT = func.lower(USERS.c.name, type_=Text).collate("C")
"""What people are sorted by: their name in lower case, bytewise as all texts."""

_BY_ID = Statement(select(USERS).where(among_ids(USERS.c.id, "ids")), User)
_NAMES = Statement(select(USERS.c.id, NAME_TO_SORT.label("name")).where(among_ids(USERS.c.id, "ids")), User)
_ACCOUNT = sql("SELECT account_id($1)", "address")


async def users_by_id(reader: Reader, ids: list[UUID]) -> dict[UUID, User]:
    """The people that exist, by id."""
    return {row.id: row for row in await reader.rows(_BY_ID, ids=packed(ids))} if ids else {}


async def names_to_sort(reader: Reader, ids: list[UUID]) -> dict[UUID, str]:
    """What people are sorted by, by id: of those that this transaction may see."""
    return {row.id: row.name for row in await reader.rows(_NAMES, ids=packed(ids))} if ids else {}


async def account_at(reader: Reader, address: str) -> User | None:
    """The account with this (lower-case) address, which this transaction may touch from here on."""
    found = await account_id(reader, address)
    if found is None:
        return None
    await reader.declare([found])
    return (await users_by_id(reader, [found])).get(found)


async def account_id(reader: Reader, address: str) -> UUID | None:
    """Whose (lower-case) address this is. Whoever asks sees no more of them than before: declare them to read on."""
    found: UUID | None = await reader.value(_ACCOUNT, address=address)
    return found
