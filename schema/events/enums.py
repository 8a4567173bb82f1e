"""Enums of events and streams."""

from __future__ import annotations

from app.events.frames import FrameKind, FrameReason
from app.events.models import ActorKind, ScopeKind
from app.texts.hunks import TextLineKind
from schema.enums import describe

__all__ = ["ActorKind", "FrameKind", "FrameReason", "ScopeKind", "TextLineKind"]

describe(
    ActorKind,
    "What kind of actor made a change.",
    USER="A person.",
    IMPORT="An import, on behalf of a person.",
    SYSTEM="The service itself.",
)
describe(
    ScopeKind,
    "What a scope is the log of.",
    PROJECT="A project: all that is in it.",
    WORKSPACE="A workspace: its members, its teams, its settings.",
    DIRECTORY="How people and teams of a workspace are shown.",
    INBOX="One person's inbox.",
)
describe(
    FrameKind,
    "What a frame is.",
    EVENTS="Events: apply them in order.",
    HEARTBEAT="Nothing new; here is where you stand.",
    RESYNC="The log cannot be followed from where you were: load anew, then follow from the new position.",
    ENDED="The stream is over; `reason` says why.",
)
describe(
    FrameReason,
    "Why to load anew, or why a stream ended.",
    OTHER_HISTORY="Your cursor is of another history: the database was restored.",
    FROM_THE_FUTURE="Your cursor is ahead of the log: the database was restored.",
    TOO_FAR_BEHIND="You missed so much that loading is cheaper.",
    TOO_SLOW="You read more slowly than things happen.",
    VIEW_CHANGED="What the list holds is another as a whole: its view or board was changed, or what a status means.",
    ACCESS_LOST="You may not read this scope any more: forget what you have of it.",
    TOKEN_EXPIRED="Your access token has expired: renew it with `socketRenew` in time.",  # noqa: S106 (a reason)
    SIGNED_OUT="You signed out.",
)
describe(
    TextLineKind,
    "What became of a line of a text.",
    KEPT="It stayed.",
    REMOVED="It went.",
    ADDED="It came.",
)
