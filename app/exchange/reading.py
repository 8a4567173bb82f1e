"""Reading an export: line by line, never whole in memory; what makes no sense is told by its line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from app.exchange.checking import Checks, Unfit
from app.exchange.lines import FORMAT, VERSION, Line, joining_in
from app.exchange.writing import MODELS
from app.imports.encodings import not_utf8
from app.imports.values import LONGEST_PIECE, one_line
from app.values import NAME_LENGTH


class NoExport(ValueError):
    """The file is no export, or none that this version reads; ``line`` is where that shows."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


@dataclass
class Contents:
    """What a first pass over an export finds: projects and people by id, and how much there is of each type.

    ``joining``: by project the people who are its members in the file, or have to be.
    """

    projects: dict[UUID, Line] = field(default_factory=dict)
    people: dict[UUID, str] = field(default_factory=dict)
    joining: defaultdict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    counts: Counter[str] = field(default_factory=Counter)


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    with path.open("rb") as file:
        first = file.readline(LONGEST_PIECE)
    try:
        head = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return isinstance(head, dict) and head.get("lockstep") == FORMAT


def lines_of(path: Path) -> Iterator[tuple[int, Line]]:
    """The lines after the first, with their numbers. Raises ``NoExport``."""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            if len(text) > LONGEST_PIECE:
                raise NoExport(number, f"it has more than {LONGEST_PIECE >> 20} MiB")
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError as fault:
                unread = not_utf8(path)
                why = unread[1] if unread and unread[0] == number else f"it is no JSON ({fault})"
                raise NoExport(number, why) from fault
            if number == 1:
                _check_head(line)
            elif not isinstance(line, dict) or not isinstance(line.get("type"), str):
                raise NoExport(number, "it is no object with a type")
            else:
                yield number, line


def _check_head(line: Any) -> None:
    if not isinstance(line, dict) or line.get("lockstep") != FORMAT:
        raise NoExport(1, "this is no export of Lockstep")
    if line.get("version") != VERSION:
        raise NoExport(
            1, f"this is version {line.get('version')} of the format; this Lockstep reads {VERSION}"
        )


def _joining(line: Line) -> list[UUID]:
    try:
        return list(joining_in(line["type"], line["state"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unfit("it says of nobody, by an id, that they are a member") from None


def survey(path: Path) -> Contents:
    """The first pass. Raises ``NoExport``, also for a file that was cut off."""
    found, ended, number, checks = Contents(), False, 1, Checks()
    for number, line in lines_of(path):
        try:
            if line["type"] in MODELS:
                checks.take(number, line)
            if line["type"] == "project":
                found.projects[UUID(line["id"])] = line["state"]
            elif line["type"] in ("project_member", "task"):
                found.joining[UUID(line["project"])].update(_joining(line))
            elif line["type"] == "person":
                found.people[UUID(line["id"])] = one_line(line["name"], NAME_LENGTH) or "?"
        except Unfit as fault:
            raise NoExport(number, f"{line['type']}: {fault}") from fault
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise NoExport(number, f"{line['type']}: {fault!r}") from fault
        ended = line["type"] == "end"
        found.counts[line["type"]] += 1
    if not ended:
        raise NoExport(number, "the file was cut off: its last line is missing")
    for number, why in checks.lacking():
        raise NoExport(number, why)
    return found
