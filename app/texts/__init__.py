"""Long text as it travels and merges: reversible diffs, and three-way merge. Pure: no I/O, no clock."""

from app.texts.diffs import TextDiff, TextDiffJson, TextMismatch, apply, diff, invert, text_hash
from app.texts.edits import MalformedDiff, MalformedText, TextEdit
from app.texts.merges import ClashRange, MergedText, TextClash, merge

__all__ = [
    "ClashRange",
    "MalformedDiff",
    "MalformedText",
    "MergedText",
    "TextClash",
    "TextDiff",
    "TextDiffJson",
    "TextEdit",
    "TextMismatch",
    "apply",
    "diff",
    "invert",
    "merge",
    "text_hash",
]
