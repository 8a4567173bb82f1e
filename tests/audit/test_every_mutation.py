"""Every mutation is audited, or it is said why not: one entry here each, and a mutation without one fails the suite."""

from __future__ import annotations

from uuid import UUID

import pytest

import app.tables  # noqa: F401 -- registers every kind of event
from app.audit.actions import NOT_AUDITED, AuditAction, action_of, known_actions
from app.events.kinds import KINDS
from tests import selections
from tests.audit.trail import trail
from tests.ledger import Log
from tests.proofs import PROOFS
from tests.world import World, uuids

AUDITED = {
    "workspaceCreate": "workspace.created",
    "workspaceUpdate": "workspace.updated",
    "workspaceMemberAdd": "workspace_member.added",
    "workspaceMemberUpdate": "workspace_member.updated",
    "workspaceMemberRemove": "workspace_member.removed",
    "projectCreate": "project.created",
    "projectUpdate": "project.updated",
    "projectMemberAdd": "project_member.added",
    "projectMemberUpdate": "project_member.updated",
    "projectMemberRemove": "project_member.removed",
    "statusCreate": "status.created",
    "statusUpdate": "status.updated",
    "statusDelete": "status.deleted",
    "labelCreate": "label.created",
    "labelUpdate": "label.updated",
    "labelDelete": "label.deleted",
    "taskTypeCreate": "task_type.created",
    "taskTypeUpdate": "task_type.updated",
    "taskTypeDelete": "task_type.deleted",
    "taskDelete": "task.deleted",
    "taskRestore": "task.restored",
    "taskBulkDelete": "task.deleted",
    "taskTransfer": "task.left",
    "commentDelete": "comment.deleted",
    "commentRestore": "comment.restored",
    "linkRemove": "link.removed",
    "teamCreate": "team.created",
    "teamUpdate": "team.updated",
    "teamDelete": "team.removed",
    "teamMemberAdd": "team_roster.updated",
    "teamMemberRemove": "team_roster.updated",
    "projectTeamAdd": "project_team.added",
    "projectTeamUpdate": "project_team.updated",
    "projectTeamRemove": "project_team.removed",
    "invitationCreate": "invitation.created",
    "invitationResend": "invitation.renewed",
    "invitationRevoke": "invitation.revoked",
    "joiningDomainAdd": "joining_domain.added",
    "joiningDomainRemove": "joining_domain.removed",
    "serviceAccountCreate": "service_account.created",
    "serviceAccountUpdate": "service_account.updated",
    "serviceAccountDelete": "service_account.deleted",
    "boardCreate": "board.created",
    "boardUpdate": "board.updated",
    "boardDelete": "board.deleted",
    "customFieldCreate": "custom_field.created",
    "customFieldUpdate": "custom_field.updated",
    "customFieldDelete": "custom_field.deleted",
    "transitionCreate": "transition.created",
    "transitionUpdate": "transition.updated",
    "transitionDelete": "transition.deleted",
    "workflowApplyTemplate": "transition.created",
    "sprintDelete": "sprint.deleted",
    "milestoneDelete": "milestone.deleted",
    "viewCreate": "view.created",
    "viewUpdate": "view.updated",
    "viewDelete": "view.removed",
}
"""Mutations that `tests.proofs` can send, and the entry that each leaves."""

ELSEWHERE = {
    "signUp": "account.created",
    "signIn": "session.started",
    "signOut": "session.ended",
    "tokenRefresh": "session.refresh_token_reused",
    "accountErase": "account.erased",
    "accessTokenCreate": "token.created",
    "accessTokenRevoke": "token.revoked",
    "sessionRevoke": "session.revoked",
    "sessionRevokeOthers": "session.revoked",
    "passwordChange": "account.password_changed",
    "passwordReset": "account.password_reset",
    "passwordResetRequest": "account.password_reset_asked",
    "invitationAccept": "invitation.accepted",
    "emailChange": "account.email_changed",
    "emailConfirm": "account.email_confirmed",
    "oidcExchange": "session.started",
    "identityLink": "account.identity_linked",
    "identityUnlink": "account.identity_unlinked",
}
"""Mutations of an account: `test_accounts.py` beside this one and `tests/oidc` send them."""

