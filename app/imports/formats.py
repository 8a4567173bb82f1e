"""Which format a file has, told by what stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from app.imports.csv_tables import Table
from app.imports.github import GitHub
from app.imports.json_items import ItemReader, MalformedJson
from app.imports.records import Record
from app.imports.reports import Report
from app.imports.tracker import Tracker


class UnknownFormat(Exception):
    """Neither of the formats that can be imported, with what it looks like."""


class Source(Protocol):
    """A file that can be read several times over. ``at`` of ``size`` bytes tells how far a reading is."""

    name: str
    size: int
    at: int

    def records(self, report: Report) -> Iterator[Record | None]:
        """Every issue, in the file's order; None for a piece of the file that has none."""
        ...

    def about(self, report: Report) -> dict[str, Any]:
        """What the file says of itself: ``repo`` and ``colors`` of labels, if it does."""
        ...


def open_source(path: Path, mapping: Mapping[str, str] | None = None) -> Source:
    """The file as one of the formats; raises ``UnknownFormat``, ``UnknownColumn`` or OSError.

    ``mapping``: of a table's columns, by what they are; a file called ``.csv`` is a table without one too.
    """
    if mapping is not None or path.suffix.lower() == ".csv":
        return Table(path, mapping or {})
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    if not first:
        raise UnknownFormat("it is empty")
    line = _object(first)
    if line is not None and "op" in line and "at" in line:
        raise UnknownFormat("it is a history of edits, which `lockstep replay` takes")
    if line is not None and "id" in line:
        return Tracker(path)
    try:
        for item in ItemReader(path).items():
            if item.key in ("issues", "pulls"):
                return GitHub(path)
    except MalformedJson as fault:
        if line is None:
            raise UnknownFormat(f"it is neither JSON Lines nor one JSON object ({fault})") from fault
    raise UnknownFormat(
        "it has neither issues one a line (`id`, `title` …) nor an archive's `issues` and `pulls`"
    )


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
