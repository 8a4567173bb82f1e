"""Charts as SVG, by hand: the figures against their bounds, and the curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from benchmarks.report import bound, number, ratio

WIDTH = 960
ROW, TOP, BOTTOM = 26, 54, 34
LEFT, RIGHT = 430, 170
LEAST, MOST = 0.1, 30.0
"""How many times better than its bound a figure is drawn; beyond, at the edge."""
PANEL_WIDTH, PANEL_HEIGHT = 320, 240
INK, PALE, GRID = "#1f2328", "#656d76", "#d8dee4"
COLOURS = {"aim": "#1a7f37", "must": "#9a6700", "no": "#cf222e", "failed": "#cf222e"}
SERIES = ("#0969da", "#bc4c00", "#8250df")
STYLE = '<style>text{font:12px system-ui,sans-serif}</style><rect width="100%" height="100%" fill="#fff"/>'


def figures_svg(lines: Sequence[dict[str, Any]]) -> str:
    """A row for each: how many times better than what it must be (1 is the bound; the mark is what it aims at)."""
    height = TOP + ROW * len(lines) + BOTTOM
    parts = [
        _text(12, 24, "Lockstep against its peers: how many times better than each bound", INK, bold=True)
    ]
    for tick in (0.1, 0.3, 1, 3, 10, 30):
        x = _place(tick)
        colour, wide = (INK, 1.5) if tick == 1 else (GRID, 1)
        parts.append(_line(x, TOP - 8, x, height - BOTTOM, colour, wide))
        parts.append(_text(x, height - BOTTOM + 18, f"{tick:g}", PALE, "middle"))
    for place, line in enumerate(lines):
        parts += _row(line, TOP + ROW * place + ROW / 2)
    return _svg(WIDTH, height, parts)


def _row(line: dict[str, Any], y: float) -> Iterable[str]:
    colour = COLOURS[line["met"]]
    yield _text(LEFT - 12, y + 4, line["title"], INK, "end")
    if line["spread"] is None:
        yield _text(LEFT + 8, y + 4, "not measured", colour)
        return
    value = line["ratio"] if line["ratio"] is not None else line["ours"]
    low, middle, high = (_place(_better(line, one)) for one in (line["spread"][0], value, line["spread"][1]))
    aim = _place(_better(line, line["aim"]))
    yield _line(aim, y - 8, aim, y + 8, PALE, 2)
    yield _line(low, y, high, y, colour, 2)
    yield f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    told = (
        ratio(line["ratio"])
        if line["ratio"] is not None
        else f"{number(line['ours'])} {line['unit'].split()[0]}"
    )
    yield _text(WIDTH - RIGHT + 24, y + 4, f"{told}   ({bound(line, 'must')})", colour)


def _better(line: dict[str, Any], value: float) -> float:
    """How many times better than its bound."""
    better: float = line["must"] / value if line["better"] == "less" else value / line["must"]
    return better


def _place(better: float) -> float:
    share = math.log(min(max(better, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def curves_svg(curves: Sequence[dict[str, Any]]) -> str:
    """A panel for each, three in a row; both axes in powers of ten."""
    drawn = [curve for curve in curves if curve.get("series")]
    rows = math.ceil(len(drawn) / 3)
    parts = []
    for place, curve in enumerate(drawn):
        left, top = place % 3 * PANEL_WIDTH, place // 3 * PANEL_HEIGHT
        parts.append(f'<g transform="translate({left},{top})">{"".join(_panel(curve))}</g>')
    return _svg(WIDTH, max(rows, 1) * PANEL_HEIGHT, parts)


def _panel(curve: dict[str, Any]) -> Iterable[str]:
    points = [point for series in curve["series"].values() for point in series]
    across = _Axis([x for x, _ in points], 52, PANEL_WIDTH - 16)
    up = _Axis([max(y, 1e-3) for _, y in points], PANEL_HEIGHT - 40, 56)
    yield _text(12, 20, curve["title"], INK, bold=True)
    for tick in up.ticks():
        yield _line(52, up.at(tick), PANEL_WIDTH - 16, up.at(tick), GRID, 1)
        yield _text(48, up.at(tick) + 4, number(tick), PALE, "end")
    for tick in across.ticks():
        yield _text(across.at(tick), PANEL_HEIGHT - 24, number(tick), PALE, "middle")
    yield _text(PANEL_WIDTH - 16, PANEL_HEIGHT - 8, f"{curve['x']}; {curve['y']}", PALE, "end")
    for place, (name, series) in enumerate(curve["series"].items()):
        colour = SERIES[place % len(SERIES)]
        line = " ".join(f"{across.at(x):.1f},{up.at(max(y, 1e-3)):.1f}" for x, y in series)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in series:
            yield f'<circle cx="{across.at(x):.1f}" cy="{up.at(max(y, 1e-3)):.1f}" r="3" fill="{colour}"/>'
        yield _text(56 + 130 * place, 42, name, colour)


class _Axis:
    """From the least to the most of some values, in logarithms."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self._low = 10 ** math.floor(math.log10(min(values)))
        self._high = max(10 ** math.ceil(math.log10(max(values))), self._low * 10)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """Where it is."""
        share = math.log(value / self._low) / math.log(self._high / self._low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self) -> Iterable[float]:
        """Powers of ten."""
        value = self._low
        while value <= self._high * 1.01:
            yield value
            value *= 10


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' style="font-weight:600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, wide: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{wide}"/>'


def _svg(width: int, height: int, parts: Iterable[str]) -> str:
    # The one name that every SVG file has to say.
    space = "http://www.w3.org/2000/svg"
    return f'<svg xmlns="{space}" viewBox="0 0 {width} {height}">{STYLE}{"".join(parts)}</svg>\n'
