"""Selects of people, in batches."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, func, select

from app.accounts.models import User
from app.db import Reader, Statement, table

USERS = table(User)

_BY_ID = Statement(select(USERS).where(USERS.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid)))), User)
_BY_EMAIL = Statement(
    select(USERS).where(USERS.c.email == func.any(bindparam("emails", type_=ARRAY(Text)))), User
)


async def users_by_id(reader: Reader, ids: list[UUID]) -> dict[UUID, User]:
    """The people that exist, by id."""
    return {row.id: row for row in await reader.rows(_BY_ID, ids=ids)} if ids else {}


async def users_by_email(reader: Reader, emails: list[str]) -> dict[str, User]:
    """The people with these (lower-case) addresses, by address."""
    return (
        {row.email: row for row in await reader.rows(_BY_EMAIL, emails=emails) if row.email} if emails else {}
    )
