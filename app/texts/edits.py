"""One edit of a text, counted as browsers count: in UTF-16 code units."""

from collections.abc import Iterable
from dataclasses import dataclass

UNIT_BYTES = 2  # of a UTF-16 code unit


class MalformedText(ValueError):
    """The text holds half of a surrogate pair, so it has no UTF-8 form, no hash and no place in Postgres."""

    def __init__(self, at: int) -> None:
        super().__init__(f"lone surrogate at code point {at}")
        self.at = at


class MalformedDiff(ValueError):
    """The edits do not describe a diff: empty, unsorted, overlapping or touching, or of the wrong shape."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """At `at` (UTF-16 code units into the base text), `removed` gives way to `inserted`."""

    at: int
    removed: str
    inserted: str

    @property
    def end(self) -> int:
        """Where the removed range ends in the base text, in UTF-16 code units (exclusive)."""
        return self.at + utf16_length(self.removed)


class Unappliable(Exception):
    """An edit's removed text is not at its place, or its place is inside a surrogate pair."""

    def __init__(self, at: int) -> None:
        super().__init__(f"nothing to edit at {at}")
        self.at = at


def to_units(text: str) -> bytes:
    """UTF-16-LE without a mark: a slice of 2·n bytes is n code units. Raises MalformedText."""
    try:
        return text.encode("utf-16-le")
    except UnicodeEncodeError as error:
        raise MalformedText(error.start) from None


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, which is what `text.length` says in a browser."""
    return len(text) if text.isascii() else len(to_units(text)) // UNIT_BYTES


def check_edits(edits: Iterable[TextEdit]) -> None:
    """Raise MalformedDiff unless the edits are real, sorted, and apart by at least one kept code unit."""
    free_from = 0
    for edit in edits:
        if edit.at < free_from:
            raise MalformedDiff(f"edit at {edit.at} begins before {free_from}")
        if edit.removed == edit.inserted:
            raise MalformedDiff(f"edit at {edit.at} changes nothing")
        free_from = edit.end + 1


def splice(text: str, edits: Iterable[TextEdit], offset: int = 0) -> str:
    """Apply sorted edits, whose places are counted from `offset` before `text`. Raises Unappliable."""
    units = to_units(text)
    pieces: list[bytes] = []
    done = 0
    for edit in edits:
        start = (edit.at - offset) * UNIT_BYTES
        removed = to_units(edit.removed)
        end = start + len(removed)
        if start < done or end > len(units) or units[start:end] != removed:
            raise Unappliable(edit.at)
        pieces += (units[done:start], to_units(edit.inserted))
        done = end
    pieces.append(units[done:])
    try:
        return b"".join(pieces).decode("utf-16-le")
    except UnicodeDecodeError as error:
        # an edit placed inside a pair leaves its halves apart
        raise Unappliable(offset + error.start // UNIT_BYTES) from None
