"""Three-way merge of long text: both sides' edits against their common base.

Edits merge only if some kept text lies between them. Two that overlap, touch, or insert at one place clash:
the order of what they insert would be a guess, and words could be glued together. Equal edits count once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.texts.diffs import edits_between
from app.texts.edits import UNIT_BYTES, TextEdit, splice, to_units


@dataclass(frozen=True, slots=True)
class MergedText:
    """Every edit of both sides, applied once."""

    text: str


@dataclass(frozen=True, slots=True)
class ClashRange:
    """`start` to `end` (UTF-16 code units of the base, end exclusive; equal for insertions at one place), and
    what stands there in each of the three texts."""

    start: int
    end: int
    base: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class TextClash:
    """The ranges of the base that both sides changed differently: in order, at least one, never touching."""

    ranges: tuple[ClashRange, ...]


def merge(base: str, theirs: str, yours: str) -> MergedText | TextClash:
    """Merge two texts that both grew out of `base`; swapping the sides gives the same text or clash, swapped.

    A clash is data, not an error, and then nothing is merged. Raises MalformedText.
    """
    their_edits, your_edits = edits_between(base, theirs), edits_between(base, yours)
    all_edits = sorted({*their_edits, *your_edits}, key=lambda edit: (edit.at, edit.end))
    clashing = [group for group in _touching(all_edits) if len(group) > 1]
    if not clashing:
        return MergedText(splice(base, all_edits))
    units = to_units(base)
    return TextClash(tuple(_clash(units, group, set(their_edits), set(your_edits)) for group in clashing))


def _touching(edits: Iterable[TextEdit]) -> Iterator[list[TextEdit]]:
    """Split sorted edits into groups that overlap or touch. One side's own never do, nor an edit of both."""
    group: list[TextEdit] = []
    reach = 0
    for edit in edits:
        if group and edit.at > reach:
            yield group
            group = []
        group.append(edit)
        reach = max(reach, edit.end)
    if group:
        yield group


def _clash(units: bytes, group: list[TextEdit], theirs: set[TextEdit], yours: set[TextEdit]) -> ClashRange:
    start, end = group[0].at, max(edit.end for edit in group)
    base = units[start * UNIT_BYTES : end * UNIT_BYTES].decode("utf-16-le")
    return ClashRange(
        start=start,
        end=end,
        base=base,
        theirs=splice(base, (edit for edit in group if edit in theirs), offset=start),
        yours=splice(base, (edit for edit in group if edit in yours), offset=start),
    )
