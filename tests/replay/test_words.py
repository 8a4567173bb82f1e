"""Texts as words: hunks, edits carried over, halves; against texts that hypothesis makes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstep.replay.oracle.edits import check_words
from lockstep.replay.words import carried_over, halves, hunks_between, merged, with_hunks, words_of

TEXTS = st.lists(st.sampled_from(["one", "two", "three", " ", "\n", "😀", "ж"]), max_size=30).map(" ".join)


@given(TEXTS, TEXTS)
def test_hunks_turn_one_text_into_the_other(base: str, result: str) -> None:
    words = words_of(base)
    assert "".join(words) == base
    assert with_hunks(words, hunks_between(words, words_of(result))) == result


@given(TEXTS, TEXTS)
def test_an_edit_on_its_own_text_is_itself(before: str, after: str) -> None:
    assert carried_over(before, after, before) == after


@given(TEXTS, TEXTS)
def test_halves_make_the_whole_again(before: str, after: str) -> None:
    parts = halves(before, after)
    if parts is not None:
        assert after not in parts
        assert merged(before, *parts) == after
        assert check_words(before, *parts, after) is None


@given(TEXTS, TEXTS, TEXTS)
def test_merging_is_symmetrical_and_right_by_its_words(base: str, theirs: str, yours: str) -> None:
    outcome = merged(base, theirs, yours)
    assert outcome == merged(base, yours, theirs)
    if outcome is not None and theirs != yours:
        assert check_words(base, theirs, yours, outcome) is None


def test_an_edit_is_carried_over_to_a_text_that_changed_elsewhere() -> None:
    before, after = "a b c d e f", "a B c d e f"
    assert carried_over(before, after, "a b c d e F") == "a B c d e F"
    assert carried_over(before, after, "a x c d e f") == after  # the same place: a rewrite


def test_an_edit_in_one_place_has_no_halves() -> None:
    assert halves("a b c d e f", "a B c d e f") is None
    assert halves("a b c d e f", "a B c d E f") == ("a B c d e f", "a b c d E f")


def test_wrong_merges_are_seen_by_their_words() -> None:
    base, theirs, yours = "a b c d e f", "a B c d e f", "a b c d E f"
    assert check_words(base, theirs, yours, "a B c d E f") is None
    assert check_words(base, theirs, yours, "a B c d e f") is not None  # yours lost
    assert check_words(base, theirs, yours, "a b c d E f") is not None  # theirs lost
    assert check_words(base, theirs, yours, "a B B c d E f") is not None  # twice
    assert check_words(base, theirs, yours, "a B c d E f g") is not None  # from nowhere
    assert check_words(base, theirs, theirs, "a B c d e f") is None  # the same edit twice is one
