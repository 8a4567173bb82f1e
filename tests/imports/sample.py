"""A tracker and an archive made up for these tests: small, and as odd as real ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


def issue(id: str, **values: Any) -> JSON:
    """An issue with what every issue has."""
    base = {
        "id": id, "title": f"Issue {id}", "status": "open", "priority": 2, "issue_type": "task",
        "created_at": "2025-03-01T09:00:00+02:00", "updated_at": "2025-03-02T10:30:00.5+02:00",
    }  # fmt: skip
    return base | values


def depends(id: str, on: str, kind: str = "blocks", **values: Any) -> JSON:
    """A dependency entry."""
    entry = {
        "issue_id": id, "depends_on_id": on, "type": kind, "created_at": "2025-03-01T09:05:00+02:00",
        "created_by": "crew/night-watch",
    }  # fmt: skip
    return entry | values


def comment(number: int, text: str, **values: Any) -> JSON:
    """A comment."""
    return {
        "id": number, "author": "crew/day-watch", "text": text, "created_at": "2025-03-03T08:00:00Z",
    } | values  # fmt: skip


ISSUES: list[JSON] = [
    # It names issues that come later, and one that never comes.
    issue(
        "lk-1", title="Keep the lamps lit", description="First line\r\n\r\n* second — ünïcode 🪔\r\n", priority=0,
        created_by="crew/night-watch", assignee="crew/day-watch", labels=["harbour", "Night Shift"],
        dependencies=[
            depends("lk-1", "lk-4"), depends("lk-1", "lk-nowhere"), depends("lk-1", "lk-3", "discovered-from"),
        ],
        comments=[comment(7, "Oil is low."), comment(9, "Oil is here.", author="mayor")],
    ),
    issue("lk-2", title=" Wind the clock\n", status="hooked", issue_type="merge-request", labels=["night shift"]),
    issue("lk-3", status="in_progress", issue_type="epic", notes="N" * 50, design="D\n", acceptance_criteria="A"),
    issue("lk-4", status="closed", closed_at="2025-03-04T00:00:00Z", close_reason="Done.\nReally.",
          external_ref="gh-12", dependencies=[depends("lk-4", "lk-3", "parent-child")]),
    # Two parents, of which the first can be it; the parent comes later in the file.
    issue("lk-5", dependencies=[depends("lk-5", "lk-6", "parent-child"), depends("lk-5", "lk-3", "parent-child")]),
    issue("lk-6", owner="keeper@lockstep.example", ephemeral=True, await_type="gh:run", await_id="release.yml",
          timeout=1_800_000_000_000, metadata={"depth": [1, {"two": None}]}),
    # A cycle of blocks, and a task that blocks itself.
    issue("lk-7", dependencies=[
        depends("lk-7", "lk-8"), depends("lk-7", "lk-7"), depends("lk-7", "lk-1", "relates-to"),
    ]),
    issue("lk-8", dependencies=[depends("lk-8", "lk-7")]),
    # Each is the other's parent.
    issue("lk-9", dependencies=[depends("lk-9", "lk-10", "parent-child")]),
    issue("lk-10", dependencies=[depends("lk-10", "lk-9", "parent-child"), depends("lk-10", "lk-1", "Replies To")]),
    issue("lk-11", status="tombstone", deleted_at="2025-04-01T00:00:00Z", deleted_by="daemon", delete_reason="sweep",
          original_type="bug", description=""),
    issue("lk-12", title="T" * 1001, description="NUL \x00 and half \ud83d pair", priority=9, close_reason="r" * 10_001,
          created_at="2025-03-01T09:00:00.123456789Z", closed_at="2025-03-05T00:00:00Z", big=2**70),
    issue("lk-13", title="", created_at="yesterday", estimated_minutes=30, transcript="long " * 400, labels=None,
          comments=[comment(1, "  "), "no object"], dependencies=["no object", {"type": "blocks"}]),
]  # fmt: skip

BROKEN_LINES = ['{"id": "lk-99", "title": ', "[]", '{"title": "no id"}', '{"id": "lk-98", "priority": NaN}']


def write_tracker(path: Path, issues: list[JSON], extra: list[str] | None = None) -> Path:
    """The issues as JSON Lines, and then other lines."""
    lines = [json.dumps(one) for one in issues] + (extra or [])
    path.write_text("\n".join(lines) + "\n")
    return path


def thread(author: str, body: str, at: str = "2024-05-02T08:00:00Z", **values: Any) -> JSON:
    """A comment of the archive."""
    base = {"author": author, "authorAssociation": "MEMBER", "body": body, "createdAt": at, "updatedAt": at}
    return base | values


def item(number: int, **values: Any) -> JSON:
    """An issue or a pull request of the archive."""
    base = {
        "number": number, "title": f"Item {number}", "state": "OPEN", "author": "day-watch", "assignees": [],
        "labels": [], "body": "", "createdAt": "2024-05-01T07:00:00Z", "updatedAt": "2024-05-01T07:30:00Z",
        "closedAt": None, "comments": [],
    }  # fmt: skip
    return base | values


ARCHIVE: JSON = {
    "repo": "harbour/lamps",
    "timestamp": "2024-06-01T00:00:00Z",
    "labels": [
        {"name": "urgent", "description": "Before the tide", "color": "CE373A"},
        {"name": "quiet", "description": "", "color": "nocolour"},
    ],
    "issues": [
        item(1, body="Line\r\nline", labels=["urgent", "unlisted"], assignees=["night-watch", "day-watch"], comments=[
            thread("night-watch", "Same second"), thread("night-watch", "Same second, again"),
            thread("mayor", "Edited", updatedAt="2024-05-03T08:00:00Z", authorAssociation="NONE"), thread("mayor", " "),
        ]),
        item(2, state="CLOSED", closedAt="2024-05-05T00:00:00Z", title=" padded "),
    ],
    "pulls": [
        item(3, state="MERGED", closedAt="2024-05-06T00:00:00Z", mergedAt="2024-05-06T00:00:00Z", mergedBy="mayor"),
        item(4, author=None, labels=["quiet"]),
    ],
}  # fmt: skip


def write_archive(path: Path, archive: JSON) -> Path:
    """The archive, one key or bracket a line as GitHub's tools print it."""
    path.write_text(json.dumps(archive, indent=0, ensure_ascii=False))
    return path
