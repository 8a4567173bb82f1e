"""Every table, imported so that one metadata knows them all (migrations compare against it)."""

from __future__ import annotations

from sqlmodel import SQLModel

from app.access_tokens import models as _access_tokens
from app.accounts import models as _accounts
from app.audit import models as _audit
from app.boards import models as _boards
from app.comments import models as _comments
from app.domains import models as _domains
from app.events import models as _events
from app.fields import models as _fields
from app.history import models as _history
from app.identities import models as _identities
from app.imports import models as _imports
from app.inbox import models as _inbox
from app.invitations import models as _invitations
from app.links import models as _links
from app.milestones import models as _milestones
from app.projects import models as _projects
from app.search import models as _search
from app.service_accounts import models as _service_accounts
from app.sprints import models as _sprints
from app.tasks import models as _tasks
from app.teams import models as _teams
from app.views import models as _views
from app.workflows import models as _workflows
from app.workspaces import models as _workspaces

__all__ = ["METADATA"]

METADATA = SQLModel.metadata
_ROOMS = (
    _access_tokens, _accounts, _audit, _boards, _comments, _domains, _events, _fields, _history, _identities, _imports,
    _inbox, _invitations, _links, _milestones, _projects, _search, _service_accounts, _sprints, _tasks, _teams,
    _views, _workflows, _workspaces,
)  # fmt: skip
