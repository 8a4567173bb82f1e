"""A table of issues: CSV with a row of headers, one issue a row.

Columns are known by their headers, as usual trackers (and our own export) call them, or as a mapping says.
A row's id names it in every version of the file; without such a column it is its place, so rows may then only be added
at the end.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from app.imports.drafts import Draft
from app.imports.encodings import not_utf8, told_of
from app.imports.json_items import MalformedJson
from app.imports.records import PARENT, Record, SourceLink
from app.imports.reports import Outcome, Report
from app.imports.values import one_line, read_time

NAME = "csv"
LONGEST_ROW = 4 << 20

HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("id", "key", "issue key", "issue id", "number"),
    "title": ("title", "summary", "name", "subject"),
    "description": ("description", "body", "details"),
    "status": ("status", "state", "column", "list"),
    "type": ("type", "issue type", "tracker", "kind"),
    "priority": ("priority",),
    "assignees": ("assignees", "assignee", "assigned to", "owner", "members"),
    "labels": ("labels", "label", "tags", "components"),
    "creator": ("creator", "reporter", "author", "created by"),
    "parent": ("parent", "parent id", "parent key", "epic link"),
    "created": ("created", "created at", "createdat", "created date", "opened"),
    "updated": ("updated", "updated at", "updatedat", "updated date", "modified"),
    "closed": ("closed", "closed at", "completedat", "completed at", "resolved", "resolution date"),
    "close_reason": ("close reason", "closereason", "resolution"),
}  # fmt: skip
"""What a column can be, and the headers by which it is known without a mapping."""

PRIORITIES = {
    "none": 0, "no priority": 0, "urgent": 1, "highest": 1, "critical": 1, "blocker": 1, "high": 2, "major": 2,
    "medium": 3, "normal": 3, "low": 4, "minor": 4, "lowest": 4, "trivial": 4,
}  # fmt: skip
_FORMULA = re.compile(r"'(?='*[=+\-@\t\r\n＝＋－＠])")
"""What stands before a cell that a spreadsheet would take for a formula: our export and others put it there."""

_APART = re.compile(r"\s*[,;]\s*")


class UnknownColumn(ValueError):
    """A mapping names a column that the file does not have, or one that an issue cannot have."""


def read_mapping(given: Iterable[str]) -> dict[str, str]:
    """A mapping from its texts, ``title=Summary`` each. Raises ``UnknownColumn``."""
    mapping = {}
    for text in given:
        what, equals, column = text.partition("=")
        if not equals or not column.strip():
            raise UnknownColumn(f"a mapping is written title=Summary, not {text[:100]!r}")
        mapping[what.strip()] = column
    return mapping


class _TooLong(ValueError):
    """A row that would take many times its length of memory."""


class _Row:
    """The lines of a file, as long as one row of them stays within its bound."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_ROW):
            self.length += len(line)
            if self.length >= LONGEST_ROW:
                raise _TooLong(f"a row has more than {LONGEST_ROW:,} characters")
            yield line


