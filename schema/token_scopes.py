"""What each mutation needs of an access token: asked in one place, before anything of the mutation runs.

Tokens of programs act for their owner within their scopes. Every token may read; what it may change stands here.
A mutation that is not listed can be sent by no token. People who signed in are bound by their roles alone.
"""

from __future__ import annotations

from typing import Any

from app.access_tokens.models import AccessScope
from app.errors import ClientError

_WRITE = (
    "taskCreate", "taskUpdate", "taskBulkUpdate", "taskMove", "taskDelete", "taskRestore", "taskTransfer",
    "taskBulkMove", "taskBulkDelete", "taskRevert", "undo",
    "commentAdd", "commentUpdate", "commentDelete", "commentRestore", "linkAdd", "linkRemove", "inboxMark",
    "viewCreate", "viewUpdate", "viewDelete",
)  # fmt: skip
_ADMIN = (
    "workspaceCreate", "workspaceUpdate", "workspaceMemberAdd", "workspaceMemberUpdate", "workspaceMemberRemove",
    "projectCreate", "projectUpdate", "projectMemberAdd", "projectMemberUpdate", "projectMemberRemove",
    "statusCreate", "statusUpdate", "statusDelete", "labelCreate", "labelUpdate", "labelDelete",
    "taskTypeCreate", "taskTypeUpdate", "taskTypeDelete",
    "transitionCreate", "transitionUpdate", "transitionDelete", "workflowApplyTemplate",
    "customFieldCreate", "customFieldUpdate", "customFieldDelete",
    "sprintCreate", "sprintUpdate", "sprintStart", "sprintComplete", "sprintDelete", "milestoneCreate",
    "milestoneUpdate", "milestoneRelease", "milestoneDelete",
    "boardCreate", "boardUpdate", "boardDelete",
    "serviceAccountCreate", "serviceAccountUpdate", "serviceAccountDelete", "teamCreate", "teamUpdate", "teamDelete",
    "teamMemberAdd", "teamMemberRemove", "projectTeamAdd", "projectTeamUpdate", "projectTeamRemove",
    "invitationCreate", "invitationResend", "invitationRevoke", "joiningDomainAdd",
    "joiningDomainRemove",
)  # fmt: skip

NEEDS: dict[str, AccessScope] = {
    **dict.fromkeys(_WRITE, AccessScope.WRITE),
    **dict.fromkeys(_ADMIN, AccessScope.ADMIN),
}

ONLY_SIGNED_IN = frozenset(
    {
        "profileUpdate", "accountErase",
        "signOut", "accessTokenCreate", "accessTokenRevoke", "sessionRevoke", "sessionRevokeOthers",
        "emailConfirmationSend", "emailChangeRequest", "passwordChange", "invitationAccept", "identityLink",
        "identityUnlink",
    }
)  # fmt: skip
"""What a person does with their own account: no token can, whatever its scopes."""

OPEN = frozenset(
    {
        "signUp", "signIn", "tokenRefresh", "socketRenew", "emailConfirm", "emailChange", "passwordResetRequest",
        "passwordReset", "oidcExchange",
    }
)  # fmt: skip
"""What needs no sign-in, and so takes no notice of a token."""


def check_mutation(viewer: Any, name: str) -> None:
    """Raise ``ClientError`` FORBIDDEN if the viewer came by a token that is not for this mutation."""
    if viewer is None or viewer.scopes is None or name in OPEN:
        return
    needed = NEEDS.get(name)
    if needed is None:
        raise ClientError("FORBIDDEN", f"{name} cannot be done with an access token: sign in.")
    require_scope(viewer, needed)


def require_scope(viewer: Any, needed: AccessScope) -> None:
    """Raise ``ClientError`` FORBIDDEN if the viewer came by a token without this scope (for fields of queries too)."""
    if viewer is not None and viewer.scopes is not None and needed.value not in viewer.scopes:
        raise ClientError("FORBIDDEN", f"This access token lacks the scope {needed.name}.")
