"""What one batch of records comes to: new tasks and comments, edits of known ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.guards import Guard
from app.imports.models import ImportRef
from app.imports.reads import COMMENT, TASK, Key
from app.imports.records import Record, SourceComment
from app.imports.words import Words
from app.tasks.commands import REMOVE, NewTask, TaskPatch
from app.tasks.rules import REF_BYTES

BATCH_RECORDS = 500
BATCH_CHARACTERS = 2_000_000

Refs = dict[Key, ImportRef]


def import_guard(project_id: UUID) -> Guard:
    """Held by a unit of an import: two runs of one file take turns, and the second one finds the first one's refs."""
    return Guard.of("import", project_id)


def batches(records: Iterable[Record | None]) -> Iterator[list[Record]]:
    """Records in batches that depend on the file alone, so that every run cuts it alike.

    Where the file has none for long there are empty batches, at which its reader can take a rest.
    """
    batch: list[Record] = []
    size = passed_over = 0
    for record in records:
        if record is None:
            passed_over += 1
            if passed_over % BATCH_RECORDS == 0:
                yield []
            continue
        batch.append(record)
        size += record.size()
        if len(batch) >= BATCH_RECORDS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def comment_key(record: Record, comment: SourceComment) -> Key:
    return COMMENT, f"{record.external_id} {comment.key}"


def keys_of(records: Iterable[Record]) -> list[Key]:
    """What refs tell whether a batch has anything new."""
    return [
        key
        for record in records
        for key in ((TASK, record.external_id), *(comment_key(record, one) for one in record.comments))
    ]


def is_due(record: Record, refs: Refs) -> bool:
    """Whether anything of a record is new or changed since the last run."""
    task = refs.get((TASK, record.external_id))
    if task is None or task.fingerprint != record.fingerprint():
        return True
    for comment in record.comments:
        known = refs.get(comment_key(record, comment))
        if known is None or known.fingerprint != comment.fingerprint():
            return True
    return False


@dataclass(frozen=True)
class Names:
    """What names in the file stand for in the project."""

    words: Words
    people: dict[str, UUID]
    reading: frozenset[UUID]

    def person(self, name: str | None) -> UUID | None:
        return None if name is None else self.people.get(name)

    def completed_at(self, record: Record) -> datetime | None:
        """When it was closed, if its status says that it is; a time that nothing gives is not made up."""
        return record.closed_at if self.words.closes(record.status) else None

    def config(self, record: Record) -> dict[str, Any]:
        """``config`` with what the words do not say: another spelling, a word too many, a time of closing."""
        extra: dict[str, Any] = {}
        status, type_ = self.words.status(record.status), self.words.type(record.type)
        if status is None or status.name != record.status:
            extra["status"] = record.status
        if type_ is None or type_.name != record.type:
            extra["type"] = record.type
        homeless = [label for label in record.labels if self.words.label_id(label) is None]
        if homeless:
            extra["labels"] = homeless
        if record.closed_at is not None and not self.words.closes(record.status):
            extra["closed_at"] = record.closed_at.isoformat()
        return {**extra, **record.config}

    def label_ids(self, names: Iterable[str]) -> frozenset[UUID]:
        return frozenset(found for name in names if (found := self.words.label_id(name)) is not None)

    def people_ids(self, names: Iterable[str]) -> frozenset[UUID]:
        return frozenset(self.people[name] for name in names if name in self.people)

    def assignees(self, names: Iterable[str]) -> frozenset[UUID]:
        """Those of the people who can see the project: nobody else can be assigned."""
        return self.people_ids(names) & self.reading


def external_ref(record: Record) -> str:
    """What it is called in the file, as far as a task can hold that."""
    return record.external_id.encode()[:REF_BYTES].decode(errors="ignore")


def new_task(record: Record, project_id: UUID, names: Names) -> NewTask:
    """A record as the command that makes it."""
    values: dict[str, Any] = {
        "priority": record.priority, "close_reason": record.close_reason, "external_ref": external_ref(record),
        "updated_at": record.updated_at,
    }  # fmt: skip
    for field, word in (
        ("status_id", names.words.status(record.status)),
        ("type_id", names.words.type(record.type)),
    ):
        if word is not None:
            values[field] = word.id
    patch = TaskPatch(
        values=values, sections=record.sections, config=names.config(record),
        add={"assignee_ids": names.assignees(record.assignees), "label_ids": names.label_ids(record.labels)},
    )  # fmt: skip
    creator_id = names.person(record.creator)
    return NewTask(project_id, record.title, patch=patch, creator_id=creator_id, created_at=record.created_at)


def changed_fields(record: Record, known: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The fields that this version of the file gives anew, and those it no longer has."""
    now = record.fingerprint()
    return {name for name, mark in now.items() if known.get(name) != mark}, known.keys() - now.keys()


def patch_of(record: Record, known: dict[str, Any], names: Names) -> TaskPatch:
    """What the file changed since it was last taken over."""
    given, gone = changed_fields(record, known)
    values: dict[str, Any] = {}
    for name in given & {"title", "priority", "close_reason"}:
        values[name] = getattr(record, name)
    if given & {"status", "closed_at"}:
        status = names.words.status(record.status)
        if status is not None:
            values["status_id"] = status.id
        values["completed_at"] = names.completed_at(record)
    if "type" in given and (type_ := names.words.type(record.type)) is not None:
        values["type_id"] = type_.id
    config = names.config(record)
    # A word's other spelling stands in config without a key of its own in the file.
    spelled = [key for key in ("status", "type", "closed_at") if key in given]
    sections: dict[str, str] = {name: record.sections[name] for name in _named("sections", given)}
    labels, assignees = names.label_ids(record.labels), names.people_ids(record.assignees)
    return TaskPatch(
        values=values,
        sections=dict.fromkeys(_named("sections", gone), "") | sections,
        config={
            **dict.fromkeys(_named("config", gone), REMOVE),
            **{key: config.get(key, REMOVE) for key in (*_named("config", given), *spelled)},
        },
        add={
            "label_ids": names.label_ids(_named("labels", given)),
            "assignee_ids": names.assignees(_named("assignees", given)),
        },
        remove={
            "label_ids": names.label_ids(_named("labels", gone)) - labels,
            "assignee_ids": names.people_ids(_named("assignees", gone)) - assignees,
        },
    )


def _named(owner: str, fields: Iterable[str]) -> list[str]:
    return sorted(field.partition(".")[2] for field in fields if field.startswith(f"{owner}."))
