"""Gives kept answers again while they are good, and knows by a tag whether a client's own copy is.

An answer is good exactly while its stamp is what it was: where the logs of all projects stand that it was looked up in,
those of their workspaces and directories, and what its reader may do there (`app.projects.stamps`). The stamp is read
from Postgres after the request has come, so that whatever was committed before then counts. Which answers may be kept
follows from the fields that they hold (`schema.edges.edge`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from graphql import OperationType

from app.errors import ClientError
from app.keeping import Noted, watch
from app.keys import packed
from app.metrics import KEPT_ANSWERS
from app.projects.stamps import Stamp, stamp_now, stamp_of
from schema.answers import Answer
from schema.context import Application, Context, Session
from schema.dependence import Dependence, strongest
from schema.kept.shelf import Kept, Shelf
from schema.preparation import Prepared

MOST_PROJECTS = 200
"""Of which one answer is kept; the stamp of more would cost as much as the answer."""
MOST_TOLD = 8
"""Projects that a tag names; an answer from more has none."""

HIT = KEPT_ANSWERS.labels("hit")
UNCHANGED = KEPT_ANSWERS.labels("unchanged")

_TAG = re.compile(r'"([sv])([A-Za-z0-9_-]{22})((?:\.[0-9a-f]{32}){1,8})"')


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom. ``tagged``: the answer is to have a tag; ``known``: the tags of what the client has."""

    viewer_id: UUID
    asked: tuple[Hashable, ...]
    tagged: bool
    known: str
    noted: set[Noted] = field(default_factory=set)

    def place(self, dependence: Dependence | None) -> Hashable:
        """Under what its answers are kept."""
        # (The number: a UUID's own hash is worked out in Python.)
        return (self.viewer_id.int, *self.asked) if dependence is Dependence.VIEWER else self.asked


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer that has just been made may be kept by."""

    question: Question
    dependence: Dependence
    stamp: Stamp
    projects: tuple[UUID, ...]


class Keeper:
    """The kept answers of one process."""

    def __init__(self, application: Application, limit_bytes: int) -> None:
        self._application = application
        self.shelf = Shelf(limit_bytes)

    def question(
        self, prepared: Prepared, session: Session, *, tagged: bool = False, known: str = ""
    ) -> Question | None:
        """What is asked, if answers to such things are kept: queries of whoever is signed in, by HTTP."""
        viewer = session.viewer
        if viewer is None or prepared.kind is not OperationType.QUERY or session.transport != "http":
            return None
        # Whoever may not ask any more is told so on the ordinary way.
        ended = self._application.hub.ended_sign_ins
        if (
            (ended and viewer.session_id in ended)
            or viewer.expires_at <= time.time()
            or not (self.shelf.limit or tagged)
        ):
            return None
        request = prepared.request
        asked = (
            prepared.document,
            request.operation_name,
            orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS),
            viewer.scopes,
        )
        return Question(viewer.user_id, asked, tagged, known)

    async def find(self, question: Question, prepared: Prepared) -> Answer | None:
        """The kept answer, or that the client's own is good; None if it must be made: what that depends on is noted."""
        answer = await self._unchanged(question, prepared) if question.known else None
        if answer is not None:
            UNCHANGED.inc()
            return answer
        watch(question.noted)
        for dependence in (Dependence.ROLE, Dependence.VIEWER):
            place = self.shelf.look(question.place(dependence))
            if place is None:
                continue
            try:
                stamp = await stamp_now(self._application.database, question.viewer_id, place.keys)
            except ClientError:
                return None  # too busy, or no database: that is told on the ordinary way
            kept = place.answers.get(_key(stamp, dependence))
            if kept is not None:
                HIT.inc()
                found = Found(question, dependence, stamp, place.projects)
                return Answer(executed=True, kept=kept, tag=self._tag(found, prepared))
            KEPT_ANSWERS.labels("passed").inc()
            return None
        KEPT_ANSWERS.labels("unknown").inc()
        return None

    async def note(self, question: Question, context: Context, answered: bool) -> Found | None:
        """What an answer may be kept by, asked within the snapshot that it was read in."""
        own = context.hid or Noted.VIEWER in question.noted
        dependence = strongest(context.dependence, Dependence.VIEWER if own else Dependence.ROLE)
        projects = tuple(sorted(context.reflected - {question.viewer_id}))
        reason = None
        if not answered:
            reason = "errors"
        elif dependence is None:
            reason = "field"
        elif lost := question.noted - {Noted.VIEWER}:
            reason = min(lost).value
        elif not projects or context.missed or len(projects) > MOST_PROJECTS:
            reason = "missing" if context.missed else "scope"
        if reason is not None or dependence is None:
            KEPT_ANSWERS.labels(f"not kept: {reason}").inc()
            return None
        stamp = await stamp_of(await context.reader(), question.viewer_id, projects)
        if len(stamp.rows) != len(projects):
            # Something else than projects was read: nobody knows what it hangs on.
            KEPT_ANSWERS.labels("not kept: scope").inc()
            return None
        context.stamp = stamp
        return Found(question, dependence, stamp, projects)

    def keep(self, found: Found, prepared: Prepared, answer: Answer) -> None:
        """Put an answer away, as the bytes that are sent."""
        answer.tag = self._tag(found, prepared)
        if self.shelf.limit:
            answer.kept = Kept(answer.json(), answer.spent or 0)
            question = found.question.place(found.dependence)
            self.shelf.put(question, found.projects, _key(found.stamp, found.dependence), answer.kept)

    async def _unchanged(self, question: Question, prepared: Prepared) -> Answer | None:
        for letter, digest, projects in _TAG.findall(question.known)[:1]:
            asked = tuple(UUID(hex=one) for one in projects[1:].split("."))
            try:
                stamp = await stamp_now(self._application.database, question.viewer_id, packed(asked))
            except ClientError:
                return None
            if len(stamp.rows) != len(asked):
                return None
            dependence = Dependence.VIEWER if letter == "v" else Dependence.ROLE
            tag = self._tag(Found(question, dependence, stamp, asked), prepared)
            if tag == f'W/"{letter}{digest}{projects}"':
                return Answer(executed=True, tag=tag, unchanged=True)
        return None

    def _tag(self, found: Found, prepared: Prepared) -> str | None:
        """The entity tag: it holds for every encoding, so it is a weak one (RFC 9110, section 8.8.1)."""
        question = found.question
        if not question.tagged or len(found.projects) > MOST_TOLD:
            return None
        _, name, variables, scopes = question.asked
        told: list[Any] = [
            prepared.request.query, name, variables, sorted(scopes) if scopes is not None else None,  # type: ignore[call-overload]
            question.viewer_id, found.dependence is Dependence.VIEWER, _key(found.stamp, found.dependence),
        ]  # fmt: skip
        digest = hashlib.sha256(repr(told).encode()).digest()[:16]
        letter = "v" if found.dependence is Dependence.VIEWER else "s"
        short = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return f'W/"{letter}{short}{"".join(f".{one.hex}" for one in found.projects)}"'


def _key(stamp: Stamp, dependence: Dependence) -> Hashable:
    return (stamp.shared, stamp.own) if dependence is Dependence.VIEWER else stamp.shared
