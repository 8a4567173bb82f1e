"""New people, and one's own profile."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from app.accounts.events import PERSON_SHAPE, PERSON_UPDATED, person_state
from app.accounts.models import Password, User, UserKind
from app.accounts.reads import users_by_id
from app.errors import NotFound, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.events.models import Scope, ScopeKind
from app.guards import Guard
from app.ids import new_id
from app.outcomes import Result
from app.statements import sql
from app.values import check_name, check_text, check_time_zone
from app.work import Action, Work
from app.writes import compare_and_set, insert_rows


def check_email(email: str) -> str:
    """An address in lower case."""
    try:
        return validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError as fault:
        raise ValidationFailed(f"Not an e-mail address: {fault}", path=("email",)) from None


async def new_user(
    work: Work, *, name: str, now: datetime, email: str | None = None, password_hash: str | None = None,
    time_zone: str = "UTC", kind: UserKind = UserKind.PERSON, email_confirmed_at: datetime | None = None,
    user_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Insert a person, their password if they have one, and the scope of their inbox."""
    user_id = user_id or new_id()
    user = {
        "id": user_id, "kind": kind.value, "email": email, "name": name, "avatar_url": None, "time_zone": time_zone,
        "version": 1, "created_at": now, "email_confirmed_at": email_confirmed_at,
    }  # fmt: skip
    await new_scopes(work, [(user_id, ScopeKind.INBOX, None)])
    await insert_rows(work, User, [user])
    if password_hash is not None:
        await insert_rows(work, Password, [{"user_id": user_id, "hash": password_hash, "changed_at": now}])
    return user_id


async def new_scopes(work: Work, scopes: list[tuple[UUID, ScopeKind, UUID | None]]) -> None:
    """Declare scopes and insert their clocks, which stand at 0: (id, kind, workspace)."""
    await work.declare(
        [scope for scope, _, _ in scopes], [scope for scope, kind, _ in scopes if kind is ScopeKind.WORKSPACE]
    )
    rows = [
        {"id": scope, "kind": kind.value, "workspace_id": workspace, "seq": 0, "access_stamp": 0}
        for scope, kind, workspace in scopes
    ]
    await insert_rows(work, Scope, rows)


def profile_guard(user_id: UUID, *, shared: bool = True) -> Guard:
    """Held by whoever changes how someone is shown, shared by whoever puts them into a directory or takes them out.

    Else a directory that is entered meanwhile would keep the old name, and one that is left would hear of the new.
    """
    return Guard.of("profile", user_id, shared=shared)


def update_profile(expected_version: int, changes: dict[str, Any]) -> Action:
    """Change how one is shown (name, avatar) or one's time zone; every directory one stands in gets its event."""

    async def action(work: Work) -> Result:
        await work.guard(profile_guard(work.viewer_id, shared=False))
        user = (await users_by_id(work, [work.viewer_id])).get(work.viewer_id)
        if user is None:
            raise NotFound("User")
        values = _checked_profile(changes)
        if user.version != expected_version:
            raise VersionConflict(
                "user", user.id, expected=expected_version, current=user.version, clashes=[]
            )
        old = person_state(user)
        row = {"id": user.id, "version": user.version, **values}
        if not await compare_and_set(work, User, [row], set(values), keys=("id",)):
            raise VersionConflict(
                "user", user.id, expected=expected_version, current=user.version + 1, clashes=[]
            )
        new = {**old, **{key: value for key, value in values.items() if key in old}}
        for directory in await work.rows(_DIRECTORIES, user=user.id):
            delta = delta_between(old, new, PERSON_SHAPE)
            payload = {"delta": delta}
            work.record(
                directory.directory_id,
                PERSON_UPDATED,
                user.id,
                payload,
                version=user.version + 1,
                reflect=False,
            )
        return {"user_id": str(user.id)}

    return action


def _checked_profile(changes: dict[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "name" in values:
        values["name"] = check_name(values["name"] or "", "name")
    if "time_zone" in values:
        values["time_zone"] = check_time_zone(values["time_zone"] or "", "timeZone")
    if values.get("avatar_url") is not None:
        url = check_text(values["avatar_url"], "avatarUrl", length=2048)
        if not _PICTURE.fullmatch(url):
            raise ValidationFailed("An avatar is an https:// address.", path=("avatarUrl",))
    if not values:
        raise ValidationFailed("Nothing to change was given.")
    return values


# What RFC 3986 lets stand in an address: no quote or bracket that would end an attribute of a page.
_PICTURE = re.compile(r"https://[^\s\"'<>\\^`{|}]+")

_DIRECTORIES = sql(
    """
    SELECT w.directory_id FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.user_id = $1 ORDER BY w.directory_id
    """,
    "user",
)
