"""What an audit entry says was done: a stable dotted name, ``what.happened``.

Every event of a scope is audited under the name of its kind (``ProjectUpdated`` is ``project.updated``), unless
its kind is listed in ``NOT_AUDITED`` with a reason. What leaves no event has a name of its own in ``AuditAction``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from app.events.kinds import KINDS


class AuditAction(StrEnum):
    """What is audited though no event of a scope tells it."""

    SIGNED_UP = "account.created"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 (a name)
    PASSWORD_RESET_ASKED = "account.password_reset_asked"  # noqa: S105
    PASSWORD_RESET = "account.password_reset"  # noqa: S105
    EMAIL_CHANGED = "account.email_changed"
    EMAIL_CONFIRMED = "account.email_confirmed"
    IDENTITY_LINKED = "account.identity_linked"
    IDENTITY_UNLINKED = "account.identity_unlinked"
    DATA_EXPORTED = "account.data_exported"
    ERASED = "account.erased"

    SIGNED_IN = "session.started"
    SIGN_IN_FAILED = "session.refused"
    SIGNED_OUT = "session.ended"
    SESSION_REVOKED = "session.revoked"
    REFRESH_REUSED = "session.refresh_token_reused"

    TOKEN_CREATED = "token.created"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    SERVICE_ACCOUNT_CREATED = "service_account.created"
    SERVICE_ACCOUNT_UPDATED = "service_account.updated"
    SERVICE_ACCOUNT_DELETED = "service_account.deleted"
    INVITATION_REVOKED = "invitation.revoked"
    INVITATION_ACCEPTED = "invitation.accepted"

    IMPORT_RUN = "import.run"
    AUDIT_EXPORTED = "audit.exported"
    PROJECT_EXPORTED = "project.exported"
    TEXT_REDACTED = "history.redacted"
    ACCESS_DENIED = "access.denied"


NOT_AUDITED = {
    "InvitationRemoved": "told as revoked or as accepted",
    "PersonAdded": "the membership's own event is audited",
    "PersonUpdated": "how someone is shown, which they choose themselves",
    "PersonRemoved": "the membership's own event is audited",
    "TeamRosterCreated": "the team's own event is audited",
    "TeamRosterRemoved": "the team's own event is audited",
    "PersonErased": "told as account.erased",
    "TaskRedacted": "told as history.redacted",
    "CommentRedacted": "told as history.redacted",
    "InboxItemAdded": "of one person's inbox, which no workspace reads",
    "InboxItemRead": "of one person's inbox, which no workspace reads",
    "ScopeAdded": "of one person's inbox, which no workspace reads",
    "ScopeRemoved": "of one person's inbox, which no workspace reads",
    "ProjectListed": "the project's own event is audited",
    "TaskCreated": "work itself: the project's log tells it",
    "TaskUpdated": "work itself: the project's log tells it",
    "TaskMoved": "work itself: the project's log tells it",
    "RanksRebalanced": "no change of anything that somebody sees",
    "TaskArrived": "the task's leaving is audited, where it left",
    "CommentAdded": "work itself: the project's log tells it",
    "CommentUpdated": "work itself: the project's log tells it",
    "CommentLeft": "goes with its task, whose leaving is audited",
    "CommentArrived": "goes with its task, whose leaving is audited",
    "LinkAdded": "work itself: the project's log tells it",
    "SprintCreated": "planning itself: the project's log tells it",
    "SprintUpdated": "planning itself: the project's log tells it",
    "SprintStarted": "planning itself: the project's log tells it",
    "SprintCompleted": "planning itself: the project's log tells it",
    "MilestoneCreated": "planning itself: the project's log tells it",
    "MilestoneUpdated": "planning itself: the project's log tells it",
    "MilestoneReleased": "planning itself: the project's log tells it",
}
"""Kinds of events that the audit log leaves out, and why. All others are in it, also those that are yet to come."""

_WORD = re.compile(r"[A-Z][a-z]*")


@lru_cache(maxsize=512)
def action_of(kind: str) -> str | None:
    """The audited name of a kind of events (``WorkspaceMemberAdded``: ``workspace_member.added``), if it has one."""
    if kind in NOT_AUDITED:
        return None
    *what, happened = (word.lower() for word in _WORD.findall(kind))
    return f"{'_'.join(what)}.{happened}"


def known_actions() -> list[str]:
    """Every name that an entry can have, in order."""
    derived = {action for kind in KINDS if (action := action_of(kind)) is not None}
    return sorted({str(action) for action in AuditAction} | derived)
