"""Texts as words: what an edit changed, edits carried over to another text, and an edit in two halves.

Independent of the product's own merge on purpose (only the standard library): it says what a person's edit
means, not what the server makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

_WORD = re.compile(r"\S+\s*|\s+")
Hunk = tuple[int, int, tuple[str, ...]]
"""Words `start` to `end` of the base become these."""


def words_of(text: str) -> list[str]:
    """Its words, each with the white space behind it; joined they are the text."""
    return _WORD.findall(text)


def hunks_between(base: Sequence[str], result: Sequence[str]) -> list[Hunk]:
    """What turns one list of words into another, in order of place, with kept words in between."""
    start, end = 0, min(len(base), len(result))
    while start < end and base[start] == result[start]:
        start += 1
    back, most = 0, min(len(base), len(result)) - start
    while back < most and base[-1 - back] == result[-1 - back]:
        back += 1
    inner_base, inner_result = base[start : len(base) - back], result[start : len(result) - back]
    matcher = SequenceMatcher(None, inner_base, inner_result, autojunk=False)
    return [
        (start + i1, start + i2, tuple(inner_result[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def with_hunks(base: Sequence[str], hunks: Iterable[Hunk]) -> str:
    """The base with hunks that do not overlap put in."""
    result, done = [], 0
    for start, end, words in sorted(hunks):
        result += [*base[done:start], *words]
        done = end
    return "".join([*result, *base[done:]])


def merged(base: str, theirs: str, yours: str) -> str | None:
    """Both sides' edits of a text together; None where they touch."""
    words = words_of(base)
    ours = set(hunks_between(words, words_of(yours)))
    others = set(hunks_between(words, words_of(theirs)))
    every = sorted(ours | others)
    for (_, end, _), (start, _, _) in pairwise(every):
        if start <= end:
            return None
    return with_hunks(words, every)


def carried_over(before: str, after: str, base: str) -> str:
    """The edit that made `after` of `before`, made on `base`: by its words, or else as a whole rewrite."""
    if base == before:
        return after
    outcome = merged(before, base, after)
    return after if outcome is None else outcome


def halves(before: str, after: str) -> tuple[str, str] | None:
    """Two edits that together are this one, each in places of its own; None if it is only in one place.

    Some whole words lie between them, so that two people could well have made them at the same time.
    """
    words = words_of(before)
    hunks = hunks_between(words, words_of(after))
    for place in range(1, len(hunks)):
        gap = words[hunks[place - 1][1] : hunks[place][0]]
        if len(gap) >= 2 and any(word.strip().isalnum() for word in gap):
            return with_hunks(words, hunks[:place]), with_hunks(words, hunks[place:])
    return None
