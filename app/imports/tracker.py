"""The tracker's JSON Lines: one issue a line.

Keys with a field of their own here go there; every other key is kept in ``config`` under its name. A tombstone
stays a status like any other: the tracker shows such issues, with who deleted them, when and why, and other
issues depend on them. As soft-deleted tasks they would vanish from every list, and links to them be refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from app.imports.drafts import Draft
from app.imports.encodings import told_of
from app.imports.records import PARENT, Record, SourceComment, SourceLink
from app.imports.reports import Note, Outcome, Report
from app.imports.values import LONGEST_PIECE, finer_than_ours, one_line, read_time
from app.values import TEXT_LENGTH

NAME = "tracker"

SECTIONS = ("description", "acceptance_criteria", "design", "notes")
_PLACED = frozenset({
    "id", "title", "status", "priority", "issue_type", "assignee", "created_by", "created_at", "updated_at",
    "closed_at", "close_reason", "labels", "dependencies", "comments", *SECTIONS,
})  # fmt: skip
_ENTRY = frozenset({"issue_id", "depends_on_id", "type", "created_at", "created_by"})
_COMMENT = frozenset({"id", "issue_id", "author", "text", "created_at"})


class Tracker:
    """A file of issues, read again for each pass. ``at`` is how far the reading is, in bytes."""

    name = NAME

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.at = 0

    def records(self, report: Report) -> Iterator[Record | None]:
        """The issues in the file's order, one at a time in memory; what is no issue is noted, and is None."""
        self.at = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                self.at += len(line)
                yield _read(number, line, report) if line.strip() else None

    def about(self, report: Report) -> dict[str, Any]:
        """What the file says of itself: nothing."""
        return {}


def _read(number: int, line: bytes, report: Report) -> Record | None:
    if len(line) > LONGEST_PIECE:
        return _lost(report, number, f"it has more than {LONGEST_PIECE >> 20} MiB")
    try:
        issue = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        unread = told_of(fault, of="the line") if isinstance(fault, UnicodeDecodeError) else None
        return _lost(report, number, unread or f"it is not JSON ({fault})")
    if not isinstance(issue, dict):
        return _lost(report, number, "it is not an object")
    external_id = issue.get("id")
    if not _names_an_issue(external_id):
        return _lost(report, number, "it has no id that names it: one line of 1 to 1,000 characters")
    try:
        return _record(number, external_id, issue, report)
    except RecursionError:
        return _lost(report, number, "it is nested too deeply")


def _lost(report: Report, number: int, why: str) -> Record | None:
    report.note(Note(Outcome.LOST, number, None, "the whole line", why))
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _record(number: int, external_id: str, issue: dict[str, Any], report: Report) -> Record:
    draft = Draft(number, external_id, report)
    for name in SECTIONS:
        draft.section(name, issue.get(name))
    for key, value in issue.items():
        if key not in _PLACED:
            draft.keep(key, value)
    created, updated = (draft.time(field, issue.get(field)) for field in ("created_at", "updated_at"))
    comments = _comments(draft, issue.get("comments"), created or updated)
    return draft.record(
        title=issue.get("title"), status=draft.name("status", issue.get("status"), "open"),
        type=draft.name("issue_type", issue.get("issue_type"), "task"), created=created, updated=updated,
        closed_at=draft.time("closed_at", issue.get("closed_at")), priority=draft.priority(issue.get("priority")),
        creator=draft.person("created_by", issue.get("created_by")),
        assignees=draft.names("assignee", issue.get("assignee")), labels=draft.names("labels", issue.get("labels")),
        close_reason=draft.close_reason(issue.get("close_reason")),
        comments=comments, links=_links(draft, issue.get("dependencies")),
    )  # fmt: skip


def _objects(draft: Draft, field: str, listed: Any) -> Iterator[dict[str, Any]]:
    if listed is None:
        return
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, dict):
            yield one
        else:
            draft.note(Outcome.LOST, field, f"an entry is no object: {json.dumps(one)[:200]}")


