"""Values of a query's terms, as the grammar takes them. Each raises ``Unfit``."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from app.errors import BadInput
from app.query_language.fields import CATEGORIES, PRIORITIES, Named
from app.query_language.names import Names
from app.tasks.grammar import Kind, written_day

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,17}(\.\d{1,20})?(e[+-]?\d{1,3})?", re.ASCII)
_DAYS = {"tomorrow": "+1d", "yesterday": "-1d"}
_LARGEST = 2**31 - 1
_ALIKE = 60
"""How much alike (of 100) what may have been meant is."""


class Unfit(Exception):
    """A value that does not fit."""

    def __init__(self, code: str, message: str, meant: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.meant = code, message, meant


def meant(text: str, choices: list[str], most: int = 3) -> tuple[str, ...]:
    """Which of the choices may have been meant."""
    found = process.extract(
        text, choices, scorer=fuzz.ratio, processor=default_process, score_cutoff=_ALIKE, limit=most
    )
    return tuple(choice for choice, _, _ in found)


def did_you_mean(found: tuple[str, ...]) -> str:
    """The question to add to a message."""
    return f" Did you mean {' or '.join(found)}?" if found else ""


def choose(text: str, choices: tuple[str, ...], what: str) -> str:
    """One of a few fixed words."""
    if text.lower() in choices:
        return text.lower()
    alike = meant(text, list(choices))
    raise Unfit("BAD_VALUE", f"{what}: one of {', '.join(choices)}.{did_you_mean(alike)}", alike)


def read_value(named: Named, text: str, quoted: bool, names: Names) -> Any:
    """One value of a field."""
    if named.kind in (Kind.ID, Kind.PERSON):
        return read_ids(named, text, quoted, names)
    if named.kind is Kind.CATEGORY:
        return choose(text, CATEGORIES, "A category")
    if named.kind is Kind.DAY:
        return read_day(text)
    if named.kind is Kind.WHOLE:
        return _whole(named, text)
    if named.kind is Kind.NUMBER:
        if not _NUMBER.fullmatch(text):
            raise Unfit("BAD_VALUE", f"{named.name} is compared with a number, such as 3 or 0.5.")
        number = float(text)
        if math.isinf(number):
            raise Unfit("BAD_VALUE", "This number is too large.")
        return number
    return text


def _whole(named: Named, text: str) -> int:
    if named.field == "priority" and not _WHOLE.fullmatch(text):
        return PRIORITIES.index(choose(text, PRIORITIES, "A priority"))
    if not _WHOLE.fullmatch(text):
        raise Unfit("BAD_VALUE", f"{named.name} is compared with a whole number.")
    if abs(int(text)) > _LARGEST:
        raise Unfit("BAD_VALUE", f"{named.name} is compared with a whole number of at most {_LARGEST}.")
    return int(text)


def read_day(text: str) -> str:
    """A day as filters write it."""
    try:
        return written_day(_DAYS.get(text.lower(), text))
    except BadInput:
        raise Unfit(
            "BAD_VALUE", "A day is written 2026-01-31, today, tomorrow, yesterday, 7d, -2w or +1m."
        ) from None


def read_moment(text: str) -> datetime | None:
    """A moment with its time; None for a mere day."""
    if "t" not in text.lower() or text.lower() in ("today", "tomorrow") or not text[:1].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit("BAD_VALUE", "A moment is written 2026-01-31T12:00:00Z.") from None


def read_ids(named: Named, text: str, quoted: bool, names: Names) -> list[UUID]:
    """What a name stands for: in a list across projects, one of each; or what an id of the form ``#…`` says."""
    if text.startswith("#") and not quoted:
        try:
            return [UUID(text[1:])]
        except ValueError:
            raise Unfit("BAD_VALUE", "After # stands an id.") from None
    if named.field == "parent_id":
        found = names.tasks.get(text.upper())
        if found is None:
            raise Unfit("UNKNOWN_NAME", f"There is no task {text}.")
        return [found]
    words = names.words(named.words or "people")
    known = words.called(text)
    if not known:
        alike = meant(text, words.names())
        raise Unfit("UNKNOWN_NAME", f"There is no {named.name} {text}.{did_you_mean(alike)}", alike)
    if words.ambiguous(text):
        ids = tuple(f"#{word.id}" for word in known)
        raise Unfit(
            "AMBIGUOUS_NAME", f"More than one {named.name} is called {text}. Say which by id.", ids[:10]
        )
    return sorted(word.id for word in known)
