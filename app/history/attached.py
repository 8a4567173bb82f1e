"""Taking back comments and links: what was said or linked goes, what was taken away is there again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.comments.actions import edit_comments
from app.comments.commands import CommentEdit
from app.comments.events import COMMENT_ADDED, COMMENT_DELETED, COMMENT_RESTORED, COMMENT_UPDATED
from app.errors import ValidationFailed
from app.events.kinds import current_payload
from app.events.log import history_since
from app.events.models import Event
from app.history.edited_texts import Edited, texts_before
from app.links.actions import add_link, remove_link
from app.links.events import LINK_ADDED, LINK_REMOVED
from app.projects.models import ConflictPolicy
from app.work import Work

ATTACHED = frozenset({"comment", "link"})


async def take_back_comments(work: Work, project_id: UUID, events: Sequence[Event]) -> None:
    """All or none, as one batch. A text is merged with what was changed since, or it is a conflict."""
    if not events:
        return
    edited = [event for event in events if event.kind == COMMENT_UPDATED.name]
    asked = [Edited(project_id, "comment", event.object_id, event.seq, "body") for event in edited]
    before = dict(
        zip((event.id for event in edited), await texts_before(work, asked) if asked else (), strict=True)
    )
    await edit_comments([_edit(event, before.get(event.id, "")) for event in events])(work)


def _edit(event: Event, before: str) -> CommentEdit:
    kinds = {
        COMMENT_ADDED.name: COMMENT_DELETED, COMMENT_RESTORED.name: COMMENT_DELETED,
        COMMENT_DELETED.name: COMMENT_RESTORED, COMMENT_UPDATED.name: COMMENT_UPDATED,
    }  # fmt: skip
    if event.kind not in kinds:
        raise ValidationFailed("This cannot be undone: the comment went with its task.")
    return CommentEdit(event.object_id, kinds[event.kind], event.object_version, ConflictPolicy.MERGE, before)


async def take_back_link(work: Work, project_id: UUID, event: Event) -> None:
    """A link that was added is removed; one that was removed is added again, under its id."""
    if event.kind == LINK_ADDED.name:
        await remove_link(event.object_id)(work)
        return
    assert event.kind == LINK_REMOVED.name
    history = (await history_since(work, project_id, {event.object_id: 0}))[event.object_id]
    added = [one for one in history if one.kind == LINK_ADDED.name and one.seq < event.seq]
    state = (
        current_payload(added[-1].kind, added[-1].payload_version, added[-1].payload)["state"]
        if added
        else {}
    )
    if not state.get("source_task_id") or not state.get("target_task_id"):
        raise ValidationFailed("An end of this link is in another project: link the tasks anew by linkAdd.")
    source, target = UUID(state["source_task_id"]), UUID(state["target_task_id"])
    creator = UUID(state["creator_id"]) if state["creator_id"] else None
    made = creator, datetime.fromisoformat(state["created_at"])
    await add_link(source, state["kind"], target, client_id=event.object_id, made=made)(work)