UNAUDITED = {
    "profileUpdate": "how one is shown, which everybody chooses for themselves; the directory's log tells it",
    "inboxMark": "what one has read is nobody else's business",
    "socketRenew": "the session goes on, as it would by itself",
    "emailConfirmationSend": "a mail to oneself",
    "emailChangeRequest": "nothing is changed before the address is confirmed, which is audited",
    "taskCreate": "work itself: the project's log tells it, with who and when",
    "taskUpdate": "work itself: the project's log tells it, with who and when",
    "taskBulkUpdate": "work itself: the project's log tells it, with who and when",
    "taskBulkMove": "work itself: the project's log tells it, with who and when",
    "taskRevert": "work itself: the project's log tells it, with who and when",
    "undo": "work itself: the project's log tells it, with who and when",
    "taskMove": "work itself: the project's log tells it, with who and when",
    "commentAdd": "work itself: the project's log tells it, with who and when",
    "commentUpdate": "work itself: the project's log tells it, with who and when",
    "linkAdd": "work itself: the project's log tells it, with who and when",
    "sprintCreate": "planning itself: the project's log tells it, with who and when",
    "sprintUpdate": "planning itself: the project's log tells it, with who and when",
    "sprintStart": "planning itself: the project's log tells it, with who and when",
    "sprintComplete": "planning itself: the project's log tells it, with who and when",
    "milestoneCreate": "planning itself: the project's log tells it, with who and when",
    "milestoneUpdate": "planning itself: the project's log tells it, with who and when",
    "milestoneRelease": "planning itself: the project's log tells it, with who and when",
}


def test_every_mutation_is_audited_or_it_is_said_why_not() -> None:
    assert selections.SCHEMA.mutation_type is not None
    told = [*AUDITED, *ELSEWHERE, *UNAUDITED]
    assert sorted(told) == sorted(selections.SCHEMA.mutation_type.fields)
    assert AUDITED.keys() <= PROOFS.keys()


def test_what_is_left_out_are_kinds_of_events() -> None:
    assert NOT_AUDITED.keys() <= KINDS.keys()
    assert set(AUDITED.values()) | set(ELSEWHERE.values()) <= set(known_actions())
    assert not {action_of(kind) for kind in KINDS} & {str(action) for action in AuditAction}


@pytest.mark.parametrize("name", sorted(AUDITED))
async def test_an_audited_mutation_leaves_its_entry(world: World, log: Log, name: str) -> None:
    """In the same unit: who did it, from where, by which request."""
    proof = PROOFS[name]
    by = world.person("member" if "member" in proof.may else proof.may[0])
    given = await proof.prepare(world, by)
    before = {entry["id"] for entry in await trail(log)}
    await by.do(name, **given)
    added = [entry for entry in await trail(log) if entry["id"] not in before]
    (entry,) = [one for one in added if one["action"] == AUDITED[name]][:1]
    assert entry["actor_id"] == uuids(by.user_id)[0]
    assert (entry["actor_kind"], entry["address"]) == ("user", "127.0.0.1")
    assert entry["user_agent"].startswith("python-httpx")
    assert isinstance(entry["sign_in_id"], UUID)
    assert len(entry["request_id"]) == 32
    if name != "workspaceCreate":
        assert entry["workspace_id"] == uuids(world.workspace["id"])[0]


@pytest.mark.parametrize("name", sorted(UNAUDITED.keys() & PROOFS.keys()))
async def test_work_itself_leaves_none(world: World, log: Log, name: str) -> None:
    proof = PROOFS[name]
    by = world.person("member" if "member" in proof.may else proof.may[0])
    given = await proof.prepare(world, by)
    before = await trail(log)
    await by.do(name, **given)
    assert await trail(log) == before


@pytest.mark.parametrize("name", ["workspaceUpdate", "serviceAccountCreate"])
async def test_a_retry_leaves_no_second_one(world: World, log: Log, name: str) -> None:
    given = await PROOFS[name].prepare(world, world.owner) | {
        "clientMutationId": "0195a3f2-7c1e-4d4a-9b3e-2f1c8e5a6d70"
    }
    await world.owner.do(name, **given)
    before = await trail(log)
    await world.owner.do(name, **given)
    assert await trail(log) == before
