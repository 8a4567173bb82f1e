"""Taking typed text out of history. Runs as the owner of the tables: the service's role cannot change an event.

History stays whole: every event keeps its place, id and kind, and the log still folds to what a fresh query gives.
Only the words are gone: in states the text becomes ``REDACTED``, from changes it is left out. A last event puts the
object there in its state of now; copies that clients hold follow it like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.audit.actions import AuditAction
from app.comments.events import COMMENT_REDACTED, comment_state
from app.errors import NotFound, ValidationFailed
from app.history.checkpoints import rewrite_states
from app.outcomes import Result
from app.statements import sql
from app.tasks.events import TASK_REDACTED, task_state
from app.values import now_utc
from app.work import Action, Work

REDACTED = "[redacted]"
Payload = dict[str, Any]


@dataclass(frozen=True)
class Redaction:
    """What goes: of a task its ``title``, ``sections.<name>`` or ``fields.<name of a custom field>``, of a comment its
    ``body``; ``reason`` is audited.
    """

    object_id: UUID
    fields: tuple[str, ...]
    reason: str


def redact_task(asked: Redaction) -> Action:
    """Redact texts of a task, now and in every log that ever held it."""

    async def action(work: Work) -> Result:
        wanted = replace(asked, fields=await _with_field_ids(work, asked))
        place = await work.row(_TASK, id=wanted.object_id)
        if place is None:
            raise NotFound("Task")
        _check_fields(wanted.fields, place.sections)
        sections = {
            name: REDACTED if f"sections.{name}" in wanted.fields else text
            for name, text in place.sections.items()
        }
        title = REDACTED if "title" in wanted.fields else place.title
        fields = _state_without({"fields": place.fields}, wanted.fields)["fields"]
        await work.declare([place.project_id])
        now = now_utc()
        row = await work.row(
            _WRITE_TASK,
            project=place.project_id,
            id=wanted.object_id,
            title=title,
            sections=sections,
            fields=fields,
            now=now,
        )
        assert row is not None
        await _rewrite(work, "task", wanted)
        state = task_state(row)
        work.record(
            place.project_id, TASK_REDACTED, row.id, {"state": state}, version=row.version, occurred_at=now
        )
        _note(work, "task", wanted, place.project_id)
        return {"task_id": str(row.id)}

    return action


def redact_comment(wanted: Redaction) -> Action:
    """Redact a comment's text, now and in every log that ever held it."""

    async def action(work: Work) -> Result:
        place = await work.row(_COMMENT, id=wanted.object_id)
        if place is None:
            raise NotFound("Comment")
        await work.declare([place.project_id])
        now = now_utc()
        row = await work.row(
            _WRITE_COMMENT, project=place.project_id, id=wanted.object_id, body=REDACTED, now=now
        )
        assert row is not None
        await _rewrite(work, "comment", wanted)
        state = comment_state(row)
        work.record(
            place.project_id, COMMENT_REDACTED, row.id, {"state": state}, version=row.version, occurred_at=now
        )
        _note(work, "comment", wanted, place.project_id)
        return {"comment_id": str(row.id)}

    return action


def without_text(payload: Payload, fields: Sequence[str]) -> Payload:
    """A payload of any kind without the words of these fields; what else it says stays."""
    if "state" in payload:
        return {**payload, "state": _state_without(payload["state"], fields)}
    if "delta" not in payload:
        return payload
    delta = dict(payload["delta"])
    texts = {name: change for name, change in delta.get("text", {}).items() if name not in fields}
    values = {
        name: {side: None if value is None else REDACTED for side, value in change.items()}
        if name in fields
        else change
        for name, change in delta.get("set", {}).items()
    }
    entries = dict(delta.get("entries", {}))
    if "fields" in entries:
        entries["fields"] = _entries_without(entries["fields"], fields)
    entries = {name: changes for name, changes in entries.items() if changes}
    delta |= {"text": texts, "set": values, "entries": entries}
    return {**payload, "delta": {name: part for name, part in delta.items() if part}}


