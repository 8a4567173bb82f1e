"""Enums of accounts."""

from __future__ import annotations

from app.accounts.models import UserKind
from schema.enums import describe

__all__ = ["UserKind"]

describe(
    UserKind,
    "Whether somebody has an account.",
    PERSON="A person with an account.",
    SERVICE="A program with an account of its own in one workspace; it signs in by access tokens.",
    PLACEHOLDER="A name that an import met; nobody can sign in as it.",
    ERASED="Someone whose account was erased: what they did is still there, their name is not.",
)