class Table:
    """A CSV file, read again for each pass."""

    name = NAME

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.at = 0
        self._columns = self._known(mapping)

    def about(self, report: Report) -> dict[str, Any]:
        """Nothing: a table says nothing of itself."""
        return {}

    def records(self, report: Report) -> Iterator[Record | None]:
        """Every row, in order; None for an empty one. Raises ``MalformedJson`` for what is no CSV."""
        self.at = 0
        rows = self._rows()
        headers = next(rows)[1]
        for place, (line, written) in enumerate(rows, 1):
            cells = [cell[1:] if _FORMULA.match(cell) else cell for cell in written]
            filled = any(cell.strip() for cell in cells)
            yield self._record(line, place, headers, cells, report) if filled else None

    def _known(self, mapping: Mapping[str, str]) -> dict[str, list[int]]:
        headers = [header.strip() for header in next(self._rows(), (0, []))[1]]
        folded = [header.casefold() for header in headers]
        columns: dict[str, list[int]] = {}
        for field, usual in HEADERS.items():
            names = usual
            if field in mapping:
                if mapping[field].strip().casefold() not in folded:
                    raise UnknownColumn(
                        f"there is no column {mapping[field]!r}; it has: {', '.join(headers)}"
                    )
                names = (mapping[field].strip().casefold(),)
            for name in names:
                # Some trackers write a column for each label.
                places = [place for place, header in enumerate(folded) if header == name]
                if places:
                    columns[field] = places
                    break
        if unknown := mapping.keys() - HEADERS.keys():
            raise UnknownColumn(f"an issue has no {min(unknown)}; it has: {', '.join(HEADERS)}")
        if "title" not in columns:
            raise UnknownColumn(
                f"no column is the title: say which by a mapping. It has: {', '.join(headers)}"
            )
        return columns

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(LONGEST_ROW)
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            row = _Row(file)
            reader = csv.reader(row, strict=True)
            line = 1
            try:
                for cells in reader:
                    row.length = 0
                    self.at = min(self.size, self.at + sum(map(len, cells)))
                    yield line, cells
                    line = reader.line_num + 1
            except UnicodeDecodeError as fault:
                # It is met while much is read ahead, before the lines that come first were taken.
                number, why = not_utf8(self.path) or (reader.line_num + 1, told_of(fault))
                raise MalformedJson(number, why) from fault
            except (csv.Error, _TooLong) as fault:
                raise MalformedJson(reader.line_num + 1, str(fault)) from fault
        self.at = self.size

    def _record(self, line: int, place: int, headers: list[str], cells: list[str], report: Report) -> Record:
        def all_of(field: str) -> list[str]:
            found = [cells[one] for one in self._columns.get(field, ()) if one < len(cells)]
            return [text for text in found if text.strip()]

        def one_of(field: str) -> str | None:
            return next(iter(all_of(field)), None)

        def listed(field: str) -> list[str]:
            return [one for text in all_of(field) for one in _APART.split(text.strip()) if one]

        given = (one_of("id") or "").strip()
        name = one_line(given, 1000) or f"row {place}"
        draft = Draft(line, name, report)
        if given and name != given:
            draft.note(Outcome.CHANGED, "id", "an id is one line of 1 to 1,000 characters")
        used = {one for places in self._columns.values() for one in places}
        for number, text in enumerate(cells):
            if number not in used and text.strip():
                draft.keep(headers[number].strip() if number < len(headers) else f"column {number + 1}", text)
        if one_of("description") is not None:
            draft.section("description", one_of("description"))
        created, updated = (
            draft.time(f"{field}_at", _moment(one_of(field))) for field in ("created", "updated")
        )
        record = draft.record(
            title=one_of("title") or "", status=draft.name("status", one_of("status"), "To do"),
            type=draft.name("type", one_of("type"), "task"), created=created, updated=updated,
            priority=draft.priority(_priority(one_of("priority"))),
            closed_at=draft.time("closed_at", _moment(one_of("closed"))),
            creator=draft.person("creator", one_of("creator")), assignees=draft.names("assignees", listed("assignees")),
            labels=draft.names("labels", listed("labels")), close_reason=draft.close_reason(one_of("close_reason")),
        )  # fmt: skip
        parent = one_of("parent")
        if parent is not None:
            record.links.append(
                SourceLink(
                    PARENT, name, one_line(parent, 1000), None, None, {"parent": one_line(parent, 1000)}
                )
            )
        return record


def _priority(text: str | None) -> Any:
    if text is None:
        return None
    folded = text.strip().casefold()
    return int(folded) if folded.isdecimal() and len(folded) < 3 else PRIORITIES.get(folded, text)


def _moment(text: str | None) -> str | None:
    """A time as the file has it, or a day alone as its beginning."""
    if text is None or read_time(text.strip()) is None:
        return text
    return text.strip()
