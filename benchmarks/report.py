"""What a run says: a table, and `latest.json`."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.stage import Bench

RESULTS = Path(__file__).resolve().parent / "results"
LATEST = RESULTS / "latest.json"
OUR_PARTS = ("strawberry-graphql", "graphql-core", "uvicorn", "uvloop", "asyncpg", "starlette")
MET = {"aim": "aim", "must": "must", "no": "NOT MET", "failed": "FAILED"}


def circumstances(bench: Bench) -> dict[str, Any]:
    """Where and how it was measured."""
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgres": bench.settings,
        "versions": {name: version(name) for name in OUR_PARTS},
        "peers": peers.versions(),
        "settings": bench.limits,
        "load_before": os.getloadavg()[0],
        "tasks": sum(bench.scale.sizes),
        "projects": len(bench.scale.sizes),
    }


def table(lines: list[dict[str, Any]]) -> str:
    """The figures as text."""
    rows = [("figure", "ours", "theirs", "ratio", "(spread)", "must", "aim", "met")]
    for line in lines:
        spread = line["spread"]
        rows.append((
            line["title"], number(line["ours"]), number(line["theirs"]), ratio(line["ratio"]),
            f"({number(spread[0])} to {number(spread[1])})" if spread else "",
            bound(line, "must"), bound(line, "aim"), MET[line["met"]],
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def costs(lines: list[dict[str, Any]]) -> list[str]:
    """What each server took for a write, where that was measured: a figure of time says little by itself."""
    told = []
    for line in lines:
        for name, found in (line.get("beside") or {}).items():
            if isinstance(found, dict) and {"tps", "postgres"} <= found.keys():
                tps, server, postgres = (found[key]["median"] for key in ("tps", "server", "postgres"))
                told.append(
                    f"{line['figure']}: {name}: {number(tps)} a second; CPU ms each: server {number(server)}, "
                    f"PostgreSQL {number(postgres)}"
                )
    return told


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(value: float | None) -> str:
    """As a multiple."""
    return "-" if value is None else f"{number(value)} x"


def bound(line: dict[str, Any], name: str) -> str:
    """A bound as the issue writes it."""
    sign = "≤" if line["better"] == "less" else "≥"
    unit = " x" if line["peer"] else f" {line['unit'].split()[0]}"
    return f"{sign} {number(line[name])}{unit}"


def write(report: dict[str, Any], path: Path = LATEST) -> None:
    """As JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