def _state_without(state: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    after = dict(state)
    for field in fields:
        owner, _, name = field.partition(".")
        if owner == "fields":
            after["fields"] = _values_without(after.get("fields") or {}, name)
        elif not name and after.get(owner):
            after[owner] = REDACTED
        elif name and (after.get(owner) or {}).get(name):
            after[owner] = {**after[owner], name: REDACTED}
    return after


def _values_without(values: dict[str, Any], field_id: str) -> dict[str, Any]:
    """A text becomes ``REDACTED``; a value that is none is taken out."""
    others = {name: value for name, value in values.items() if name != field_id}
    held = "text" in values.get(field_id, {})
    return {**others, field_id: {"text": REDACTED}} if held else others


def _entries_without(changes: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    after = {}
    for name, sides in changes.items():
        if f"fields.{name}" not in fields:
            after[name] = sides
        elif any("text" in (value or {}) for value in sides.values()):
            after[name] = {side: value and {"text": REDACTED} for side, value in sides.items()}
    return after


async def _with_field_ids(work: Work, asked: Redaction) -> tuple[str, ...]:
    """Custom fields by id: those of that name in every project that the task was in."""
    names = {
        field.removeprefix("fields.").casefold() for field in asked.fields if field.startswith("fields.")
    }
    if not names:
        return asked.fields
    known = [row for row in await work.rows(_FIELDS, id=asked.object_id) if row.name.casefold() in names]
    if unknown := names - {row.name.casefold() for row in known}:
        raise ValidationFailed(f"No project that the task was in has a custom field {min(unknown)}.")
    others = [field for field in asked.fields if not field.startswith("fields.")]
    return (*others, *(f"fields.{row.id}" for row in known))


def _check_fields(fields: Sequence[str], sections: dict[str, str]) -> None:
    known = {"title", *(f"sections.{name}" for name in sections)}
    for field in fields:
        # A section that was emptied is still in history.
        if field not in known and not field.startswith(("sections.", "fields.")):
            raise ValidationFailed(f"A task has no text {field}. It has: {', '.join(sorted(known))}.")


async def _rewrite(work: Work, kind: str, wanted: Redaction) -> None:
    events = await work.rows(_EVENTS, id=wanted.object_id)
    changed = [
        (event.scope_id, event.seq, payload)
        for event in events
        if (payload := without_text(event.payload, wanted.fields)) != event.payload
    ]
    if changed:
        scopes, seqs, payloads = (list(column) for column in zip(*changed, strict=True))
        await work.run(_SET_PAYLOADS, scopes=scopes, seqs=seqs, payloads=payloads)
    await rewrite_states(work, kind, wanted.object_id)


def _note(work: Work, kind: str, wanted: Redaction, project_id: UUID) -> None:
    work.audit(
        AuditAction.TEXT_REDACTED, kind, wanted.object_id, scope=project_id, fields=list(wanted.fields),
        reason=wanted.reason,
    )  # fmt: skip


_TASK = sql(
    "SELECT t.project_id, t.title, t.sections, t.fields FROM tasks t WHERE t.id = $1 FOR UPDATE OF t", "id"
)
_WRITE_TASK = sql(
    """
    UPDATE tasks SET title = $3, sections = $4, fields = $5, version = version + 1, updated_at = $6
    WHERE project_id = $1 AND id = $2
    RETURNING *,
        ARRAY(SELECT a.user_id FROM task_assignees a WHERE a.project_id = $1 AND a.task_id = $2) AS assignee_ids,
        ARRAY(SELECT l.label_id FROM task_labels l WHERE l.project_id = $1 AND l.task_id = $2) AS label_ids
    """,
    "project", "id", "title", "sections", "fields", "now",
)  # fmt: skip
_FIELDS = sql(
    "SELECT f.id, f.name FROM custom_fields f WHERE f.project_id IN (SELECT scope_id FROM events WHERE object_id = $1)",
    "id",
)
_COMMENT = sql("SELECT c.project_id FROM comments c WHERE c.id = $1 FOR UPDATE OF c", "id")
_WRITE_COMMENT = sql(
    """
    UPDATE comments SET body = CASE WHEN deleted_at IS NULL THEN $3 ELSE '' END, version = version + 1, updated_at = $4
    WHERE project_id = $1 AND id = $2
    RETURNING *
    """,
    "project", "id", "body", "now",
)  # fmt: skip
_EVENTS = sql("SELECT scope_id, seq, payload FROM events WHERE object_id = $1 FOR UPDATE", "id")
_SET_PAYLOADS = sql(
    """
    UPDATE events SET payload = given.payload
    FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[]) AS given(scope_id, seq, payload)
    WHERE events.scope_id = given.scope_id AND events.seq = given.seq
    """,
    "scopes", "seqs", "payloads",
)  # fmt: skip
