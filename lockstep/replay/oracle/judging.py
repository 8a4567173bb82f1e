"""The whole judgement: the file against what was sent, what was sent against the log, and every refusal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockstep.replay.oracle.edits import words
from lockstep.replay.oracle.folding import Fold, fold
from lockstep.replay.oracle.records import Entry, Sent, Verdict

VALUES = {
    "title": "title",
    "priority": "priority",
    "external_ref": "externalRef",
    "close_reason": "closeReason",
}
TEXTS = ("description", "design", "acceptance_criteria", "notes")
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

    `history`: the file's lines, decoded. `ids`: the project's ids by `statuses`, `types`, and name. `log`: its
    events from `first_seq` on. `left_out`: numbers of lines of which nothing was sent.
    """
    folded = fold(sent, log, first_seq, closed)
    _check_file(history, ids, sent, frozenset(left_out), folded.verdict)
    _check_refusals(sent, folded)
    return folded.verdict


def _check_file(
    history: Sequence[Mapping[str, Any]],
    ids: Mapping[str, Mapping[str, str]],
    sent: Sequence[Sent],
    left_out: frozenset[int],
    verdict: Verdict,
) -> None:
    """Every line was sent or left out for a reason, and what was sent is what the line says."""
    by_line: dict[int, list[Sent]] = defaultdict(list)
    for one in sent:
        by_line[one.line].append(one)
    texts: dict[tuple[str, str], str] = {}
    for number, line in enumerate(history, 1):
        ours = [one for one in by_line.pop(number, []) if one.part in {"create", "edit"}]
        said, wanted = line["fields"], _wanted(line["fields"], ids)
        if not ours and wanted and number not in left_out:
            verdict.find("loss", f"line {number} was never sent")
        for one in ours:
            for name, value in one.values.items():
                if name != "parentId" and wanted.get(name, one) != value:
                    verdict.find("difference", f"line {number}: {name} was sent as {value!r}")
        missing = wanted.keys() - {name for one in ours for name in one.values}
        if ours and missing and number not in left_out:
            verdict.find("loss", f"line {number}: {', '.join(sorted(missing))} was never sent")
        for name in TEXTS:
            if name in said and number not in left_out:
                before, after = texts.get((line["id"], name), ""), said[name] or ""
                _check_text(number, name, before, after, ours, verdict)
                texts[line["id"], name] = after


def _wanted(said: Mapping[str, Any], ids: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    wanted: dict[str, Any] = {ours: said[name] or None for name, ours in VALUES.items() if name in said}
    if "priority" in wanted:
        wanted["priority"] = wanted["priority"] or 0
    if wanted.get("title"):
        wanted["title"] = wanted["title"].strip()
    if "status" in said:
        wanted["statusId"] = ids["statuses"][said["status"]]
    if "issue_type" in said:
        wanted["typeId"] = ids["types"][said["issue_type"]]
    return wanted


def _check_text(number: int, name: str, before: str, after: str, ours: list[Sent], verdict: Verdict) -> None:
    """What was sent of a text is the file's edit of it, carried over to the text that its sender saw."""
    sent = [one for one in ours if name in one.texts]
    if not sent and before != after:
        verdict.find("loss", f"line {number}: {name} was never sent")
    told = f"line {number}: {name} was sent with other words than the file has"
    old, new = words(before), words(after)
    for one in sent:
        # On another text than the file had, the edit is carried over or rewritten: but with no words of its own.
        if _exchanged(one, name)[0].keys() - old.keys() - new.keys():
            verdict.find("difference", told)
    firsts = [one for one in sent if one.attempt == 0]
    if firsts and all(_base_text(one, name) == before for one in firsts):
        # Everybody saw the text that the file has: then its words are those of the one edit, or of both halves.
        total = Counter(old)
        for one in firsts:
            brought, taken = _exchanged(one, name)
            total.update(brought)
            total.subtract(taken)
        if +total != new:
            verdict.find("difference", told)


def _exchanged(one: Sent, name: str) -> tuple[Counter[str], Counter[str]]:
    """The words that an edit brings, and those that it takes."""
    base, wanted = words(_base_text(one, name)), words(one.texts[name])
    return wanted - base, base - wanted


def _base_text(one: Sent, name: str) -> str:
    return str((one.base or {}).get("sections", {}).get(name, ""))


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
