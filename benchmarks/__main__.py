"""The bench: our figures against our peers', measured side by side on this machine.

    .venv/bin/python -m benchmarks                      all figures
    .venv/bin/python -m benchmarks board-mercurius …    only these (`--list` names them)
    .venv/bin/python -m benchmarks --quick              little of everything, to see that it works

Prints a table, writes `benchmarks/results/latest.json` and the charts beside it (only a whole run does), and exits
with 1 if a figure could not be measured. A figure that misses its bound is no failure: it is told.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.curves import CURVES
from benchmarks.figures import FIGURES
from benchmarks.figures.figure import Figure
from benchmarks.publish import draw
from benchmarks.report import LATEST, circumstances, costs, table, write
from benchmarks.stage import QUICK, WHOLE, Bench, stage

LONGEST_SECONDS = 300
"""A figure that takes this long has failed; the longest takes one and a half minutes on two idle cores."""


def measure(bench: Bench, figures: list[Figure]) -> list[dict[str, Any]]:
    """Every figure's line; one that fails is told and the others go on."""
    lines = []
    for figure in figures:
        began = time.monotonic()
        signal.alarm(LONGEST_SECONDS)
        try:
            line = figure.result(figure.measure(bench))
        except Exception as error:  # noqa: BLE001 (whatever one figure fails of, the others can be measured)
            traceback.print_exc()
            line = figure.failure(f"{type(error).__name__}: {error}"[:500])
        signal.alarm(0)
        line["seconds"] = round(time.monotonic() - began, 1)
        lines.append(line)
        say(f"{figure.key}: {line['met']} in {line['seconds']} s")
    return lines


def draw_curves(bench: Bench) -> list[dict[str, Any]]:
    """Every curve's points; one that fails is told and the others go on."""
    curves = []
    for curve in CURVES:
        signal.alarm(LONGEST_SECONDS)
        try:
            curves.append(curve.result(bench))
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            curves.append(
                {"curve": curve.key, "title": curve.title, "reason": f"{type(error).__name__}: {error}"[:500]}
            )
        signal.alarm(0)
        say(f"curve {curve.key}")
    return curves


def say(text: str) -> None:
    """To the terminal, beside the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("figures", nargs="*", metavar="figure", help="only these; see --list")
    parser.add_argument("--all", action="store_true", help="also the peers that no figure is held against")
    parser.add_argument(
        "--quick", action="store_true", help="little data and few rounds: for trying, not for numbers"
    )
    parser.add_argument("--list", action="store_true", help="name the figures")
    parser.add_argument(
        "--json", type=Path, help="where to write (a whole run: benchmarks/results/latest.json)"
    )
    given = parser.parse_args()
    known = {figure.key: figure for figure in FIGURES}
    if given.list:
        print("\n".join(f"{key:22} {figure.title}" for key, figure in known.items()))
        print("curves                 how cost grows")
        return 0
    unknown = set(given.figures) - {*known, "curves"}
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    chosen = [known[key] for key in given.figures if key in known] if given.figures else list(FIGURES)
    curves = not given.figures or "curves" in given.figures
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGALRM, _give_up)
    began = time.monotonic()
    with stage(QUICK if given.quick else WHOLE, say, everybody=given.all) as bench:
        report: dict[str, Any] = {"circumstances": circumstances(bench), "figures": measure(bench, chosen)}
        report["curves"] = draw_curves(bench) if curves else []
    report["seconds"] = round(time.monotonic() - began)
    print("\n".join([table(report["figures"]), "", *costs(report["figures"]), "", _footer(report)]))
    path = given.json or (LATEST if not given.figures and not given.quick else None)
    if path:
        write(report, path)
        draw(report, path.parent)
    failed = [line for line in report["figures"] if line["met"] == "failed"]
    return int(bool(failed) or any("reason" in curve for curve in report["curves"]))


def _footer(report: dict[str, Any]) -> str:
    postgres, ours = (
        " ".join(f"{name}={value}" for name, value in report["circumstances"][what].items())
        for what in ("postgres", "settings")
    )
    return f"PostgreSQL: {postgres}\nLockstep: {ours}\n{report['seconds']} s"


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"not done within {LONGEST_SECONDS} s")


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
