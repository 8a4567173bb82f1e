"""What a replay prints: figures, refusals by type, and every finding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.replay.oracle.judging import refusals_by_type
from lockstep.replay.oracle.records import Sent
from lockstep.replay.running import Outcome

SHOWN = 40


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def print_report(outcome: Outcome, console: Console) -> None:
    """Figures and findings."""
    console.print(_figures(outcome))
    console.print(_refusals(outcome.sent))
    for kind, lines in sorted(_refused_lines(outcome.sent).items()):
        told = ", ".join(
            f"{line} × {count}" if count > 1 else str(line) for line, count in sorted(lines.items())
        )
        console.print(f"{kind} at lines {told}", highlight=False)
    for why, count in Counter(why for _, why in outcome.plan.left_out).items():
        console.print(f"left out: {count} × {why}")
    for finding in outcome.findings[:SHOWN]:
        console.print(f"[red]{finding.kind}[/red]: {escape(finding.text)}", highlight=False)
    if len(outcome.findings) > SHOWN:
        console.print(f"[red]and {len(outcome.findings) - SHOWN} more[/red]")
    if outcome.findings:
        console.print("[bold red]The replay did not hold.[/bold red]")
    else:
        console.print(
            "[bold green]Everybody has the same board:[/bold green] the oracle, "
            f"{outcome.clients} clients' copies, the log and a fresh query agree field by field."
        )


def _figures(outcome: Outcome) -> Table:
    verdict, sent = outcome.verdict, outcome.sent
    versioned = [one for one in sent if one.part in {"create", "edit"} and one.answer != "moot"]
    stale = sum(1 for one in versioned if one.stale)
    kinds = Counter(finding.kind for finding in outcome.findings)
    events = outcome.events or [0]
    rows: list[tuple[str, object]] = [
        ("edits sent", f"{len(sent)} ({len(versioned)} creates and edits of tasks)"),
        (
            "sent against a stale version",
            f"{stale} ({stale / max(len(versioned), 1):.1%} of creates and edits)",
        ),
        ("applied", verdict.applied),
        ("merged with newer versions", f"{verdict.merged} ({verdict.merged_texts} texts by words)"),
        ("acknowledged, nothing to change", verdict.unchanged),
        ("in conflict", verdict.conflicts),
        ("retried on top of the current version", outcome.retried),
        ("sent again after a lost answer", outcome.resent),
        ("refused", sum(refusals_by_type(sent).values())),
        ("had become moot", sum(1 for one in sent if one.answer == "moot")),
        ("events in the log", outcome.log_events),
        ("events per client", f"{min(events)} to {max(events)}, {outcome.clients} clients"),
        ("gaps", outcome.gaps + kinds["gap"]),
        ("doubles", outcome.doubles + kinds["double"]),
        ("losses", kinds["loss"]),
        ("differences", kinds["difference"] + kinds["overwritten"]),
        ("streams resumed", outcome.streams_resumed),
        *((f"stream ended: {reason}", count) for reason, count in outcome.resyncs.items()),
        *((f"errors: {code}", count) for code, count in outcome.errors.items()),
        ("commit to screen p50", f"{percentile(outcome.latencies, 0.5) * 1000:.1f} ms"),
        ("commit to screen p99", f"{percentile(outcome.latencies, 0.99) * 1000:.1f} ms"),
        *(("fault: " + name, count) for name, count in outcome.faults.items()),
        ("time", f"{outcome.seconds:.1f} s"),
        ("edits per second", f"{len(sent) / max(outcome.seconds, 0.001):.0f}"),
    ]
    table = Table("replay", "", box=None)
    for name, value in rows:
        table.add_row(name, str(value))
    return table


def _refusals(sent: Sequence[Sent]) -> Table:
    """Refusals by type, and what became of them."""
    table = Table("refused", "times", "of which given up", box=None)
    last = {one.step: one for one in sent}
    for kind, count in refusals_by_type(sent).most_common():
        given_up = sum(1 for one in last.values() if one.answer == kind)
        table.add_row(kind, str(count), str(given_up))
    return table


def _refused_lines(sent: Sequence[Sent]) -> dict[str, Counter[int]]:
    """Every refusal, by type: which lines of the file met it, and how often."""
    lines: dict[str, Counter[int]] = {}
    for one in sent:
        if one.answer not in {"done", "moot"}:
            lines.setdefault(one.answer, Counter())[one.line] += 1
    return lines


def write_refusals(sent: Sequence[Sent], path: Path) -> None:
    """Every refusal with all that is known of it, as a line of JSON."""
    with path.open("w", encoding="utf-8") as file:
        for one in sent:
            if one.answer not in {"done", "moot"}:
                row = {
                    "line": one.line, "issue": one.issue, "part": one.part, "client": one.client,
                    "attempt": one.attempt, "type": one.answer, "message": one.message, "policy": one.policy,
                    "expectedVersion": one.base_version, "currentVersion": one.current_version,
                    "clashes": one.clashes,
                }  # fmt: skip
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
