"""The first pass over a file: which words and people it needs, which of its links can stand, and which cannot.

Texts are not kept, only names: memory grows by a few hundred bytes for an issue, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.imports.cycles import cyclic_edges
from app.imports.drafts import fit_config
from app.imports.records import PARENT, Record, SourceLink
from app.imports.reports import Note, Outcome, Report

Ends = tuple[str, str]


@dataclass
class Survey:
    """What a pass gathered. Words and people are given with the line of their first use."""

    lines: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    people: dict[str, None] = field(default_factory=dict)
    far_ends: set[str] = field(default_factory=set)
    blocks: list[Ends] = field(default_factory=list)
    parents: list[Ends] = field(default_factory=list)

    def take(self, record: Record, report: Report) -> None:
        """Add a record; a second one of the same id is noted, and will not be imported."""
        if record.external_id in self.lines:
            why = f"its id is that of line {self.lines[record.external_id]}, which is kept"
            report.note(Note(Outcome.LOST, record.line, record.external_id, "the whole issue", why))
            return
        self.lines[record.external_id] = record.line
        self.statuses.setdefault(record.status, record.line)
        self.types.setdefault(record.type, record.line)
        for label in record.labels:
            self.labels.setdefault(label, record.line)
        self.people |= dict.fromkeys(record.people())
        for link in record.links:
            self.far_ends |= {link.source, link.target}
            if link.kind == PARENT:
                self.parents.append((link.source, link.target))
            elif link.kind == "blocks":
                self.blocks.append((link.source, link.target))

    def unknown(self) -> set[str]:
        """Issues that links name and the file does not have."""
        return self.far_ends - self.lines.keys()


@dataclass(frozen=True)
class Plan:
    """What becomes of the links: ``parent_of`` by issue, which others close a cycle, which ends are nowhere."""

    lines: dict[str, int]
    parent_of: dict[str, str]
    cyclic: set[tuple[str, str, str]]
    nowhere: set[str]

    def stands(self, link: SourceLink) -> bool:
        """Whether both ends are issues here, and not the same one."""
        return (
            link.source != link.target and link.source not in self.nowhere and link.target not in self.nowhere
        )

    def is_parent(self, link: SourceLink) -> bool:
        return link.kind == PARENT and self.parent_of.get(link.source) == link.target

    def finish(self, record: Record, report: Report) -> Record | None:
        """The record as it will be written, or None for a second one of the same id. Notes what its links lose."""
        if self.lines.get(record.external_id) != record.line:
            return None
        left = []
        for link in record.links:
            if not self.stands(link):
                why = (
                    "an issue has no link to itself"
                    if link.source == link.target
                    else "there is no such issue"
                )
                what = f"dependency {link.kind} {link.far_end}"
                moved = f"{why}; the entry is in config.dependencies"
                report.note(Note(Outcome.MOVED, record.line, record.external_id, what, moved))
                left.append(link.raw)
            elif self.is_parent(link):
                # A parent is a field, which has no author and time of its own.
                record.config["parent"] = {k: v for k, v in link.raw.items() if k not in ("issue_id", "type")}
            elif (link.source, link.kind, link.target) in self.cyclic:
                what = f"dependency {link.kind} {link.far_end}"
                report.note(
                    Note(Outcome.FLAGGED, record.line, record.external_id, what, "it stands on a cycle")
                )
        record.links = [link for link in record.links if self.stands(link)]
        if left:
            record.config["dependencies"] = left
        fit_config(record, report)
        return record


def make_plan(survey: Survey, known_before: Iterable[str]) -> Plan:
    """Decide on the links. ``known_before`` are those of the unknown issues that an earlier file brought."""
    nowhere = survey.unknown() - set(known_before)
    parents = [
        (child, parent)
        for child, parent in survey.parents
        if child not in nowhere and parent not in nowhere and child != parent
    ]
    parent_of = _parents(parents)
    cyclic = {(child, PARENT, parent) for child, parent in _closing(parents, parent_of)}
    blocks = [(near, far) for near, far in survey.blocks if near not in nowhere and far not in nowhere]
    cyclic |= {(near, "blocks", far) for near, far in cyclic_edges(blocks)}
    return Plan(survey.lines, parent_of, cyclic, nowhere)


def _parents(listed: Sequence[Ends]) -> dict[str, str]:
    """For each issue the first parent listed that closes no cycle: the order of the file decides.

    An issue without a parent is the top of its tree: another closes a cycle where that top is the issue itself. Tops
    are looked up with path halving (R. Tarjan, J. van Leeuwen, "Worst-case analysis of set union algorithms", 1984): a
    chain of a million issues takes about as long as a million pairs.
    """
    parent_of: dict[str, str] = {}
    above: dict[str, str] = {}
    for child, parent in listed:
        if child in parent_of:
            continue
        top = parent
        while (higher := above.get(top)) is not None:
            if (highest := above.get(higher)) is not None:
                above[top] = highest
            top = higher
        if top != child:
            parent_of[child] = above[child] = parent
    return parent_of


def _closing(listed: Sequence[Ends], parent_of: dict[str, str]) -> Iterator[Ends]:
    """Those of the listed that lead from an issue to one below it, told by the order of a walk through the trees."""
    children: dict[str, list[str]] = {}
    for child, parent in parent_of.items():
        children.setdefault(parent, []).append(child)
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    walk = [(root, False) for root in children if root not in parent_of]
    while walk:
        one, done = walk.pop()
        if done:
            ended[one] = len(begun)
            continue
        begun[one] = len(begun)
        walk.append((one, True))
        walk += [(child, False) for child in children.get(one, ())]
    for child, parent in listed:
        if parent_of.get(child) == parent or child not in begun or parent not in begun:
            continue
        if begun[child] < begun[parent] < ended[child]:
            yield child, parent
