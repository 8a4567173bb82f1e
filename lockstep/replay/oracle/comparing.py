"""Field by field: the oracle's expectation, every client's copy, the log and a fresh query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockstep.replay.oracle.records import Finding, State, Verdict

Objects = Mapping[str, Mapping[str, State]]
"""Objects by type and id."""
SHOWN = 20


def differences(what: str, expected: Objects, found: Objects) -> list[Finding]:
    """Every field in which two boards differ, the first of them; each board whole."""
    findings: list[Finding] = []
    for kind in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(kind, {}), found.get(kind, {})
        if ours == theirs:
            continue
        for object_id in sorted(ours.keys() | theirs.keys()):
            findings += _object(f"{what}: {kind} {object_id}", ours.get(object_id), theirs.get(object_id))
            if len(findings) >= SHOWN:
                return findings
    return findings


def _object(where: str, expected: State | None, found: State | None) -> list[Finding]:
    if expected is None or found is None:
        return [Finding("difference", f"{where} is {'not expected' if expected is None else 'missing'}")]
    return [
        Finding(
            "difference", f"{where}: {name} is {found.get(name)!r:.120}, expected {expected.get(name)!r:.120}"
        )
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name, ...) != found.get(name, ...)
    ]


def expected_differences(verdict: Verdict, board: Objects) -> list[Finding]:
    """Where a board is not what the oracle expects, in the fields that it knows."""
    findings = []
    for kind, expected in (("task", verdict.tasks), ("link", verdict.links), ("comment", verdict.comments)):
        found = board.get(kind, {})
        known = {key: {name: _known(found[key], name) for name in state} if key in found else None
                 for key, state in expected.items()}  # fmt: skip
        extra: dict[str, Any] = {key: found[key] for key in found.keys() - expected.keys()}
        present = {key: state for key, state in known.items() if state is not None}
        findings += differences("the oracle and the board", {kind: expected}, {kind: {**present, **extra}})
    ranks = [task["rank"] for task in board.get("task", {}).values()]
    numbers = sorted(task["number"] for task in board.get("task", {}).values())
    if len(set(ranks)) < len(ranks):
        findings.append(Finding("difference", "two tasks have one rank"))
    if numbers != list(range(1, len(numbers) + 1)):
        findings.append(Finding("difference", "the tasks' numbers are not 1, 2, 3 …"))
    return findings


def _known(state: State, name: str) -> Any:
    return state.get("deletedAt") is not None if name == "deleted" else state.get(name, ...)
