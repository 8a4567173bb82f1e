"""Ratios, spreads and bounds; and what becomes of a figure that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import measure
from benchmarks.figures import FIGURES
from benchmarks.figures.figure import Figure, Rounds
from benchmarks.measuring import Spread, percentile, rounded
from benchmarks.publish import draw, markdown, put
from benchmarks.report import RESULTS, costs, table
from benchmarks.stage import Bench
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


def _report() -> dict[str, Any]:
    lines = [_figure(Rounds([2, 3, 4], [10, 10, 10])).result(Rounds([2, 3, 4], [10, 10, 10]))]
    lines.append(_figure(Rounds([], None), must=50, aim=20, peer="").result(Rounds([10, 30, 40], None)))
    lines.append(_figure(Rounds([], None)).failure("it is <not> there"))
    where = {"fsync": "on", "synchronous_commit": "on", "server_version": "18"}
    found = {"cpus": 2, "python": "3.11", "tasks": 100_000, "projects": 50, "postgres": where}
    curve = {
        "curve": "rows",
        "title": "A & B",
        "x": "rows",
        "y": "ms",
        "series": {"ours": [[10, 0.5], [5000, 40]]},
    }
    return {
        "circumstances": found,
        "figures": lines,
        "curves": [curve, {"curve": "x", "title": "X", "reason": "none"}],
    }


def test_charts_are_drawn_of_what_there_is(tmp_path: Path) -> None:
    draw(_report(), tmp_path)
    figures = ET.parse(tmp_path / "figures.svg").getroot()
    told = [element.text for element in figures.iter() if element.tag.endswith("text")]
    assert any("0.3 x" in str(text) for text in told)
    assert "not measured" in told
    curves = ET.parse(tmp_path / "curves.svg").getroot()
    lines = [element.get("points") for element in curves.iter() if element.tag.endswith("polyline")]
    assert len(lines) == 1
    points = [tuple(map(float, pair.split(","))) for pair in str(lines[0]).split()]
    # More rows are further right, and more milliseconds further up.
    assert points[0][0] < points[1][0]
    assert points[0][1] > points[1][1]


def test_the_readme_has_a_place_for_the_table() -> None:
    page = (RESULTS.parent.parent / "README.md").read_text()
    table = markdown(_report())
    once = put(page, table)
    assert "| a figure | 3 ms | 10 | 0.3 x (0.2 to 0.4) |" in once
    assert put(once, table) == once
    with pytest.raises(ValueError, match="no place"):
        put("a page", table)


def test_one_measurement_serves_several_figures_and_fails_them_alike() -> None:
    bench = Bench.__new__(Bench)
    bench._kept = {}
    calls: list[int] = []

    def fail() -> int:
        calls.append(1)
        raise RuntimeError("once")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="once"):
            bench.once("failing", fail)
    assert [bench.once("good", lambda: 5), bench.once("good", lambda: 6)] == [5, 5]
    assert len(calls) == 1


def test_what_writes_cost_is_told_and_only_of_writes() -> None:
    one = {"median": 2.0}
    lines: list[dict[str, Any]] = [
        {"figure": "a board", "beside": {"lockstep": {"server": one, "postgres": one, "bytes": 3}}},
        {"figure": "an edit", "beside": {"lockstep": {"tps": one, "server": one, "postgres": one}}},
        {"figure": "none"},
    ]
    assert costs(lines) == ["an edit: lockstep: 2 a second; CPU ms each: server 2, PostgreSQL 2"]
