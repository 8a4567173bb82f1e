"""Draws the charts of the last whole run, and writes its table into README.md.

    .venv/bin/python -m benchmarks.publish

Its place is between `<!-- bench -->` and `<!-- /bench -->`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.chart import curves_svg, figures_svg
from benchmarks.report import LATEST, MET, RESULTS, bound, number, ratio

ROOT = RESULTS.parent.parent
PICTURES = {
    "figures": "How many times better than its bound each figure is",
    "curves": "How cost grows with rows, connections, projects and subscribers",
}
PLACE = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)


def draw(report: dict[str, Any], folder: Path = RESULTS) -> None:
    """Both charts."""
    (folder / "figures.svg").write_text(figures_svg(report["figures"]))
    (folder / "curves.svg").write_text(curves_svg(report["curves"]))


def markdown(report: dict[str, Any]) -> str:
    """The charts and the table."""
    rows = ["| figure | ours | theirs | ratio (spread) | must | aim | |", "|---|---|---|---|---|---|---|"]
    for line in report["figures"]:
        spread = line["spread"]
        judged = f"{ratio(line['ratio'])} " if line["ratio"] is not None else ""
        told = f"{judged}({number(spread[0])} to {number(spread[1])})" if spread else "-"
        cells = (
            line["title"], f"{number(line['ours'])} {line['unit']}", number(line["theirs"]), told,
            bound(line, "must"), bound(line, "aim"), MET[line["met"]],
        )  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    pictures = [f"![{told}](benchmarks/results/{name}.svg)" for name, told in PICTURES.items()]
    return "\n".join([pictures[0], "", *rows, "", where(report["circumstances"]), "", pictures[1]]) + "\n"


def where(found: dict[str, Any]) -> str:
    """Where it was measured, in a sentence."""
    postgres = found["postgres"]
    return (
        f"Measured on {found['cpus']} cores with Python {found['python']} and PostgreSQL {postgres['server_version']}"
        f" (fsync {postgres['fsync']}, synchronous_commit {postgres['synchronous_commit']}), {found['tasks']:,} tasks"
        f" in {found['projects']} projects. Spread: the least and the most of the rounds."
    )


def put(text: str, table: str) -> str:
    """A page with the table in its place; raises ValueError if it has none."""
    if not PLACE.search(text):
        raise ValueError("there is no place for the table")
    return PLACE.sub(lambda found: found[1] + table + found[2], text)


def main() -> None:
    """See the module."""
    report = json.loads(LATEST.read_text())
    draw(report)
    page = ROOT / "README.md"
    page.write_text(put(page.read_text(), markdown(report)))


if __name__ == "__main__":
    main()
