"""Ratios, spreads and bounds; and what becomes of a figure that fails."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import measure
from benchmarks.figures import FIGURES
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread, percentile, rounded
from benchmarks.report import table
from benchmarks.wire import Answers, Refused

KEYS = {
    "figure",
    "title",
    "unit",
    "peer",
    "better",
    "must",
    "aim",
    "ours",
    "theirs",
    "ratio",
    "spread",
    "met",
}


def _figure(
    rounds: Rounds, better: str = "less", must: float = 0.5, aim: float = 0.25, peer: str = "theirs"
) -> Figure:
    return Figure("one", "a figure", "ms", peer, must, aim, lambda bench: rounds, better)  # type: ignore[arg-type]


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    # The second round was slow for both: the ratio does not know.
    spread = Spread.of_ratios([1, 50, 3], [2, 100, 4])
    assert spread == Spread(0.5, 0.5, 0.75)
    with pytest.raises(ValueError, match="zip"):
        Spread.of_ratios([1, 2], [1])


@pytest.mark.parametrize(
    ("ours", "better", "met"),
    [
        (2.5, "less", "aim"),
        (5, "less", "must"),
        (5.1, "less", "no"),
        (20, "more", "aim"),
        (11, "more", "must"),
        (9, "more", "no"),
    ],
)
def test_bounds_hold_in_their_direction(ours: float, better: str, met: str) -> None:
    bounds = (0.5, 0.25) if better == "less" else (1.1, 1.5)
    figure = _figure(Rounds([ours], [10]), better, *bounds)
    assert figure.result(Rounds([ours], [10]))["met"] == met


def test_without_a_peer_ours_is_held_against_the_bound() -> None:
    line = _figure(Rounds([], None), must=50, aim=20, peer="").result(Rounds([10, 30, 40], None))
    assert (line["ours"], line["theirs"], line["ratio"], line["met"]) == (30, None, None, "must")
    assert line["spread"] == [10, 40]


def test_a_figure_that_fails_is_told_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: object) -> Rounds:
        raise RuntimeError("npm is not there")

    failing = Figure("two", "a failing figure", "ms", "theirs", 1, 1, fail)
    good = _figure(Rounds([1, 2, 3], [10, 10, 10]))
    lines = measure(None, [failing, good])  # type: ignore[arg-type]
    assert [line["met"] for line in lines] == ["failed", "aim"]
    assert "npm is not there" in lines[0]["reason"]
    assert all(set(line) >= KEYS for line in lines)
    told = table(lines)
    assert "FAILED" in told
    assert "0.2 x" in told
    assert "npm is not there" in capsys.readouterr().err


def test_figures_have_their_own_keys_and_their_aim_is_beyond_their_must() -> None:
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert figure.met(figure.aim) == "aim"
        assert figure.met(figure.must) == "must"


def test_numbers() -> None:
    assert percentile([5, 1, 3, 2, 4], 0.5) == 3
    assert percentile(range(1, 101), 0.99) == 99
    assert [rounded(value) for value in (0, 123456, 0.00123456)] == [0, 123500, 0.001235]


def test_answers_are_put_together_from_pieces() -> None:
    answers = Answers()
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    for sent, body in ((whole, b"hello"), (chunked, b"hello!"), (whole, b"hello")):
        assert answers.feed(sent[:30]) is None
        assert answers.feed(sent[30:-1]) is None
        assert answers.feed(sent[-1:]) == body
    with pytest.raises(Refused, match="408"):
        answers.feed(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
