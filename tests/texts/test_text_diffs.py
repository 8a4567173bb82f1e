"""Diffs of long text: exact both ways, counted as browsers count, small, and bounded."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import texts
from app.texts import MalformedDiff, MalformedText, TextDiff, TextEdit, TextMismatch, alignments, text_hash

PIECES = ["one", "two", "naïve", "cafe\u0301", "木", "林", "😀", "👩🏽\u200d💻", "\u0301", "\ufe0f", "\x00"]
PIECES += [" ", "  ", "\t", "\n", "\r\n", "\r", "\u2028", ".", ",", "-", "*", "|"]
some_text = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"])
)
ROOT = Path(texts.__file__).parents[2]


def browser_splice(text: str, edits: tuple[TextEdit, ...]) -> str:
    """What a browser does with the edits, from the last: slice by UTF-16 code units; nothing of ours used."""
    units = [text.encode("utf-16-le")[i : i + 2] for i in range(0, len(text.encode("utf-16-le")), 2)]
    for edit in reversed(edits):
        removed = edit.removed.encode("utf-16-le")
        assert b"".join(units[edit.at : edit.at + len(removed) // 2]) == removed
        units[edit.at : edit.at + len(removed) // 2] = [edit.inserted.encode("utf-16-le")]
    return b"".join(units).decode("utf-16-le")


@given(some_text, some_text)
@example("a\r\nb", "a\nb")
@example("👩🏽\u200d💻", "👩🏽\u200d🔬")
@example("\U0001f600", "\U0001f601")
@example("x\r", "x\r\n")
def test_a_diff_takes_base_to_result_and_back(base: str, result: str) -> None:
    diff = texts.diff(base, result)
    assert texts.apply(base, diff) == result
    assert browser_splice(base, diff.edits) == result
    back = texts.invert(diff)
    assert texts.apply(result, back) == base
    assert texts.invert(back) == diff
    assert TextDiff.from_json(json.loads(json.dumps(diff.to_json()))) == diff
    assert (diff.base_hash, diff.result_hash) == (text_hash(base), text_hash(result))
    assert bool(diff.edits) == (base != result)


@given(some_text, some_text)
def test_every_level_of_comparison_is_exact(base: str, result: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for cells, word_text in [(alignments.CELL_LIMIT, 0), (16, 50), (0, 50), (0, 0)]:
            patch.setattr(alignments, "CELL_LIMIT", cells)
            patch.setattr(alignments, "WORD_TEXT_LIMIT", word_text)
            diff = texts.diff(base, result)
            assert texts.apply(base, diff) == result
            assert texts.apply(result, texts.invert(diff)) == base


@given(some_text)
def test_tokens_cover_the_text_and_keep_line_ends_whole(text: str) -> None:
    for tokens in (alignments._words(text), alignments._lines(text)):
        assert tokens is not None
        assert "".join(tokens) == text
        assert text.count("\r\n") == sum(token.count("\r\n") for token in tokens)


def test_offsets_count_utf16_code_units() -> None:
    assert texts.diff("😀 one", "😀 two").edits == (TextEdit(3, "one", "two"),)
    assert texts.diff("e\u0301 one", "e\u0301 two").edits == (TextEdit(3, "one", "two"),)
    assert texts.diff("a\r\none", "a\r\ntwo").edits == (TextEdit(3, "one", "two"),)
    # the two share their first surrogate; a marked letter changes as a whole
    assert texts.diff("a😀", "a😁").edits == (TextEdit(1, "😀", "😁"),)
    assert texts.diff("cafe\u0301", "cafe").edits == (TextEdit(0, "cafe\u0301", "cafe"),)
    assert texts.diff("a\r\nb", "a\nb").edits == (TextEdit(1, "\r\n", "\n"),)
    assert texts.diff("明日は晴れ", "明日は雨").edits == (TextEdit(3, "晴れ", "雨"),)


def test_a_one_word_edit_of_a_long_description_is_a_small_diff() -> None:
    base = "".join(f"- [ ] step {i}: look at **thing {i}**, then say so.\r\n" for i in range(150))
    assert len(base) > 7_000
    result = base.replace("thing 75*", "matter 75*").replace("step 140:", "step 140 (last):")
    diff = texts.diff(base, result)
    assert [(edit.removed, edit.inserted) for edit in diff.edits] == [("thing", "matter"), ("", " (last)")]
    assert len(json.dumps(diff.to_json())) < 150


def test_a_rewritten_sentence_is_one_edit() -> None:
    diff = texts.diff("Keep.\nThe quick brown fox.\nKeep.", "Keep.\nSome very slow dog.\nKeep.")
    assert [edit.removed for edit in diff.edits] == ["The quick brown fox"]


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_added_or_removed_lines_are_whole_lines(keep: int) -> None:
    lines = [f"- [ ] {verb} the thing.\r\n" for verb in ("wash", "dry", "fold")]
    fewer, more = "".join(lines), "".join([*lines[:keep], "- [ ] iron the thing.\r\n", *lines[keep:]])
    at = len("".join(lines[:keep]))
    assert texts.diff(fewer, more).edits == (TextEdit(at, "", "- [ ] iron the thing.\r\n"),)
    assert texts.diff(more, fewer).edits == (TextEdit(at, "- [ ] iron the thing.\r\n", ""),)


def test_a_diff_of_another_text_is_refused() -> None:
    diff = texts.diff("one two", "one three")
    for text, edits, result, found in [
        ("one  two", diff.edits, diff.result_hash, "BASE"),
        ("one two", (TextEdit(3, "two", "three"),), diff.result_hash, "REMOVED"),
        ("one two", (TextEdit(7, "", "!"), TextEdit(9, "", "!")), diff.result_hash, "REMOVED"),
        ("one two", diff.edits, diff.base_hash, "RESULT"),
        ("😀", (TextEdit(1, "", "!"),), diff.result_hash, "REMOVED"),
    ]:
        base_hash = diff.base_hash if found == "BASE" else text_hash(text)
        with pytest.raises(TextMismatch) as caught:
            texts.apply(text, TextDiff(edits, base_hash, result))
        assert caught.value.found == found


@pytest.mark.parametrize(
    "edits",
    [
        [[-1, "", "a"]],
        [[0, "", ""]],
        [[5, "a", ""], [0, "a", ""]],
        [[0, "ab", ""], [1, "b", ""]],
        [[0, "a", ""], [1, "b", ""]],
        [[0, "😀", ""], [2, "b", ""]],
        [[0, "a"]],
        [["0", "a", "b"]],
        {"0": 1},
    ],
)
def test_malformed_diffs_are_refused(edits: object) -> None:
    with pytest.raises(MalformedDiff):
        TextDiff.from_json({"edits": edits, "base": "0" * 16, "result": "0" * 16})
    with pytest.raises(MalformedDiff):
        TextDiff.from_json({"edits": []})


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(MalformedText) as caught:
        texts.diff("whole", "half \ud83d")
    assert caught.value.at == 5


ATTACKS: dict[str, Callable[[], tuple[str, str]]] = {
    "single marks, swapped": lambda: ("!?" * 50_000, "?!!" * 33_000),
    "single letters": lambda: ("a " * 50_000, "b\t" * 50_000),
    "all different": lambda: (
        "".join(map(chr, range(0x3400, 0x9FFF))) * 4,
        "".join(map(chr, reversed(range(0x3400, 0x9FFF)))) * 4,
    ),
    "just under the bound": lambda: (
        " ".join(str(i) for i in range(4_000)),
        " ".join(str(i) for i in reversed(range(3_999))),
    ),
    "empty lines": lambda: ("\n" * 100_000, "\r\n" * 50_000 + "x"),
    "many lines": lambda: ("a\n" * 50_000 + "b", "b\n" * 50_000 + "a"),
    "one edit in one line": lambda: (
        "ab " * 33_000 + "x" + " cd" * 30_000,
        "ab " * 33_000 + "y" + " cd" * 30_000,
    ),
    "from nothing": lambda: ("", "! " * 50_000),
    "marks on marks": lambda: ("a" + "\u0301" * 99_999, "b" + "\u0301" * 99_998),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_time_is_bounded(attack: str) -> None:
    base, result = ATTACKS[attack]()
    assert texts.apply(base, texts.diff(base, result)) == result

    def seconds() -> float:
        started = process_time()
        texts.diff(base, result)
        return process_time() - started

    # the best of a few: what else the machine does is not what is bounded
    assert min(seconds() for _ in range(4)) < 0.1


def test_memory_is_bounded() -> None:
    # in its own process, because only the peak of a process counts what rapidfuzz takes outside Python
    report = """
import resource, sys
sys.path.insert(0, 'tests/texts')
from test_text_diffs import ATTACKS, texts
pairs = [make() for make in ATTACKS.values()]
texts.diff('one', 'two')
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for pair in pairs: texts.diff(*pair)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    output = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\d+\n", output.stdout)
    kibibytes = int(output.stdout) // (1024 if sys.platform == "darwin" else 1)
    assert kibibytes < 50 * 1024
