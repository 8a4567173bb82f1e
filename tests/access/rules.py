"""What becomes of a mutation, by the permission table and the facts of the world."""

from __future__ import annotations

from app.permissions import Permission, ProjectRole, Rule, WorkspaceRole, permits
from tests.access.oracle import ROLES, workspace_role

ALLOWED, DENIED, NOT_FOUND = "ALLOWED", "PERMISSION_DENIED", "NOT_FOUND"

ONLY_ADMINS_SEE = frozenset(
    {
        "invitationResend", "invitationRevoke", "serviceAccountUpdate", "serviceAccountDelete", "accessTokenCreate",
    }
)  # fmt: skip
"""About things that are not there at all for those who do not administer the workspace."""

NOT_FOR_GUESTS = frozenset({"joiningDomainRemove"})
"""About things that guests do not see."""

OF_ONESELF = frozenset({"inboxMark", "sessionRevoke", "accessTokenRevoke", "identityUnlink"})
"""About one's own things: another's are not there."""

WITHOUT_IDS = frozenset(
    {
        "signUp", "signIn", "tokenRefresh", "signOut", "socketRenew", "profileUpdate", "accountErase",
        "workspaceCreate", "sessionRevokeOthers", "emailConfirmationSend", "emailConfirm", "emailChangeRequest",
        "emailChange",
        "passwordResetRequest", "passwordReset", "passwordChange", "invitationAccept", "identityLink", "oidcExchange",
    }
)  # fmt: skip
"""What names nothing of anybody: they take secrets and words alone, and act on oneself."""


def rule_of(mutation: str) -> Permission | None:
    """The row of the table that the mutation is of."""
    return next((one for one in Permission if mutation in one.rule.mutations), None)


def outcome(person: str, mutation: str, place: str) -> str:
    """What somebody is told who sends it about a place: ENG, SEC or ELS."""
    in_workspace = workspace_role(person, "ELW" if place == "ELS" else "WRK")
    if mutation in OF_ONESELF:
        whose = "outsider" if place == "ELS" else "viewer" if mutation == "inboxMark" else "owner"
        return ALLOWED if person == whose else NOT_FOUND
    if mutation in ONLY_ADMINS_SEE:
        return ALLOWED if in_workspace in ("OWNER", "ADMIN") else NOT_FOUND
    if mutation in NOT_FOR_GUESTS and in_workspace == "GUEST":
        return NOT_FOUND
    return _by_table(person, mutation, place, in_workspace)


def _by_table(person: str, mutation: str, place: str, in_workspace: str | None) -> str:
    permission = rule_of(mutation)
    assert permission is not None, f"who may {mutation}?"
    role = ROLES[place].get(person) if isinstance(_needed(permission.rule), ProjectRole) else in_workspace
    if role is None:
        return NOT_FOUND
    own = mutation in ("commentUpdate", "commentDelete", "commentRestore") and person in ("owner", "outsider")
    allowed = permits(role.lower(), permission, own=own)
    if mutation == "taskTransfer" and place != "ELS":
        there = ROLES["OPS"].get(person)
        if there is None:
            return NOT_FOUND
        allowed = allowed and permits(there.lower(), permission)
    return ALLOWED if allowed else DENIED


def _needed(rule: Rule) -> WorkspaceRole | ProjectRole:
    for one in (rule.needs, rule.own):
        if isinstance(one, WorkspaceRole | ProjectRole):
            return one
    raise AssertionError(f"{rule.what}: needs no role, so it is of oneself")
