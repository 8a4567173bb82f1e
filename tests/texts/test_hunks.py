"""Hunks of any edit: applied as a patch to the old lines they give the new ones, and say no more than they must."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app import texts
from app.texts.hunks import CONTEXT, Hunk, TextLineKind, hunks_of

TEXTS = st.lists(st.sampled_from(["", "one", "two 🙂", "three", "é"]), max_size=14).map("\n".join)


def patched(old: str, hunks: list[Hunk]) -> str:
    """The old text after its hunks, which must fit it, as `patch` does it."""
    lines, made, place = old.split("\n"), [], 0
    for hunk in hunks:
        assert hunk.old_line - 1 >= place, "in order, and apart"
        made += lines[place : hunk.old_line - 1]
        assert hunk.new_line == len(made) + 1
        place = hunk.old_line - 1
        for line in hunk.lines:
            if line.kind is not TextLineKind.ADDED:
                assert lines[place] == line.text
                place += 1
            if line.kind is not TextLineKind.REMOVED:
                made.append(line.text)
    return "\n".join([*made, *lines[place:]])


@given(old=TEXTS, new=TEXTS)
def test_hunks_lead_from_the_old_text_to_the_new(old: str, new: str) -> None:
    hunks = hunks_of(old, texts.diff(old, new))
    assert patched(old, hunks) == new
    assert bool(hunks) == (old != new)
    for hunk in hunks:
        kinds = [line.kind for line in hunk.lines]
        changed = [place for place, kind in enumerate(kinds) if kind is not TextLineKind.KEPT]
        assert changed, "a hunk changes something"
        assert changed[0] <= CONTEXT
        assert len(kinds) - 1 - changed[-1] <= CONTEXT


def test_one_word_in_a_long_text() -> None:
    old = "\n".join(f"line {number}" for number in range(1, 40))
    [hunk] = hunks_of(old, texts.diff(old, old.replace("line 20", "line twenty")))
    assert (hunk.old_line, hunk.new_line) == (17, 17)
    assert [(line.kind.value, line.text) for line in hunk.lines] == [
        ("kept", "line 17"), ("kept", "line 18"), ("kept", "line 19"), ("removed", "line 20"), ("added", "line twenty"),
        ("kept", "line 21"), ("kept", "line 22"), ("kept", "line 23"),
    ]  # fmt: skip
