"""Every mutation, with what its proofs need: one entry each, and a mutation without one fails the suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests import inputs, selections
from tests.client import JSON, Client
from tests.folding import Scope
from tests.inputs import Prepare
from tests.world import World

EDITORS = ("owner", "admin", "manager", "member", "guest")
MANAGERS = ("owner", "admin", "manager")
ADMINS = ("owner", "admin")
INSIDE = (*EDITORS, "viewer")
COLLEAGUES = (*INSIDE, "colleague")


@dataclass(frozen=True)
class Proof:
    """What is known of a mutation.

    `may`: who may send it; of the others those of `sees` are told that they may not, the rest that it is not there.
    `scopes`: what it changes (as `owner` sees it, inboxes as their person), with `kinds`, its events there in order.
    `other`: a change of its input that asks for something else. `wrong`: one that is refused, and the code.
    """

    prepare: Prepare
    scopes: tuple[str, ...]
    kinds: tuple[str, ...]
    other: JSON
    wrong: JSON
    code: str = "VALIDATION_FAILED"
    may: tuple[str, ...] = EDITORS
    sees: tuple[str, ...] = INSIDE


def scope_of(world: World, name: str) -> tuple[Client, Scope]:
    """Who verifies a scope, and the scope: `eng`, `workspace`, `directory`, `inbox:member` …"""
    kind, _, person = name.partition(":")
    if kind == "inbox":
        return world.person(person), Scope("inbox")
    if kind in ("workspace", "directory"):
        return world.owner, Scope(kind, world.workspace["id"])
    return world.owner, Scope("project", getattr(world, kind)["id"])


NO_KEY = "01890000-0000-7000-8000-000000000000"
_IN_WORKSPACE: dict[str, Any] = {"may": ADMINS, "sees": COLLEAGUES}
_MANAGING: dict[str, Any] = {"may": MANAGERS, "sees": INSIDE}
_KNOWING_TEAMS = tuple(one for one in COLLEAGUES if one != "guest")
_ON_TEAM: dict[str, Any] = {"may": ADMINS, "sees": _KNOWING_TEAMS}
_BLANK: dict[str, Any] = {"wrong": {"name": " "}}
_VERSION: dict[str, Any] = {"wrong": {"expectedVersion": 99}}

PROOFS: dict[str, Proof] = {
    "profileUpdate": Proof(
        inputs.profile, ("directory",), ("PersonUpdated",), {"name": "Else"}, **_BLANK, may=("member",)
    ),
    "workspaceCreate": Proof(
        inputs.fixed(name="Mine"), (), (), {"name": "Else"}, **_BLANK, may=(*COLLEAGUES, "outsider")
    ),
    "workspaceUpdate": Proof(
        inputs.workspace_update,
        ("workspace",),
        ("WorkspaceUpdated",),
        {"name": "Else"},
        **_BLANK,
        **_IN_WORKSPACE,
    ),
    "workspaceMemberAdd": Proof(
        inputs.newcomer,
        ("workspace", "directory", "inbox:outsider"),
        ("WorkspaceMemberAdded", "PersonAdded", "ScopeAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "GUEST"},
        {"email": "no"},
        **_IN_WORKSPACE,
    ),
    "workspaceMemberUpdate": Proof(
        inputs.workspace_role,
        ("workspace", "inbox:viewer"),
        ("WorkspaceMemberUpdated", "ScopeRemoved", "ScopeRemoved"),
        {"role": "MEMBER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **_IN_WORKSPACE,
    ),
    "workspaceMemberRemove": Proof(
        inputs.workspace_member,
        ("workspace", "directory", "eng", "inbox:viewer"),
        (
            "WorkspaceMemberRemoved",
            "PersonRemoved",
            "ProjectMemberRemoved",
            "InboxItemAdded",
            "ScopeRemoved",
            "ScopeRemoved",
            "ScopeRemoved",
        ),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*ADMINS, "viewer"),
        sees=COLLEAGUES,
    ),
    "joiningDomainAdd": Proof(
        inputs.joining_domain_add,
        ("workspace",),
        ("JoiningDomainAdded",),
        {"role": "MEMBER"},
        {"domain": "gmail.com"},
        **_IN_WORKSPACE,
    ),
    "joiningDomainRemove": Proof(
        inputs.joining_domain,
        ("workspace",),
        ("JoiningDomainRemoved",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=("manager", "member", "viewer", "colleague"),
    ),
    "invitationCreate": Proof(
        inputs.invitation_create,
        ("workspace",),
        ("InvitationCreated",),
        {"role": "GUEST"},
        {"email": "no"},
        **_IN_WORKSPACE,
    ),
    "invitationResend": Proof(
        inputs.invitation,
        ("workspace",),
        ("InvitationRenewed",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
    "invitationRevoke": Proof(
        inputs.invitation,
        ("workspace",),
        ("InvitationRemoved",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
    "serviceAccountCreate": Proof(
        inputs.service_account_create,
        ("workspace", "directory"),
        ("WorkspaceMemberAdded", "PersonAdded"),
        {"name": "Else"},
        {"role": "OWNER"},
        **_IN_WORKSPACE,
    ),
    "serviceAccountUpdate": Proof(
        inputs.service_account_update,
        ("directory",),
        ("PersonUpdated",),
        {"name": "Else"},
        **_BLANK,
        may=ADMINS,
        sees=(),
    ),
    "serviceAccountDelete": Proof(
        inputs.service_account,
        ("workspace", "directory", "eng"),
        ("WorkspaceMemberRemoved", "PersonRemoved", "ProjectMemberRemoved"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
    "projectCreate": Proof(
        inputs.project_create,
        ("workspace", "inbox:admin"),
        ("ProjectListed", "ScopeAdded"),
        {"name": "Else"},
        {"key": "ENG"},
        may=("owner", "admin", "manager", "member", "viewer", "colleague"),
        sees=COLLEAGUES,
    ),
    "projectUpdate": Proof(
        inputs.project_update,
        ("eng",),
        ("ProjectUpdated",),
        {"name": "Else"},
        {"workspaceRole": "ADMIN"},
        may=ADMINS,
    ),
    "projectMemberAdd": Proof(
        inputs.project_member_add,
        ("eng", "inbox:colleague"),
        ("ProjectMemberAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "VIEWER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "projectMemberUpdate": Proof(
        inputs.project_role,
        ("eng",),
        ("ProjectMemberUpdated",),
        {"role": "VIEWER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "projectMemberRemove": Proof(
        inputs.project_member,
        ("eng", "inbox:viewer"),
        ("ProjectMemberRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*MANAGERS, "viewer"),
    ),
    "teamCreate": Proof(
        inputs.team_create,
        ("directory", "workspace"),
        ("TeamCreated", "TeamRosterCreated"),
        {"name": "Else"},
        **_BLANK,
        **_IN_WORKSPACE,
    ),
    "teamUpdate": Proof(
        inputs.team_update, ("directory",), ("TeamUpdated",), {"name": "Else"}, **_BLANK, **_ON_TEAM
    ),
    "teamDelete": Proof(
        inputs.team_delete,
        ("directory", "workspace", "ops", "inbox:viewer"),
        ("TeamRemoved", "TeamRosterRemoved", "ProjectTeamRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_ON_TEAM,
    ),
    "teamMemberAdd": Proof(
        inputs.team_member_add,
        ("workspace", "inbox:viewer"),
        ("TeamRosterUpdated", "ScopeAdded", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        **_ON_TEAM,
    ),
    "teamMemberRemove": Proof(
        inputs.team_member_remove,
        ("workspace", "inbox:viewer"),
        ("TeamRosterUpdated", "ScopeRemoved", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*ADMINS, "viewer"),
        sees=_KNOWING_TEAMS,
    ),
    "projectTeamAdd": Proof(
        inputs.project_team_add,
        ("eng", "inbox:colleague"),
        ("ProjectTeamAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "VIEWER"},
        {"teamId": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "projectTeamUpdate": Proof(
        inputs.project_team_update,
        ("eng",),
        ("ProjectTeamUpdated",),
        {"role": "VIEWER"},
        {"teamId": "missing"},
        "NOT_FOUND",
        may=MANAGERS,
        sees=COLLEAGUES,
    ),
    "projectTeamRemove": Proof(
        inputs.project_team,
        ("eng", "inbox:colleague"),
        ("ProjectTeamRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"teamId": "missing"},
        {"teamId": "missing"},
        "NOT_FOUND",
        may=MANAGERS,
        sees=COLLEAGUES,
    ),
    "statusCreate": Proof(
        inputs.status_create, ("eng",), ("StatusCreated",), {"name": "Else"}, {"name": "done"}, **_MANAGING
    ),
    "statusUpdate": Proof(
        inputs.status_update, ("eng",), ("StatusUpdated",), {"name": "Else"}, {"color": "red"}, **_MANAGING
    ),
    "statusDelete": Proof(
        inputs.status_delete,
        ("eng",),
        ("StatusUpdated", "TaskMoved", "StatusDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "customFieldCreate": Proof(
        inputs.field_create, ("eng",), ("CustomFieldCreated",), {"name": "Else"}, {"options": []}, **_MANAGING
    ),
    "customFieldUpdate": Proof(
        inputs.field_update, ("eng",), ("CustomFieldUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "customFieldDelete": Proof(
        inputs.field_delete,
        ("eng",),
        ("CustomFieldDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "boardCreate": Proof(
        inputs.board_create, ("eng",), ("BoardCreated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "boardUpdate": Proof(
        inputs.board_update, ("eng",), ("BoardUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "boardDelete": Proof(
        inputs.board_delete,
        ("eng",),
        ("BoardDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "viewCreate": Proof(
        inputs.view_create, ("eng",), ("ViewCreated",), {"name": "Else"}, {"query": "nowhere:x"}
    ),
    "viewUpdate": Proof(
        inputs.view_update,
        ("eng",),
        ("ViewUpdated",),
        {"name": "Else"},
        {"query": "label:"},
        may=(*MANAGERS, "member"),
    ),
    "viewDelete": Proof(
        inputs.a_view,
        ("eng",),
        ("ViewRemoved",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        may=(*MANAGERS, "member"),
    ),
    "sprintCreate": Proof(
        inputs.sprint_create,
        ("eng",),
        ("SprintCreated",),
        {"name": "Else"},
        {"endsOn": "2029-01-01"},
        **_MANAGING,
    ),
    "sprintUpdate": Proof(
        inputs.sprint_update, ("eng",), ("SprintUpdated",), {"name": "Else"}, {"capacity": -1.0}, **_MANAGING
    ),
    "sprintStart": Proof(
        inputs.a_sprint,
        ("eng",),
        ("SprintStarted",),
        {"parallel": True},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "sprintComplete": Proof(
        inputs.sprint_complete,
        ("eng",),
        ("SprintCompleted", "TaskUpdated"),
        {"moveUnfinishedTo": None},
        {"expectedVersion": 99},
        "VERSION_CONFLICT",
        **_MANAGING,
    ),
    "sprintDelete": Proof(
        inputs.sprint_delete,
        ("eng",),
        ("TaskUpdated", "SprintDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "milestoneDelete": Proof(
        inputs.milestone_delete,
        ("eng",),
        ("TaskUpdated", "MilestoneDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "milestoneCreate": Proof(
        inputs.milestone_create,
        ("eng",),
        ("MilestoneCreated",),
        {"name": "Else"},
        {"dueOn": "2029-01-01"},
        **_MANAGING,
    ),
    "milestoneUpdate": Proof(
        inputs.milestone_update, ("eng",), ("MilestoneUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "milestoneRelease": Proof(
        inputs.milestone_release,
        ("eng",),
        ("MilestoneReleased",),
        {"releasedAt": "2030-01-02T00:00:00Z"},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "labelCreate": Proof(
        inputs.word_create, ("eng",), ("LabelCreated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "labelUpdate": Proof(
        inputs.label_update, ("eng",), ("LabelUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "labelDelete": Proof(
        inputs.label_delete,
        ("eng",),
        ("LabelDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "taskTypeCreate": Proof(
        inputs.word_create, ("eng",), ("TaskTypeCreated",), {"name": "Else"}, {"name": "BUG"}, **_MANAGING
    ),
    "taskTypeUpdate": Proof(
        inputs.type_update, ("eng",), ("TaskTypeUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "taskTypeDelete": Proof(
        inputs.type_delete,
        ("eng",),
        ("TaskTypeDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "transitionCreate": Proof(
        inputs.transition_create,
        ("eng",),
        ("TransitionCreated",),
        {"name": "Else"},
        {"conditions": [{"wipLimit": 0}]},
        **_MANAGING,
    ),
    "transitionUpdate": Proof(
        inputs.transition_update, ("eng",), ("TransitionUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING
    ),
    "transitionDelete": Proof(
        inputs.transition_delete,
        ("eng",),
        ("TransitionDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_MANAGING,
    ),
    "workflowApplyTemplate": Proof(
        inputs.workflow,
        ("eng",),
        ("TransitionDeleted", "StatusCreated", *("TransitionCreated",) * 6),
        {"template": "SCRUM"},
        {"replace": False},
        **_MANAGING,
    ),
    "taskCreate": Proof(
        inputs.task_create,
        ("eng", "inbox:viewer"),
        ("TaskCreated", "InboxItemAdded"),
        {"title": "Else"},
        {"priority": 5},
    ),
    "taskUpdate": Proof(
        inputs.task_update,
        ("eng", "inbox:viewer"),
        ("TaskUpdated", "InboxItemAdded"),
        {"patch": {"title": "Else"}},
        {"patch": {"title": ""}},
    ),
    "taskBulkUpdate": Proof(
        inputs.bulk, ("eng",), ("TaskUpdated",) * 3, {"patch": {"priority": 1}}, {"patch": {"title": ""}}
    ),
    "taskBulkMove": Proof(
        inputs.bulk_move,
        ("eng",),
        ("TaskMoved",) * 3,
        {"atomic": False},
        {"statusId": "missing"},
        "NOT_FOUND",
    ),
    "taskBulkDelete": Proof(
        inputs.bulk_deletion, ("eng",), ("TaskDeleted",) * 3, {"atomic": False}, {"items": []}
    ),
    "undo": Proof(
        inputs.a_change,
        ("eng",),
        ("TaskUpdated",),
        {"mutationId": NO_KEY},
        {"mutationId": NO_KEY},
        "NOT_FOUND",
    ),
    "taskRevert": Proof(inputs.edited_task, ("eng",), ("TaskUpdated",), {"toVersion": 2}, {"toVersion": 0}),
    "taskMove": Proof(
        inputs.task_move,
        ("eng",),
        ("TaskMoved",),
        {"expectedVersion": 2},
        {"beforeId": "missing"},
        "NOT_FOUND",
    ),
    "taskDelete": Proof(inputs.a_task, ("eng",), ("TaskDeleted",), {"onConflict": "MERGE"}, **_VERSION),
    "taskRestore": Proof(
        inputs.deleted_task, ("eng",), ("TaskRestored",), {"onConflict": "MERGE"}, **_VERSION
    ),
    "taskTransfer": Proof(
        inputs.task_transfer,
        ("eng", "ops"),
        (
            "TaskLeft",
            "TaskUpdated",
            "CommentLeft",
            "CommentLeft",
            "LinkAdded",
            "LinkAdded",
            "LabelCreated",
            "TaskArrived",
            "CommentArrived",
            "CommentArrived",
            "LinkAdded",
            "LinkAdded",
        ),
        {"statusId": None},
        {"statusId": "missing"},
        "NOT_FOUND",
        may=("owner", "admin", "member"),
        sees=(),
    ),
    "commentAdd": Proof(
        inputs.comment_add,
        ("eng", "inbox:viewer"),
        ("CommentAdded", "InboxItemAdded"),
        {"body": "Else"},
        {"body": " "},
    ),
    "commentUpdate": Proof(
        inputs.comment_update,
        ("eng", "inbox:viewer"),
        ("CommentUpdated", "InboxItemAdded"),
        {"body": "Else"},
        {"body": ""},
        may=("member",),
    ),
    "commentDelete": Proof(
        inputs.a_comment,
        ("eng",),
        ("CommentDeleted",),
        {"onConflict": "MERGE"},
        **_VERSION,
        may=(*MANAGERS, "member"),
    ),
    "commentRestore": Proof(
        inputs.deleted_comment,
        ("eng",),
        ("CommentRestored",),
        {"onConflict": "MERGE"},
        **_VERSION,
        may=(*MANAGERS, "member"),
    ),
    "linkAdd": Proof(inputs.link_add, ("eng",), ("LinkAdded",), {"kind": "relates"}, {"kind": "Not a kind"}),
    "linkRemove": Proof(
        inputs.link, ("eng",), ("LinkRemoved",), {"id": "missing"}, {"id": "missing"}, "NOT_FOUND"
    ),
    "inboxMark": Proof(
        inputs.inbox_items,
        ("inbox:member",),
        ("InboxItemRead",),
        {"read": False},
        {"ids": "missing"},
        "NOT_FOUND",
        may=("member",),
        sees=(),
    ),
}

APART = frozenset(
    {
        "accountErase",
        "signUp", "signIn", "tokenRefresh", "signOut", "socketRenew", "sessionRevoke", "sessionRevokeOthers",
        "emailConfirmationSend", "emailConfirm", "emailChangeRequest", "emailChange", "passwordResetRequest",
        "passwordReset", "passwordChange", "accessTokenCreate", "accessTokenRevoke", "invitationAccept",
        "oidcExchange", "identityLink", "identityUnlink",
    }
)  # fmt: skip
"""Mutations of an account, its sessions and tokens, which belong to no scope, and what needs a
secret from a mail: tests/accounts, tests/access_tokens, tests/invitations and tests/oidc prove them."""


def versioned(name: str) -> bool:
    """Whether a mutation asks which version was edited."""
    assert selections.SCHEMA.mutation_type is not None
    kind: Any = selections.SCHEMA.type_map[
        str(selections.SCHEMA.mutation_type.fields[name].args["input"].type).rstrip("!")
    ]
    return "expectedVersion" in kind.fields
