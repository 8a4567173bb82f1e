"""Every answer that is not the happy one.

Two families. A ``Refusal`` is an outcome the domain foresaw: a mutation returns it as data in its payload's
``errors``. A ``ClientError`` stops a whole request (not signed in, malformed, too costly): it becomes a
top-level GraphQL error with ``extensions.code``. Anything else that is raised is a bug and is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.spelling import field_name


class ClientError(Exception):
    """A request that cannot be served as sent. ``code`` is stable; ``message`` says what to do."""

    def __init__(self, code: str, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions


class Unauthenticated(ClientError):
    """No valid access token came with the request."""

    def __init__(
        self, message: str = "Sign in first: send an access token as `Authorization: Bearer …`."
    ) -> None:
        super().__init__("UNAUTHENTICATED", message)


class BadInput(ClientError):
    """An argument that no valid request could carry (a malformed id, cursor or date)."""

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__("BAD_USER_INPUT", message, **extensions)


class Unavailable(ClientError):
    """The database is away. The same request can simply be sent again.

    Of a payload's field, beside empty ``errors``, it says that the change was made and could not be read back.
    """

    def __init__(
        self, message: str = "The database is away: this could not be read. Try again shortly."
    ) -> None:
        super().__init__("UNAVAILABLE", message)


class Busy(Unavailable):
    """The database is there, but too many wait for it already. Nothing was read or written."""

    def __init__(self) -> None:
        super().__init__("The service is busy: no connection to the database is free. Try again shortly.")


class TimedOut(ClientError):
    """It took longer than is allowed, and was given up. Of a mutation: nothing was written."""

    def __init__(
        self, message: str = "This took too long and was given up: ask for less, or try again later."
    ) -> None:
        super().__init__("TIMEOUT", message)


class Refusal(Exception):
    """An outcome the domain foresaw; ``code`` is stable, ``path`` names the input field at fault."""

    code = "REFUSED"

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotFound(Refusal):
    """The object is not there, or not there for this viewer: the two are never told apart."""

    code = "NOT_FOUND"

    def __init__(self, what: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{what} not found.", path=path)


class PermissionDenied(Refusal):
    """The viewer sees the object but may not do this to it.

    ``guarded`` is the workspace or project that was to be managed without the role for it: the audit log tells of that.
    """

    code = "PERMISSION_DENIED"

    def __init__(self, message: str, *, path: tuple[str, ...] = (), guarded: UUID | None = None) -> None:
        super().__init__(message, path=path)
        self.guarded = guarded


class ValidationFailed(Refusal):
    """A value that breaks a rule of its field."""

    code = "VALIDATION_FAILED"


class QueryInvalid(Refusal):
    """A query whose ``text`` means nothing; ``faults`` (``app.query_language.syntax.Fault``) say why, and where."""

    code = "QUERY_INVALID"

    def __init__(self, text: str, faults: Sequence[Any], *, path: tuple[str, ...] = ("query",)) -> None:
        super().__init__(f"The query cannot be read: {faults[0].message}", path=path)
        self.text = text
        self.faults = faults


class LimitReached(Refusal):
    """A bound on size or number. ``limit`` is the bound, in the unit that the message names."""

    code = "LIMIT_REACHED"

    def __init__(self, message: str, *, limit: int, path: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)
        self.limit = limit


class KeyReused(Refusal):
    """A ``clientMutationId`` that was already used with another operation or input."""

    code = "KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "This clientMutationId was already used for a different request. Use a new UUID for each new edit.",
            path=("clientMutationId",),
        )


class CycleRefused(Refusal):
    """A new parent or ``blocks`` link that would close a cycle; ``cycle`` lists the task ids along it."""

    code = "CYCLE_REFUSED"

    def __init__(self, message: str, *, cycle: list[UUID], path: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)
        self.cycle = cycle


@dataclass(frozen=True)
class TransitionReason:
    """One reason why a task cannot take a status; ``kind`` is one of ``app.workflows.models.TransitionReasonKind``.

    ``role``: the one that is needed. ``fields``: those that are missing. ``task_ids``: blockers or sub-tasks that are
    open (those that the viewer sees). ``limit``: how many tasks may be in the status or in a column of a board.
    ``label_ids``, ``custom_field_ids``: of ``project_id``, those that are needed or (labels) in the way.
    ``sprint_stages``: the task is in no sprint at one of these.
    """

    kind: str
    message: str
    role: str | None = None
    fields: tuple[str, ...] = ()
    task_ids: tuple[UUID, ...] = ()
    limit: int | None = None
    project_id: UUID | None = None
    label_ids: tuple[UUID, ...] = ()
    custom_field_ids: tuple[UUID, ...] = ()
    sprint_stages: tuple[str, ...] = ()


class TransitionRefused(Refusal):
    """The workflow, or a limit of a board, does not let the task take this status now; ``reasons`` say why."""

    code = "TRANSITION_REFUSED"

    def __init__(self, reasons: list[TransitionReason], *, path: tuple[str, ...] = ("statusId",)) -> None:
        super().__init__(" ".join(reason.message for reason in reasons), path=path)
        self.reasons = reasons


@dataclass(frozen=True)
class Clash:
    """One field that both sides changed. Values are JSON: ids as strings, dates as ISO 8601, texts whole.

    ``base_known`` is False when the history of the version the client saw is in another project.
    """

    field: str
    base: Any
    theirs: Any
    yours: Any
    changed_by: UUID | None
    changed_at: datetime | None
    base_known: bool = True


class VersionConflict(Refusal):
    """The object changed since ``expected_version``, and the policy does not allow going over that."""

    code = "VERSION_CONFLICT"

    def __init__(
        self, object_type: str, object_id: UUID, *, expected: int, current: int, clashes: list[Clash]
    ) -> None:
        fields = ", ".join(field_name(clash.field) for clash in clashes)
        told = f" Both sides changed: {fields}." if fields else ""
        super().__init__(
            f"This {object_type} is at version {current}, you edited version {expected}.{told} "
            "Show the clash, then send again with the current version.",
            path=("expectedVersion",),
        )
        self.object_type = object_type
        self.object_id = object_id
        self.expected = expected
        self.current = current
        self.clashes = clashes
        self.scope_id: UUID | None = None


@dataclass
class Refusals(Exception):
    """Several refusals of one request (an atomic bulk edit): ``items`` pairs an index with its refusal."""

    items: list[tuple[int, Refusal]] = field(default_factory=list)
