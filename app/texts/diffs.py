"""Reversible diffs of long text, small enough to travel in an event and self-checking when applied."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypedDict

from app.texts.alignments import changed_ranges
from app.texts.edits import (
    MalformedDiff,
    MalformedText,
    TextEdit,
    Unappliable,
    check_edits,
    splice,
    utf16_length,
)

HASH_DIGITS = 16


class TextDiffJson(TypedDict):
    """The form in an event's payload. `edits`: [at in UTF-16 code units of the base, removed, inserted]."""

    edits: list[tuple[int, str, str]]
    base: str
    result: str


class TextMismatch(Exception):
    """The diff is not one of this text. `found` says what differs: BASE, REMOVED or RESULT."""

    def __init__(self, found: Literal["BASE", "REMOVED", "RESULT"], at: int | None = None) -> None:
        super().__init__(f"the diff does not fit this text: {found}" + ("" if at is None else f" at {at}"))
        self.found = found
        self.at = at


@dataclass(frozen=True, slots=True)
class TextDiff:
    """Edits, sorted and never touching, that turn the text hashed `base_hash` into that of `result_hash`."""

    edits: tuple[TextEdit, ...]
    base_hash: str
    result_hash: str

    def __post_init__(self) -> None:
        check_edits(self.edits)

    def to_json(self) -> TextDiffJson:
        """The compact form, of plain JSON values."""
        edits = [(edit.at, edit.removed, edit.inserted) for edit in self.edits]
        return {"edits": edits, "base": self.base_hash, "result": self.result_hash}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote, before or after a trip through JSON. Raises MalformedDiff."""
        match value:
            case {"edits": [*rows], "base": str(base), "result": str(result)}:
                return cls(tuple(_edit_from(row) for row in rows), base, result)
        raise MalformedDiff("expected edits, base and result")


def text_hash(text: str) -> str:
    """The first 16 hex digits of SHA-256 over UTF-8. Raises MalformedText."""
    try:
        return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]
    except UnicodeEncodeError as error:
        raise MalformedText(error.start) from None


def diff(base: str, result: str) -> TextDiff:
    """What turns `base` into `result`, in words, or in lines where that would cost too much.

    The bound on time and memory is in `app.texts.alignments`. Raises MalformedText.
    """
    base_hash, result_hash = text_hash(base), text_hash(result)
    return TextDiff(edits_between(base, result), base_hash, result_hash)


def edits_between(base: str, result: str) -> tuple[TextEdit, ...]:
    """The edits alone, without hashes."""
    if base == result:
        return ()
    edits: list[TextEdit] = []
    at = done = 0
    for start, end, result_start, result_end in changed_ranges(base, result):
        at += utf16_length(base[done:start])
        edit = TextEdit(at, base[start:end], result[result_start:result_end])
        edits.append(edit)
        at, done = edit.end, end
    return tuple(edits)


def apply(text: str, diff: TextDiff) -> str:
    """The result of the diff. Raises TextMismatch if `text` is not its base or the outcome not its result."""
    if text_hash(text) != diff.base_hash:
        raise TextMismatch("BASE")
    try:
        result = splice(text, diff.edits)
    except Unappliable as error:
        raise TextMismatch("REMOVED", error.at) from None
    if text_hash(result) != diff.result_hash:
        raise TextMismatch("RESULT")
    return result


def invert(diff: TextDiff) -> TextDiff:
    """The diff that takes the result back to the base."""
    edits: list[TextEdit] = []
    shift = 0
    for edit in diff.edits:
        edits.append(TextEdit(edit.at + shift, edit.inserted, edit.removed))
        shift += utf16_length(edit.inserted) - utf16_length(edit.removed)
    return TextDiff(tuple(edits), diff.result_hash, diff.base_hash)


def _edit_from(row: object) -> TextEdit:
    match row:
        case [int(at), str(removed), str(inserted)]:
            return TextEdit(at, removed, inserted)
    raise MalformedDiff("expected [at, removed, inserted]")
