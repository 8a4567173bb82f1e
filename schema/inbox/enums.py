"""Enums of the inbox."""

from __future__ import annotations

import strawberry

from app.inbox import models

InboxReason = strawberry.enum(
    models.InboxReason, name="InboxReason", description="Why something is in your inbox."
)
