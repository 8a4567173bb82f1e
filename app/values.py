"""Checks and forms of values that many rooms share. Checks raise ``ValidationFailed``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import ValidationFailed

NAME_LENGTH = 255
TEXT_LENGTH = 100_000
_COLOR = re.compile(r"#[0-9a-f]{6}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def now_utc() -> datetime:
    """The time by this process's clock; actions take it once and hand it to pure code."""
    return datetime.now(UTC)


def check_name(value: str, *path: str, length: int = NAME_LENGTH) -> str:
    """A one-line name: trimmed, not empty, without control characters, at most ``length`` characters."""
    name = value.strip()
    if not name:
        raise ValidationFailed(f"{path[-1]} must not be empty.", path=path)
    if len(name) > length:
        raise ValidationFailed(
            f"{path[-1]} must be at most {length} characters; it has {len(name)}.", path=path
        )
    if _CONTROL.search(name) or "\n" in name or "\r" in name:
        raise ValidationFailed(f"{path[-1]} must be one line without control characters.", path=path)
    return name


def check_text(value: str, *path: str, length: int = TEXT_LENGTH) -> str:
    """A long text, kept as typed: at most ``length`` characters, without NUL."""
    if len(value) > length:
        raise ValidationFailed(
            f"{path[-1]} must be at most {length} characters; it has {len(value)}.", path=path
        )
    if "\x00" in value:
        raise ValidationFailed(f"{path[-1]} must not contain NUL characters.", path=path)
    return value


def check_color(value: str, *path: str) -> str:
    """A colour as ``#rrggbb``, lower case."""
    color = value.strip().lower()
    if not _COLOR.fullmatch(color):
        raise ValidationFailed("A colour is written as #rrggbb, such as #4f8df7.", path=path)
    return color


def check_time_zone(value: str, *path: str) -> str:
    """An IANA time zone, such as Europe/Helsinki."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationFailed(
            "Not a known time zone; use an IANA name such as Europe/Helsinki.", path=path
        ) from None
    return value


def nests_within(value: Any, levels: int) -> bool:
    """Whether a JSON value has at most so many objects and lists inside one another. Takes no recursion."""
    inside = [value] if isinstance(value, (dict, list)) else []
    for _ in range(levels):
        if not inside:
            return True
        deeper: list[Any] = []
        for one in inside:
            for inner in one.values() if isinstance(one, dict) else one:
                if isinstance(inner, (dict, list)):
                    deeper.append(inner)  # noqa: PERF401 (a comprehension for each level takes longer than the levels)
        inside = deeper
    return not inside


def plain(value: Any) -> Any:
    """A column's value as it stands in a state: ids and times as strings, the rest as it is."""
    write = _WRITES[type(value)]
    return value if write is None else write(value)


def plains(values: Iterable[Any]) -> list[Any]:
    """The same of many."""
    kinds = _WRITES
    return [value if (write := kinds[type(value)]) is None else write(value) for value in values]


class _Writes(dict[type, Callable[[Any], str] | None]):
    """How values of a type are written, looked at once: a state has twenty values, and an edit makes one."""

    def __missing__(self, kind: type) -> Callable[[Any], str] | None:
        write: Callable[[Any], str] | None = None
        if issubclass(kind, UUID):
            write = str
        elif issubclass(kind, datetime):
            write = _moment
        elif issubclass(kind, date):
            write = kind.isoformat
        self[kind] = write
        return write


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)  # those of rows and of now are
    return moment.isoformat(timespec="microseconds")


_WRITES = _Writes()


def is_endless(moment: datetime) -> bool:
    """Whether a moment is the very first or last one, which the database's driver takes for none: for ever."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return moment.astimezone(UTC) in (first, last)
