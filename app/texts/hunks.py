"""An edit of a text as people read it: lines that went and came, among some that stayed.

Made from the edits themselves, so it takes no comparing: time grows with the length of the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.texts.diffs import TextDiff

CONTEXT = 3
"""Lines that stayed, shown before and after those that changed."""


class TextLineKind(StrEnum):
    """What became of a line."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Line:
    """A line without its end."""

    kind: TextLineKind
    text: str


@dataclass(frozen=True)
class Hunk:
    """Lines that stand together; ``old_line`` and ``new_line`` number its first one before and after, from 1."""

    old_line: int
    new_line: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Block:
    """The lines from ``first`` and before ``end`` of the old text that became ``new``."""

    first: int
    end: int
    new: tuple[str, ...]


def hunks_of(base: str, diff: TextDiff, context: int = CONTEXT) -> list[Hunk]:
    """What a diff does to its text, in hunks as the unified format has them."""
    old = base.split("\n")
    blocks = [_trimmed(old, block) for block in _blocks(base, old, _spans(base, diff))]
    groups: list[list[_Block]] = []
    for block in blocks:
        if groups and block.first - groups[-1][-1].end <= 2 * context:
            groups[-1].append(block)
        else:
            groups.append([block])
    hunks, shift = [], 0
    for group in groups:
        start = max(group[0].first - context, 0)
        hunks.append(Hunk(start + 1, start + shift + 1, tuple(_lines(old, group, start, context))))
        shift += sum(len(block.new) - (block.end - block.first) for block in group)
    return hunks


def _spans(base: str, diff: TextDiff) -> list[tuple[int, int, str]]:
    """The edits as (start, end, inserted) in characters; they count UTF-16 code units."""
    units = base.encode("utf-16-le", "surrogatepass")
    spans, place, character = [], 0, 0
    for edit in diff.edits:
        character += len(units[place : edit.at * 2].decode("utf-16-le", "surrogatepass"))
        spans.append((character, character + len(edit.removed), edit.inserted))
        place = edit.at * 2 + len(edit.removed.encode("utf-16-le", "surrogatepass"))
        character += len(edit.removed)
    return spans


def _blocks(base: str, old: Sequence[str], spans: Sequence[tuple[int, int, str]]) -> list[_Block]:
    """Whole lines around edits; edits that share a line are of one block."""
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)
    touched: list[tuple[int, int, list[tuple[int, int, str]]]] = []
    for span in spans:
        first, last = bisect_right(starts, span[0]) - 1, bisect_right(starts, span[1]) - 1
        first, last = min(first, len(old) - 1), min(last, len(old) - 1)
        if touched and first <= touched[-1][1]:
            before = touched.pop()
            touched.append((before[0], max(before[1], last), [*before[2], span]))
        else:
            touched.append((first, last, [span]))
    blocks = []
    for first, last, within in touched:
        place, end, parts = starts[first], starts[last] + len(old[last]), []
        for start, stop, inserted in within:
            parts += [base[place:start], inserted]
            place = stop
        blocks.append(_Block(first, last + 1, tuple("".join([*parts, base[place:end]]).split("\n"))))
    return blocks


def _trimmed(old: Sequence[str], block: _Block) -> _Block:
    """Without the lines at both ends that stayed after all."""
    first, end, new = block.first, block.end, list(block.new)
    while first < end and new and old[first] == new[0]:
        first += 1
        del new[0]
    while first < end and new and old[end - 1] == new[-1]:
        end -= 1
        del new[-1]
    return _Block(first, end, tuple(new))


def _lines(old: Sequence[str], group: Sequence[_Block], start: int, context: int) -> list[Line]:
    lines, place = [], start
    for block in group:
        lines += [Line(TextLineKind.KEPT, text) for text in old[place : block.first]]
        lines += [Line(TextLineKind.REMOVED, text) for text in old[block.first : block.end]]
        lines += [Line(TextLineKind.ADDED, text) for text in block.new]
        place = block.end
    return lines + [Line(TextLineKind.KEPT, text) for text in old[place : place + context]]
