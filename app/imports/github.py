"""The GitHub archive: one JSON object with ``issues``, ``pulls`` and ``labels``.

An issue and a pull request become tasks of these two types. Their number stays visible in ``externalRef``, as
``owner/repository#12``; states are statuses by their own names.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from app.imports.drafts import Draft
from app.imports.json_items import Item, ItemReader
from app.imports.records import Record, SourceComment
from app.imports.reports import Note, Outcome, Report
from app.imports.tracker import comment_body, told_apart, unplaced
from app.imports.values import one_line, read_time

NAME = "github"

TYPES = {"issues": "issue", "pulls": "pull request"}
_PLACED = frozenset({
    "number", "title", "state", "author", "assignees", "labels", "body", "createdAt", "updatedAt", "closedAt",
    "comments",
})  # fmt: skip
_COMMENT = frozenset({"author", "body", "createdAt", "updatedAt", "authorAssociation"})


class GitHub:
    """An archive, read again for each pass."""

    name = NAME

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.at = 0
        self._about: dict[str, Any] | None = None

    def about(self, report: Report) -> dict[str, Any]:
        """What the archive says of itself: ``repo``, and ``colors`` of labels by name. Reads the whole file once."""
        if self._about is None:
            self._about = {"repo": "", "colors": {}}
            for item in self._items():
                if item.key == "labels" and isinstance(item.value, dict):
                    self._read_label(item, report)
                elif item.key == "repo":
                    self._about["repo"] = one_line(str(item.value), 255)
                elif item.key not in TYPES and item.place is None:
                    _lost(
                        report,
                        item.line,
                        item.key,
                        f"it is of the whole file: {json.dumps(item.value)[:200]}",
                    )
        return self._about

    def _read_label(self, item: Item, report: Report) -> None:
        assert self._about is not None
        name, color = str(item.value.get("name", "")), str(item.value.get("color", ""))
        self._about["colors"][name] = f"#{color.lower()}"
        for key in item.value.keys() - {"name", "color"}:
            if item.value[key]:
                told = json.dumps(item.value[key])[:200]
                _lost(
                    report,
                    item.line,
                    f"label {name}'s {key}",
                    f"a label has a name and a colour only: {told}",
                )

    def _items(self) -> Iterator[Item]:
        reader = ItemReader(self.path)
        for item in reader.items():
            self.at = reader.at
            yield item

    def records(self, report: Report) -> Iterator[Record | None]:
        """Issues and pull requests in the archive's order, one at a time in memory; None for what is neither."""
        repo = self.about(report)["repo"]
        for item in self._items():
            if item.key not in TYPES:
                yield None
                continue
            number = item.value.get("number") if isinstance(item.value, dict) else None
            if not isinstance(number, int) or isinstance(number, bool):
                _lost(report, item.line, f"{item.key}[{item.place}]", "it has no number that names it")
                yield None
                continue
            try:
                yield _record(item, f"{repo}#{number}", report)
            except RecursionError:
                _lost(report, item.line, f"{item.key}[{item.place}]", "it is nested too deeply")


def _lost(report: Report, line: int, field: str, why: str) -> None:
    report.note(Note(Outcome.LOST, line, None, field, why))


def _record(item: Item, external_id: str, report: Report) -> Record:
    draft, issue = Draft(item.line, external_id, report), item.value
    draft.section("description", issue.get("body"))
    for key, value in issue.items():
        if key not in _PLACED:
            draft.keep(key, value)
    created, updated = (draft.time(field, issue.get(field)) for field in ("createdAt", "updatedAt"))
    comments = _comments(draft, issue.get("comments"), created or updated)
    return draft.record(
        title=issue.get("title"), status=draft.name("state", issue.get("state"), "open").lower(),
        type=TYPES[item.key], created=created, updated=updated,
        closed_at=draft.time("closedAt", issue.get("closedAt")), creator=draft.person("author", issue.get("author")),
        assignees=draft.names("assignees", issue.get("assignees")), labels=draft.names("labels", issue.get("labels")),
        comments=comments,
    )  # fmt: skip


def _comments(draft: Draft, listed: Any, otherwise: datetime | None) -> list[SourceComment]:
    comments: list[SourceComment] = []
    standing: dict[str, set[str]] = defaultdict(set)
    alike: Counter[str] = Counter()
    for place, one in enumerate(listed if isinstance(listed, list) else (), 1):
        field = f"comment {place}"
        if not isinstance(one, dict):
            draft.note(Outcome.LOST, field, "it is no object")
            continue
        body = comment_body(draft, field, one.get("body"))
        created = read_time(one.get("createdAt")) or otherwise
        if body is None or created is None:
            continue
        unplaced(draft, field, one, _COMMENT)
        author = draft.person(f"{field}'s author", one.get("author"))
        if author and one.get("authorAssociation"):
            standing[author].add(str(one["authorAssociation"]))
        # The archive gives comments no ids: author and time name them, and a count the rest.
        key = told_apart(alike, f"{one.get('createdAt')} {author}")
        comments.append(SourceComment(key, author, body, created, read_time(one.get("updatedAt")) or created))
    draft.keep(
        "authorAssociation", {author: "/".join(sorted(kinds)) for author, kinds in sorted(standing.items())}
    )
    return comments