def _comments(draft: Draft, listed: Any, otherwise: datetime | None) -> list[SourceComment]:
    comments: list[SourceComment] = []
    ids = []
    keys: Counter[str] = Counter()
    for place, one in enumerate(_objects(draft, "comments", listed), 1):
        field = f"comment {one.get('id', place)}"
        body = comment_body(draft, field, one.get("text"))
        created = read_time(one.get("created_at")) or otherwise
        if body is None or created is None:
            if body is not None:
                draft.note(Outcome.LOST, field, "neither it nor its issue has a time")
            continue
        if isinstance(one.get("created_at"), str):
            note_digits(draft, field, one["created_at"])
        unplaced(draft, field, one, _COMMENT)
        ids.append(one.get("id"))
        author = draft.person(f"{field}'s author", one.get("author"))
        comments.append(
            SourceComment(told_apart(keys, one.get("id", f"at {place}")), author, body, created, created)
        )
    # Comments have no field for the number they had; it stays readable at their issue, in the order of the file.
    draft.keep("comment_ids", [one for one in ids if one is not None])
    return comments


def told_apart(keys: Counter[str], name: Any) -> str:
    """The key of a comment: its name in the file, and a count for the second one that is called so."""
    key = one_line(str(name), 1000)
    keys[key] += 1
    return key if keys[key] == 1 else f"{key} {keys[key]}"


def comment_body(draft: Draft, field: str, value: Any) -> str | None:
    """A comment's text, or None if it says nothing."""
    body = draft.text(field, value)
    if not body.strip():
        draft.note(Outcome.LOST, field, "it has no text")
        return None
    if len(body) > TEXT_LENGTH:
        why = (
            f"a comment has at most {TEXT_LENGTH} characters; the last {len(body) - TEXT_LENGTH} are cut off"
        )
        draft.note(Outcome.LOST, field, why)
    return body[:TEXT_LENGTH]


def _links(draft: Draft, listed: Any) -> list[SourceLink]:
    links = []
    for entry in _objects(draft, "dependencies", listed):
        near, far = entry.get("issue_id") or draft.external_id, entry.get("depends_on_id")
        if not _names_an_issue(near) or not _names_an_issue(far):
            draft.note(Outcome.LOST, "dependencies", f"an entry names no issue: {json.dumps(entry)[:200]}")
            continue
        raw_kind = entry.get("type")
        kind = link_kind(raw_kind)
        field = f"dependency {kind} {far}"
        if kind != raw_kind:
            draft.note(Outcome.CHANGED, field, f"the kind {raw_kind!r} is written so here")
        time = read_time(entry.get("created_at"))
        if isinstance(entry.get("created_at"), str):
            note_digits(draft, field, entry["created_at"])
        unplaced(draft, field, entry, _ENTRY)
        # "A depends on B" by blocks is "B blocks A"; every other kind reads from the issue that lists it.
        source, target = (far, near) if kind == "blocks" else (near, far)
        links.append(
            SourceLink(
                kind, source, target, draft.person(field, entry.get("created_by")), time, draft.fitted(field, entry)
            )
        )  # fmt: skip
    return links


def _names_an_issue(value: Any) -> TypeGuard[str]:
    """One line of 1 to 1,000 characters, all of which can be kept."""
    return isinstance(value, str) and value != "" and value == one_line(value, 1000)


def link_kind(value: Any) -> str:
    """A kind as links have it: lower case, with hyphens. ``parent`` is a field of a task and no kind."""
    text = re.sub(r"[^a-z0-9]+", "-", str(value if value is not None else "").lower()).strip("-")
    if text == "parent":
        return PARENT
    return (text if text[:1].isalpha() else f"kind-{text}".rstrip("-"))[:40].rstrip("-")


def note_digits(draft: Draft, field: str, time: str) -> None:
    """Comments and links hold times to the microsecond; a finer one stays readable at their issue."""
    if read_time(time) is not None and finer_than_ours(time):
        draft.config.setdefault("exact_times", {})[field] = time
    elif read_time(time) is None:
        draft.note(Outcome.LOST, f"{field}'s created_at", f"{time[:100]!r} is not a time")


def unplaced(draft: Draft, field: str, one: dict[str, Any], placed: frozenset[str]) -> None:
    """Keys of a comment or a link for which it has no field."""
    for key in one.keys() - placed:
        if one[key] not in (None, "", [], {}):
            draft.note(Outcome.LOST, f"{field}'s {key}", f"no field for it: {json.dumps(one[key])[:200]}")
