"""Tokens that go out by mail: single-use, kept as hashes, for an hour or a few days."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from app.accounts.models import MailedToken, Purpose
from app.accounts.refusals import LinkInvalid
from app.accounts.rows import DROP_MAILED, MAILED, TAKE_MAILED, TOKEN_OWNER
from app.accounts.secrets import digest, new_secret
from app.db import Database, Reader
from app.ids import new_id
from app.statements import Row
from app.work import Work
from app.writes import insert_rows

LIFE = {
    Purpose.EMAIL_CONFIRM: timedelta(days=3),
    Purpose.EMAIL_CHANGE: timedelta(hours=1),
    Purpose.PASSWORD_RESET: timedelta(hours=1),
}


async def mail_token(work: Work, user_id: UUID, purpose: Purpose, email: str, now: datetime) -> str:
    """A new token for the person of a letter; earlier ones for the same purpose stop working."""
    token = new_secret()
    await work.declare([user_id])
    await work.run(DROP_MAILED, user=user_id, purpose=purpose.value)
    row = {
        "token_hash": digest(token), "user_id": user_id, "purpose": purpose.value, "email": email,
        "expires_at": now + LIFE[purpose],
    }  # fmt: skip
    await insert_rows(work, MailedToken, [row])
    return token


async def own_token(reader: Reader, token: str) -> UUID:
    """Declare whose a secret is (somebody who is not there, if nobody's): its row can be read from here on."""
    owner: UUID = await reader.value(TOKEN_OWNER, hash=digest(token)) or new_id()
    await reader.declare([owner])
    return owner


async def take_token(work: Work, token: str, purpose: Purpose, now: datetime) -> Row | None:
    """Use a token up: (user_id, email) as its letter was sent, or None. Call ``own_token`` before."""
    taken: Row | None = await work.row(TAKE_MAILED, hash=digest(token), purpose=purpose.value, now=now)
    return taken


async def check_token(database: Database, token: str, purpose: Purpose) -> None:
    """Raises ``LinkInvalid`` for a token that cannot be used, before anything costly is done for it."""
    async with database.snapshot() as reader:
        await own_token(reader, token)
        if await reader.value(MAILED, hash=digest(token), purpose=purpose.value) is None:
            raise LinkInvalid()
