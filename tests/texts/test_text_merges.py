"""Three-way merge: nothing lost, nothing brought back, the same whoever comes first; otherwise a clash."""

from itertools import pairwise

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from app.texts import ClashRange, MergedText, TextClash, alignments, diff, merge

PIECES = ["one", "two", "cafe\u0301", "木", "😀", " ", " ", "\n", "\r\n", "\r", ".", ",", "\u0301"]
some_text = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@st.composite
def edited(draw: st.DrawFn, base: list[str], words: str) -> str:
    """`base` after a few replacements by new words, which begin with `words`, deletions and insertions."""
    pieces = list(base)
    for i in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(pieces)))
        end = min(len(pieces), start + draw(st.integers(0, 3)))
        pieces[start:end] = [f"{words}{i}x{j} " for j in range(draw(st.integers(0, 2)))]
    return "".join(pieces)


@st.composite
def unique_words(draw: st.DrawFn) -> tuple[str, str, str]:
    """Base, theirs and yours, where a word occurs once and the two sides write different words."""
    ends = draw(st.lists(st.sampled_from([" ", " ", ". ", "\n", "\r\n", " 😀 "]), min_size=3, max_size=30))
    base = [f"b{i}{end}" for i, end in enumerate(ends)]
    return "".join(base), draw(edited(base, "t")), draw(edited(base, "y"))


def words(text: str) -> set[str]:
    return {token for token in alignments._words(text) or [] if token[0].isalpha()}


@given(some_text, some_text)
def test_one_side_alone_and_both_alike_always_merge(base: str, text: str) -> None:
    assert merge(base, base, text) == MergedText(text)
    assert merge(base, text, base) == MergedText(text)
    assert merge(base, text, text) == MergedText(text)


@given(unique_words())
def test_every_inserted_word_occurs_and_every_removed_one_stays_removed(sides: tuple[str, str, str]) -> None:
    base, theirs, yours = sides
    merged = merge(base, theirs, yours)
    target(float(isinstance(merged, MergedText)))
    if isinstance(merged, MergedText):
        inserted = (words(theirs) | words(yours)) - words(base)
        kept = words(base) & words(theirs) & words(yours)
        assert words(merged.text) == kept | inserted


@given(some_text, some_text, some_text)
def test_the_sides_may_be_swapped_and_no_word_is_glued(base: str, theirs: str, yours: str) -> None:
    merged, swapped = merge(base, theirs, yours), merge(base, yours, theirs)
    if isinstance(merged, MergedText):
        assert merged == swapped
        for edit in diff(base, theirs).edits + diff(base, yours).edits:
            assert edit.inserted in merged.text
        assert words(merged.text) <= words(base) | words(theirs) | words(yours)
        return
    assert isinstance(swapped, TextClash)
    assert [(r.start, r.end, r.base, r.theirs, r.yours) for r in merged.ranges] == [
        (r.start, r.end, r.base, r.yours, r.theirs) for r in swapped.ranges
    ]


@given(some_text, some_text, some_text)
def test_a_clash_names_disjoint_ranges_of_the_base(base: str, theirs: str, yours: str) -> None:
    merged = merge(base, theirs, yours)
    if isinstance(merged, TextClash):
        units = base.encode("utf-16-le")
        assert merged.ranges
        for clash in merged.ranges:
            assert units[2 * clash.start : 2 * clash.end].decode("utf-16-le") == clash.base
            assert clash.theirs in theirs
            assert clash.yours in yours
            assert clash.theirs != clash.base != clash.yours
        assert all(one.end < other.start for one, other in pairwise(merged.ranges))


BASE = "😀 Title\r\n\r\nThe first step.\r\nThe second step.\r\n"


@pytest.mark.parametrize(
    ("theirs", "yours", "result"),
    [
        # neighbouring words
        (BASE.replace("first", "next"), BASE.replace("step.", "stage.", 1), ("next stage.", "second step.")),
        # one writes at the end while the other corrects the start
        (
            BASE + "The last.\r\n",
            BASE.replace("Title", "Heading"),
            ("😀 Heading\r\n", "step.\r\nThe last.\r\n"),
        ),
        # both correct the same word alike, and each something else
        (
            BASE.replace("second", "2nd").replace("Title", "Name"),
            BASE.replace("second", "2nd").replace("first", "1st"),
            ("Name", "1st step.\r\nThe 2nd step."),
        ),
        # a removed line stays removed
        (BASE.replace("The first step.\r\n", ""), BASE.replace("second", "2nd"), ("Title\r\n\r\nThe 2nd",)),
    ],
)
def test_edits_apart_merge(theirs: str, yours: str, result: tuple[str, ...]) -> None:
    merged = merge(BASE, theirs, yours)
    assert isinstance(merged, MergedText)
    for part in result:
        assert part in merged.text


@pytest.mark.parametrize(
    ("base", "theirs", "yours", "clash"),
    [
        ("one two", "one 2", "one zwei", ClashRange(4, 7, "two", "2", "zwei")),
        ("one two", "one two!", "one two?", ClashRange(7, 7, "", "!", "?")),
        ("😀 one two", "😀 one", "😀 one 2", ClashRange(6, 10, " two", "", " 2")),
        # touching: what yours adds was meant to follow what theirs removed
        ("a.", "a", "a.b", ClashRange(1, 2, ".", "", ".b")),
        ("", "one", "two", ClashRange(0, 0, "", "one", "two")),
    ],
)
def test_edits_that_meet_clash(base: str, theirs: str, yours: str, clash: ClashRange) -> None:
    assert merge(base, theirs, yours) == TextClash((clash,))


def test_several_clashes_are_all_named_and_nothing_is_merged() -> None:
    merged = merge(BASE, BASE.replace("step", "task"), BASE.replace("step", "stage").replace("Title", "Name"))
    assert isinstance(merged, TextClash)
    assert [(r.base, r.theirs, r.yours) for r in merged.ranges] == [("step", "task", "stage")] * 2
