"""Who may do what: every action that a client can take, and the role that it needs. All checks read this table.

A workspace's role is needed in the workspace, a project's in the project; a role includes those below it. Somebody's
role in a project is the strongest of: the one given by name, those of their teams, the one that the project gives the
whole workspace (but guests), and ADMIN for owners and admins of the workspace (migration 0009, `project_grants`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache


class WorkspaceRole(StrEnum):
    """What someone may do in a workspace, strongest first. Guests see only the projects they were given."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"


class ProjectRole(StrEnum):
    """What someone may do in a project, strongest first."""

    ADMIN = "admin"
    MANAGER = "manager"
    MEMBER = "member"
    VIEWER = "viewer"


class Anybody(StrEnum):
    """Who needs no role."""

    SIGNED_OUT = "anybody, signed in or not"
    SIGNED_IN = "anybody who is signed in"
    NOBODY = "nobody else"


Needed = WorkspaceRole | ProjectRole | Anybody


@dataclass(frozen=True)
class Rule:
    """``needs``: the role. ``own``: the one that is enough where it is one's own (a comment, a membership).

    ``archived``: also in an archived project, in which else nothing can be changed. ``note``: what else holds.
    """

    what: str
    needs: Needed
    mutations: tuple[str, ...] = ()
    own: Needed | None = None
    archived: bool = False
    note: str = ""


_OWNER, _W_ADMIN, _W_MEMBER, _GUEST = WorkspaceRole
_ADMIN, _MANAGER, _MEMBER, _VIEWER = ProjectRole


