"""Enums of access tokens."""

from __future__ import annotations

from app.access_tokens.models import AccessScope
from schema.enums import describe

__all__ = ["AccessScope"]

describe(
    AccessScope,
    "What a token may be used for, within what its owner may do. Nothing of a sign-in itself (passwords, "
    "sessions, tokens) can be changed with a token.",
    READ="Queries and subscriptions. Every token has it.",
    WRITE="Tasks, comments, links, the inbox.",
    ADMIN="Workspaces, projects, their words, members, teams, invitations, service accounts.",
)
