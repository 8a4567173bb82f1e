"""The whole judgement: the file against what was sent, what was sent against the log, and every refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockstep.replay.oracle.filing import check_file
from lockstep.replay.oracle.folding import Fold, fold
from lockstep.replay.oracle.records import Entry, Sent, Verdict

FORESEEN = frozenset({"VersionConflict", "CycleRefused", "NotFound", "ValidationFailed"})
"""Refusals that a replay may meet. Any other says that something is wrong."""


def judge(
    history: Sequence[Mapping[str, Any]],
    ids: Mapping[str, Mapping[str, str]],
    sent: Sequence[Sent],
    log: Sequence[Entry],
    *,
    first_seq: int,
    closed: Iterable[str],
    left_out: Iterable[int] = (),
) -> Verdict:
    """Judge a replay.

    `history`: the file's lines, decoded. `ids`: the project's ids by `statuses`, `types`, `labels`, `people`,
    and name. `log`: its events from `first_seq` on. `left_out`: numbers of lines of which nothing was sent.
    """
    folded = fold(sent, log, first_seq, closed)
    check_file(history, ids, sent, frozenset(left_out), folded.verdict)
    _check_refusals(sent, folded)
    return folded.verdict


def _check_refusals(sent: Sequence[Sent], folded: Fold) -> None:
    verdict = folded.verdict
    for one in sent:
        if one.answer in {"done", "moot"}:
            continue
        if one.answer not in FORESEEN:
            verdict.find("refusal", f"line {one.line}: {one.answer or 'no answer'}: {one.message}")
        elif one.answer == "VersionConflict":
            verdict.conflicts += 1
            _check_conflict(one, folded)
        elif one.answer == "CycleRefused" and not _closes_cycle(one, folded):
            verdict.find("refusal", f"line {one.line}: refused as a cycle, which it does not close")


def _check_conflict(one: Sent, folded: Fold) -> None:
    """A conflict is right if the version is newer, and with MERGE if every clash named was really changed."""
    versions = folded.versions.get(one.object_id, [])
    base, current = one.base_version or 0, one.current_version or 0
    where = f"line {one.line}: the conflict of version {base} with {current}"
    if not 0 < base < current <= len(versions):
        folded.verdict.find("refusal", f"{where} cannot be")
        return
    if one.policy != "REJECT" and not one.clashes:
        folded.verdict.find("refusal", f"{where} names no clash")
    sent_fields = {*one.values, *(f"sections.{name}" for name in one.texts)}
    for name in one.clashes:
        states = [state for _, state in versions[base - 1 : current]]
        seen = [_field(state, name) for state in states]
        if name not in sent_fields or all(value == seen[0] for value in seen):
            folded.verdict.find("refusal", f"{where} names {name}, which not both changed")


def _field(state: Mapping[str, Any], name: str) -> Any:
    owner, _, part = name.partition(".")
    return state[owner].get(part, "") if part else state[owner]


def _closes_cycle(one: Sent, folded: Fold) -> bool:
    if one.ends is not None:
        source, kind, target = one.ends
        return folded.path(folded.edges.get(kind, ()), target, source)
    parent = one.values.get("parentId")
    return parent is not None and folded.path(folded.edges["parent"], parent, one.object_id)


def refusals_by_type(sent: Iterable[Sent]) -> Counter[str]:
    """How many of each type."""
    return Counter(one.answer for one in sent if one.answer not in {"done", "moot"})