class Permission(Enum):
    """The table. Each member's value is its rule."""

    # fmt: off
    BEGIN = Rule(
        "make an account, sign in; what a mailed link does", Anybody.SIGNED_OUT,
        ("signUp", "signIn", "tokenRefresh", "oidcExchange", "emailConfirm", "emailChange", "passwordResetRequest",
         "passwordReset"))
    BE_ONESELF = Rule(
        "one's own account, sign-ins, tokens, profile and inbox", Anybody.SIGNED_IN,
        ("signOut", "socketRenew", "sessionRevoke", "sessionRevokeOthers", "passwordChange", "emailChangeRequest",
         "emailConfirmationSend", "identityLink", "identityUnlink", "accessTokenCreate", "accessTokenRevoke",
         "accountErase", "profileUpdate", "inboxMark"),
        note="a token of a service account: MANAGE_PROGRAMS")
    ACCEPT_INVITATION = Rule(
        "join a workspace by an invitation", Anybody.SIGNED_IN, ("invitationAccept",), note="who has its token")
    MAKE_WORKSPACE = Rule(
        "make a workspace", Anybody.SIGNED_IN, ("workspaceCreate",), note="its maker owns it; no service account can")

    SEE_WORKSPACE = Rule("see a workspace, and in it the projects one was given", _GUEST)
    SEE_PEOPLE = Rule("see its members and teams; follow it and its directory", _W_MEMBER)
    MAKE_PROJECT = Rule("make a project", _W_MEMBER, ("projectCreate",), note="its maker administers it")
    CHANGE_WORKSPACE = Rule("rename it", _W_ADMIN, ("workspaceUpdate",))
    READ_AUDIT_LOG = Rule("read and export its audit log", _W_ADMIN)
    EXPORT_WORKSPACE = Rule("export all its projects", _W_ADMIN)
    ADD_PEOPLE = Rule(
        "add members and guests, change their roles", _W_ADMIN, ("workspaceMemberAdd", "workspaceMemberUpdate"),
        note="who is or becomes an owner or admin: only by an owner; the last owner stays one")
    INVITE = Rule(
        "invite people by mail", _W_ADMIN, ("invitationCreate", "invitationResend", "invitationRevoke"),
        note="as an owner or admin: only by an owner")
    MANAGE_PROGRAMS = Rule(
        "make, change and delete service accounts and their tokens", _W_ADMIN,
        ("serviceAccountCreate", "serviceAccountUpdate", "serviceAccountDelete"), note="as an admin: only by an owner")
    LIST_DOMAINS = Rule(
        "list domains whose people join by signing in at a provider", _W_ADMIN,
        ("joiningDomainAdd", "joiningDomainRemove"), note="a domain is added by who has a confirmed address there")
    REMOVE_PEOPLE = Rule(
        "take somebody out of it", _W_ADMIN, ("workspaceMemberRemove",), own=_GUEST,
        note="an owner or admin: only by an owner; the last owner cannot leave")
    APPOINT_ADMINS = Rule("appoint, change and remove owners and admins", _OWNER)
    MANAGE_TEAMS = Rule(
        "make, change and delete teams; put people into them", _W_ADMIN,
        ("teamCreate", "teamUpdate", "teamDelete", "teamMemberAdd"))
    REMOVE_FROM_TEAM = Rule("take somebody out of a team", _W_ADMIN, ("teamMemberRemove",), own=_GUEST)

    SEE_PROJECT = Rule("see everything in a project, follow it", _VIEWER, archived=True)
    EDIT_TASKS = Rule(
        "make, edit, move, delete and restore tasks", _MEMBER,
        ("taskCreate", "taskUpdate", "taskBulkUpdate", "taskBulkMove", "taskBulkDelete",
         "taskMove", "taskDelete", "taskRestore", "taskRevert", "undo"))
    TRANSFER_TASKS = Rule("move a task to another project", _MEMBER, ("taskTransfer",), note="in both projects")
    LINK_TASKS = Rule(
        "link two tasks, take a link away", _MEMBER, ("linkAdd", "linkRemove"),
        note="both ends must be seen; the role is needed where a new link begins, or at either end of one that goes")
    COMMENT = Rule("comment", _MEMBER, ("commentAdd",))
    EDIT_COMMENT = Rule("change a comment", Anybody.NOBODY, ("commentUpdate",), own=_MEMBER)
    DELETE_COMMENT = Rule(
        "delete a comment, restore it", _MANAGER, ("commentDelete", "commentRestore"), own=_MEMBER,
        note="a restoration is one's own if the deletion was")
    MANAGE_WORDS = Rule(
        "change statuses, labels and task types", _MANAGER,
        tuple(word + happens for word in ("status", "label", "taskType") for happens in ("Create", "Update", "Delete")))
    MANAGE_FIELDS = Rule(
        "define custom fields", _MANAGER, ("customFieldCreate", "customFieldUpdate", "customFieldDelete"),
        note="to set their values: EDIT_TASKS")
    PLAN = Rule(
        "plan: make, change, start, complete and delete sprints; make, change, release and delete milestones", _MANAGER,
        ("sprintCreate", "sprintUpdate", "sprintStart", "sprintComplete", "sprintDelete", "milestoneCreate",
         "milestoneUpdate", "milestoneRelease", "milestoneDelete"),
        note="to put tasks into them and take them out: EDIT_TASKS")
    MANAGE_WORKFLOW = Rule(
        "change the workflow: transitions, templates", _MANAGER,
        ("transitionCreate", "transitionUpdate", "transitionDelete", "workflowApplyTemplate"))
    SHARE_VIEWS = Rule(
        "share a view", _MEMBER, ("viewCreate",), note="to save one for oneself: SEE_PROJECT")
    EDIT_VIEWS = Rule(
        "change and delete a shared view", _MANAGER, ("viewUpdate", "viewDelete"), own=_MEMBER,
        note="a personal one is its maker's alone")
    MANAGE_BOARDS = Rule(
        "make, change and delete boards", _MANAGER, ("boardCreate", "boardUpdate", "boardDelete"))
    MANAGE_MEMBERS = Rule(
        "add people and teams, change their roles, take teams out", _MANAGER,
        ("projectMemberAdd", "projectMemberUpdate", "projectTeamAdd", "projectTeamUpdate", "projectTeamRemove"),
        archived=True, note="who is or becomes a manager or admin: only by an admin")
    REMOVE_MEMBER = Rule(
        "take somebody out of it", _MANAGER, ("projectMemberRemove",), own=_VIEWER, archived=True,
        note="a manager or admin: only by an admin")
    APPOINT_MANAGERS = Rule("appoint, change and remove managers and admins", _ADMIN, archived=True)
    IMPORT = Rule("import into it (`lockstep import`)", _MANAGER)
    EXPORT = Rule("export it, whole or as a table", _MEMBER, archived=True)
    CHANGE_PROJECT = Rule(
        "change its settings and who sees it, archive it", _ADMIN, ("projectUpdate",), archived=True)
    # fmt: on

    @property
    def rule(self) -> Rule:
        """Its row of the table."""
        return self.value

    @property
    def manages(self) -> bool:
        """Whether it is for those alone who manage a project or a workspace: trying it without is worth knowing."""
        return self.rule.needs in (_OWNER, _W_ADMIN, _ADMIN, _MANAGER)


@cache
def permits(role: str | None, permission: Permission, *, own: bool = False) -> bool:
    """Whether a role (of the workspace or the project, as the permission says) is enough; ``own``: it is one's own."""
    rule = permission.rule
    return _reaches(role, rule.needs) or (own and rule.own is not None and _reaches(role, rule.own))


def _reaches(role: str | None, needed: Needed) -> bool:
    if isinstance(needed, Anybody):
        return needed is not Anybody.NOBODY
    standing = [one.value for one in type(needed)]
    return role is not None and standing.index(role) <= standing.index(needed.value)
