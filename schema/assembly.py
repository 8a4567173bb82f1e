"""The schema, put together."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.access_tokens.mutations import AccessTokenMutations
from schema.accounts.changes import AccountChangeMutations
from schema.accounts.mutations import AccountMutations
from schema.arguments import describe_arguments
from schema.boards.mutations import BoardMutations
from schema.comments.mutations import CommentMutations
from schema.domains.mutations import DomainMutations
from schema.errors import ERROR_TYPES
from schema.events.subscriptions import EventSubscriptions
from schema.events.types import event_types
from schema.fields.mutations import FieldMutations
from schema.history.mutations import HistoryMutations
from schema.identities.mutations import IdentityMutations
from schema.inbox.mutations import InboxMutations
from schema.invitations.mutations import InvitationMutations
from schema.links.mutations import LinkMutations
from schema.milestones.mutations import MilestoneMutations
from schema.privacy.mutations import PrivacyMutations
from schema.projects.mutations import ProjectMutations
from schema.projects.words import WordMutations
from schema.queries import Query
from schema.readings import read_inputs_quickly
from schema.scalars import SCALARS
from schema.service_accounts.mutations import ServiceAccountMutations
from schema.sprints.mutations import SprintMutations
from schema.tasks.bulk import TaskBulkMutations
from schema.tasks.mutations import TaskMutations
from schema.teams.mutations import TeamMutations
from schema.views.mutations import ViewMutations
from schema.views.subscriptions import ViewSubscriptions
from schema.workflows.mutations import WorkflowMutations
from schema.workspaces.mutations import WorkspaceMutations


@strawberry.type(
    description="What can be changed. Each takes one `input` and answers with the object, the `positions` that hold "
    "the change, and `errors`, empty when it was done."
)
class Mutation(
    AccountMutations, PrivacyMutations, AccountChangeMutations, AccessTokenMutations, ServiceAccountMutations,
    WorkspaceMutations, ProjectMutations, WordMutations, TaskMutations, TaskBulkMutations, HistoryMutations,
    CommentMutations, LinkMutations,
    InboxMutations, TeamMutations, InvitationMutations, IdentityMutations, DomainMutations,
    SprintMutations, MilestoneMutations, WorkflowMutations, ViewMutations, FieldMutations,
    BoardMutations,
):  # fmt: skip
    pass


@strawberry.type(description="What can be followed live.")
class Subscription(EventSubscriptions, ViewSubscriptions):
    pass


def _attribute(row: Any, name: str) -> Any:
    return getattr(row, name)


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*event_types(), *ERROR_TYPES],
    config=StrawberryConfig(default_resolver=_attribute, scalar_map=SCALARS),
)
read_inputs_quickly(schema)
describe_arguments(schema._schema)  # noqa: SLF001 (Strawberry's own object has no way to all arguments)
