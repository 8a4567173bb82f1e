"""A provider's answer on its way to the front end that asked: kept for two minutes, handed out once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from app.accounts.secrets import new_secret
from app.identities.models import ProviderAnswer
from app.oidc.client import Claims
from app.oidc.flow import challenge_of
from app.outcomes import Result
from app.statements import Statement, sql
from app.values import now_utc
from app.work import Action, Work
from app.writes import insert_rows

LIFE = timedelta(minutes=2)


def keep_answer(claims: Claims, challenge: str) -> tuple[Action, str]:
    """Keep whom a provider vouches for. Returns the action and the code that fetches it, once."""
    code = new_secret()

    async def action(work: Work) -> Result:
        place, now = _place(code), now_utc()
        await work.run(_DROP_EXPIRED)
        await work.declare([place])
        row = {
            "id": place, "challenge": challenge, "provider": claims.provider, "issuer": claims.issuer,
            "subject": claims.subject, "email": claims.email, "email_verified": claims.email_verified,
            "name": claims.name, "expires_at": now + LIFE,
        }  # fmt: skip
        await insert_rows(work, ProviderAnswer, [row])
        return {}

    return action, code


async def take_answer(work: Work, code: str, verifier: str) -> ProviderAnswer | None:
    """What a code stands for, if the verifier is that of whoever began. The code is spent either way."""
    place = _place(code)
    await work.declare([place])
    found = await work.row(_TAKE, id=place)
    if found is None or found.expires_at <= now_utc():
        return None
    return found if hmac.compare_digest(challenge_of(verifier), found.challenge) else None


def _place(code: str) -> UUID:
    return UUID(bytes=hashlib.sha256(code.encode()).digest()[:16])


_DROP_EXPIRED = sql("SELECT drop_expired_answers()")
_TAKE: Statement[ProviderAnswer] = sql(
    "DELETE FROM provider_answers WHERE id = $1 RETURNING *", "id", model=ProviderAnswer
)
