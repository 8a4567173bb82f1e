"""Values of a file made fit for ours: what must change is told to ``tell``, never silently."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.tasks.rules import CONFIG_LEVELS
from app.values import is_endless

Tell = Callable[[str], None]
"""Hears why a value is not as it stood."""

DEEPEST = CONFIG_LEVELS - 2
"""Levels of a value within ``config``, which is one itself."""

LONGEST_PIECE = 16 << 20
"""Of a line or an item of a file, in bytes or characters: it is whole in memory, and many times as large there."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")
_FRACTION = re.compile(r"\.(\d+)")


def fit_text(value: str, tell: Tell) -> str:
    """A long text as typed, but for what a Postgres text cannot hold."""
    if "\x00" in value:
        tell(f"{value.count(chr(0))} NUL characters taken out: a text cannot hold them")
        value = value.replace("\x00", "")
    if _SURROGATE.search(value):
        tell("half surrogate pairs replaced by U+FFFD: they are no characters")
        value = _SURROGATE.sub("\ufffd", value)
    return value


def one_line(value: str, length: int) -> str:
    """A name on one line: without control characters, trimmed, at most ``length`` characters."""
    text = _BREAKS.sub(" ", _SURROGATE.sub("\ufffd", value)).strip()
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def fit_json(value: Any, tell: Tell, depth: int = 0) -> Any:
    """A JSON value as ``config`` takes it: texts fit, whole numbers of at most 64 bits, not too deep."""
    if isinstance(value, str):
        return fit_text(value, tell)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        tell("a whole number of more than 64 bits is kept as text")
        return str(value)
    if depth >= DEEPEST and isinstance(value, dict | list):
        tell(f"what is nested deeper than {DEEPEST} levels is kept as text")
        return fit_text(_written(value), tell)
    if isinstance(value, list):
        return [fit_json(one, tell, depth + 1) for one in value]
    if isinstance(value, dict):
        return {fit_text(key, tell): fit_json(one, tell, depth + 1) for key, one in value.items()}
    return value


def _written(value: Any) -> str:
    try:
        return str(value)
    except RecursionError:
        return "…"


def read_time(value: Any) -> datetime | None:
    """An instant from ISO 8601 (without a zone: UTC), to the microsecond; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if is_endless(time) else time


def finer_than_ours(value: str) -> bool:
    """Whether a time has digits below the microsecond, which a timestamp cannot hold."""
    fraction = _FRACTION.search(value)
    return fraction is not None and fraction[1][6:].strip("0") != ""
