"""The file against what was sent: every line was sent, and what was sent is what the line says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockstep.replay.oracle.edits import words
from lockstep.replay.oracle.records import Sent, Verdict

VALUES = {
    "title": "title",
    "priority": "priority",
    "external_ref": "externalRef",
    "close_reason": "closeReason",
}
TEXTS = ("description", "design", "acceptance_criteria", "notes")
Line = Mapping[str, Any]
Ids = Mapping[str, Mapping[str, str]]


def check_file(
    history: Sequence[Line], ids: Ids, sent: Sequence[Sent], left_out: frozenset[int], verdict: Verdict
) -> None:
    """Walk the file; `left_out`: numbers of lines of which nothing was sent, for a reason that is told."""
    by_line: dict[int, list[Sent]] = defaultdict(list)
    for one in sent:
        by_line[one.line].append(one)
    tasks = {one.issue: one.object_id for one in sent if one.part == "create"}
    before: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(history, 1):
        if number in left_out:
            continue
        old, said = before.setdefault(line["id"], {}), line["fields"]
        ours = by_line.pop(number, [])
        if not ours:
            verdict.find("loss", f"line {number} was never sent")
            continue
        for kind, told in _wrong(line, old, ours, ids, tasks):
            verdict.find(kind, f"line {number}: {told}")
        old |= said
    for number in by_line:
        verdict.find("difference", f"line {number} is not in the file")


def _wrong(
    line: Line, old: Line, ours: list[Sent], ids: Ids, tasks: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    said, firsts = line["fields"], [one for one in ours if one.attempt == 0]
    yield from _wrong_values(_wanted(said, ids), ours)
    for name in TEXTS:
        if name in said:
            yield from _wrong_text(name, old.get(name) or "", said[name] or "", ours)
    for name, field in (("labels", "labelIds"), ("assignee", "assigneeIds")):
        if name in said:
            yield from _wrong_members(field, _members(old, name, ids), _members(said, name, ids), firsts)
    if "comments" in said:
        came = _comments(said) - _comments(old)
        bodies = Counter(text for _, text in came.elements())
        if bodies != Counter(one.body for one in firsts if one.part == "comment"):
            yield "loss", "its comments were not sent as they are"
        if (_comments(old) - _comments(said)).total() != sum(1 for one in firsts if one.part == "uncomment"):
            yield "loss", "comments that went were not deleted"
    if "dependencies" in said:
        yield from _wrong_links(line["id"], _links(old, tasks), _links(said, tasks), firsts, tasks)


def _wanted(said: Line, ids: Ids) -> dict[str, Any]:
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


def _wrong_values(wanted: Mapping[str, Any], ours: list[Sent]) -> Iterator[tuple[str, str]]:
    edits = [one for one in ours if one.part in {"create", "edit"}]
    for one in edits:
        for name, value in one.values.items():
            if name != "parentId" and wanted.get(name, ...) != value:
                yield "difference", f"{name} was sent as {value!r}"
    missing = wanted.keys() - {name for one in edits for name in one.values}
    if missing and not any(one.answer == "moot" for one in edits):
        yield "loss", f"{', '.join(sorted(missing))} was never sent"


def _wrong_text(name: str, before: str, after: str, ours: list[Sent]) -> Iterator[tuple[str, str]]:
    """What was sent of a text is the file's edit of it, carried over to the text that its sender saw."""
    sent = [one for one in ours if name in one.texts]
    if not sent and before != after and not any(one.answer == "moot" for one in ours):
        yield "loss", f"{name} was never sent"
    told = f"{name} was sent with other words than the file has"
    old, new = words(before), words(after)
    for one in sent:
        # On another text than the file had, the edit is carried over or rewritten: but with no words of its own.
        if _exchanged(one, name)[0].keys() - old.keys() - new.keys():
            yield "difference", told
    firsts = [one for one in sent if one.attempt == 0]
    if firsts and all(_base_text(one, name) == before for one in firsts):
        # Everybody saw the text that the file has: then its words are those of the one edit, or of both halves.
        total = Counter(old)
        for one in firsts:
            brought, taken = _exchanged(one, name)
            total.update(brought)
            total.subtract(taken)
        if +total != new:
            yield "difference", told


def _exchanged(one: Sent, name: str) -> tuple[Counter[str], Counter[str]]:
    """The words that an edit brings, and those that it takes."""
    base, wanted = words(_base_text(one, name)), words(one.texts[name])
    return wanted - base, base - wanted


def _base_text(one: Sent, name: str) -> str:
    return str((one.base or {}).get("sections", {}).get(name, ""))


def _members(said: Line, name: str, ids: Ids) -> set[str]:
    """Ids of the labels or the assignee; a label is known without the white space around it, a blank one is none."""
    value = said.get(name)
    if name == "labels":
        return {ids["labels"][label.strip()] for label in value or () if label.strip()}
    return {ids["people"][value]} if value else set()


def _wrong_members(field: str, old: set[str], new: set[str], firsts: list[Sent]) -> Iterator[tuple[str, str]]:
    if any(one.answer == "moot" for one in firsts):
        return
    added = {member for one in firsts for member in one.added.get(field, ())}
    removed = {member for one in firsts for member in one.removed.get(field, ())}
    if (added, removed) != (new - old, old - new):
        yield "difference", f"{field} were sent as +{sorted(added)} -{sorted(removed)}"


def _comments(said: Line) -> Counter[tuple[str, str]]:
    """Who said what: the file gives the same comment other ids and times again and again."""
    rows = said.get("comments") or ()
    return Counter((str(row["author"]), str(row["text"])) for row in rows)


def _links(said: Line, tasks: Mapping[str, str]) -> set[tuple[str, str]]:
    """(issue, kind) of every dependency on an issue that the file creates."""
    rows = said.get("dependencies") or ()
    return {(row["depends_on_id"], row["type"]) for row in rows if row["depends_on_id"] in tasks}


def _wrong_links(
    issue: str,
    old: set[tuple[str, str]],
    new: set[tuple[str, str]],
    firsts: list[Sent],
    tasks: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    here = tasks[issue]
    moot = any(one.answer == "moot" for one in firsts)
    parents = {one.values["parentId"] for one in firsts if "parentId" in one.values}
    for part, pairs in (("link", new - old), ("unlink", old - new)):
        ends = {frozenset(one.ends[::2]) for one in firsts if one.part == part and one.ends is not None}
        for other, kind in sorted(pairs):
            there = tasks[other]
            as_parent = kind == "parent-child" and (there in parents if part == "link" else parents - {there})
            if not moot and not as_parent and frozenset((here, there)) not in ends:
                yield "loss", f"{part} {kind} with {other} was never sent"
