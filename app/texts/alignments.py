"""Which parts of two texts differ: tokens, and their longest common subsequence (rapidfuzz).

Cost is bounded whatever the texts are. Words are compared up to WORD_TEXT_LIMIT characters of changed text a
side, and any tokens only while (tokens of one) x (tokens of the other) <= CELL_LIMIT: rapidfuzz keeps one bit
a cell (8 MB) and spends under 20 ms on it. Above that whole lines are compared, and above that for lines too
the changed middle is one replacement. So a call stays under about 100 ms and 50 MB for texts of 200,000
characters, and a megabyte of nothing but line feeds takes 150 ms.

Every reported boundary is one between tokens of both texts. Since whether two neighbours are one token is
decided by these two alone, edits that keep a token between them can be applied together without gluing words.
"""

import re
from collections.abc import Iterator
from itertools import accumulate, takewhile, zip_longest
from typing import NamedTuple

from rapidfuzz.distance import Indel

CELL_LIMIT = 64_000_000
WORD_TEXT_LIMIT = 200_000

# Marks that belong to the character before them: combining, joiners, variation selectors, skin tones.
_MARKS = (
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff"
)
# Scripts written without spaces: one character is one token, or a whole paragraph would be one word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W{_UNSPACED}]"
_WORD_TOKENS = re.compile(
    rf"\r\n|[\r\n]|[^\S\r\n]+|{_LETTER}+(?:[{_MARKS}]+{_LETTER}*)*|.[{_MARKS}]*",
    re.DOTALL,
)
_LINE_TOKENS = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")
# What two edits are not worth keeping apart for: a sentence rewritten word by word is one edit, not twenty.
_SLIGHT_GAP = re.compile(r"[^\w\r\n]{1,4}")


class ChangedRange(NamedTuple):
    """`base[start:end]` became `result[result_start:result_end]`; counted in code points."""

    start: int
    end: int
    result_start: int
    result_end: int


def changed_ranges(base: str, result: str) -> list[ChangedRange]:
    """The differing ranges of two texts, in order, each pair of neighbours apart by some kept text."""
    head, tail = _common_lines(base, result)
    for tokens_of in (_words, _lines):
        old_text, new_text = base[head : len(base) - tail], result[head : len(result) - tail]
        old, new = tokens_of(old_text), tokens_of(new_text)
        if old is None or new is None:
            continue
        first, last = _common_tokens(old, new)
        head += sum(map(len, old[:first]))
        tail += sum(map(len, old[len(old) - last :]))
        old, new = old[first : len(old) - last], new[first : len(new) - last]
        if len(old) * len(new) <= CELL_LIMIT:
            return list(_settled(base, result, list(_joined(base, _aligned(old, new, head)))))
    return [ChangedRange(head, len(base) - tail, head, len(result) - tail)]


def _words(text: str) -> list[str] | None:
    return _WORD_TOKENS.findall(text) if len(text) <= WORD_TEXT_LIMIT else None


def _lines(text: str) -> list[str]:
    return _LINE_TOKENS.findall(text)


def _common_lines(base: str, result: str) -> tuple[int, int]:
    """Lengths of the common start and end, in whole lines: after a line feed there is always a boundary."""
    same = _common_length(base, result)
    head = base.rfind("\n", 0, same) + 1
    old, new = base[head:], result[head:]
    same = _common_length(old, new, from_end=True)
    feed = old.find("\n", len(old) - same)
    return head, 0 if feed < 0 else len(old) - feed - 1


def _common_length(old: str, new: str, *, from_end: bool = False) -> int:
    """Length of the common start or end, by halving: comparing slices is a memory compare, a loop is not."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if from_end:
            same = old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]
        else:
            same = old[low:middle] == new[low:middle]
        low, high = (middle, high) if same else (low, middle - 1)
    return low


def _common_tokens(old: list[str], new: list[str]) -> tuple[int, int]:
    """Counts of common first and last tokens, which do not overlap."""

    def leading(pairs: Iterator[tuple[str, str]]) -> int:
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    first = leading(zip(old, new, strict=False))
    last = leading(zip(reversed(old), reversed(new), strict=False))
    return first, min(last, len(old) - first, len(new) - first)


def _aligned(old: list[str], new: list[str], offset: int) -> Iterator[ChangedRange]:
    """Where the tokens differ, as ranges of code points; `offset` is how much both texts share before."""
    numbers: dict[str, int] = {}
    # numbers, because rapidfuzz compares hashes, and two strings may share one
    old_numbers = [numbers.setdefault(token, len(numbers)) for token in old]
    new_numbers = [numbers.setdefault(token, len(numbers)) for token in new]
    old_places = list(accumulate(map(len, old), initial=offset))
    new_places = list(accumulate(map(len, new), initial=offset))
    for code in Indel.opcodes(old_numbers, new_numbers):
        if code.tag != "equal":
            yield ChangedRange(
                old_places[code.src_start],
                old_places[code.src_end],
                new_places[code.dest_start],
                new_places[code.dest_end],
            )


def _joined(base: str, ranges: Iterator[ChangedRange]) -> Iterator[ChangedRange]:
    """Join ranges that touch, or that only a blank or a few punctuation marks keep apart."""
    current: ChangedRange | None = None
    for following in ranges:
        if current is None:
            current = following
        elif current.end == following.start or _SLIGHT_GAP.fullmatch(base, current.end, following.start):
            current = ChangedRange(current.start, following.end, current.result_start, following.result_end)
        else:
            yield current
            current = following
    if current is not None:
        yield current


def _settled(base: str, result: str, ranges: list[ChangedRange]) -> Iterator[ChangedRange]:
    """Slide added or removed lines to where a line begins.

    Among alike lines a removal can start after the words that its line shares with the next one, and end
    after the same words there: the same outcome, but it would meet another's edits of a line that stays.
    """
    low = result_low = 0
    for changed, following in zip_longest(ranges, ranges[1:]):
        start, end, result_start, result_end = changed
        by = 0
        if start == end:
            high = following.result_start - 1 if following else len(result)
            by = _slide(result, result_low, result_start, result_end, high)
        elif result_start == result_end:
            by = _slide(base, low, start, end, following.start - 1 if following else len(base))
        yield ChangedRange(start + by, end + by, result_start + by, result_end + by)
        low, result_low = end + by + 1, result_end + by + 1


def _slide(text: str, low: int, start: int, end: int, high: int) -> int:
    """By how much to move `text[start:end]`, within `text[low:high]`, so that it is whole lines and the
    outcome the same; 0 if there is no such place. Reads only the edit and the text kept before it."""
    begin = text.rfind("\n", max(low - 1, 0), start) + 1
    late = start - begin
    ends_line = late < end - start and text[end - late - 1] == "\n"
    if begin >= low and ends_line and text.endswith(text[begin:start], start, end):
        return -late
    early = text.find("\n", start, min(end, start + high - end)) + 1 - start
    if early > 0 and text.startswith(text[start : start + early], end):
        return early
    return 0
