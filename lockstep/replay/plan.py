"""From the history to steps: what is sent, by which client, after what, and how stale.

The file is one person's sequence, so no two of its edits ever clash. Here an issue's edits go to different
clients; a good part of them is made on an older version, as by someone who looked away (`behind`); some are
sent at the same moment as the edit before; and a text edited in two places is sent as two edits of two people.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lockstep.replay.history import Edit, names_in
from lockstep.replay.words import halves

TEXTS = ("description", "design", "acceptance_criteria", "notes")
VALUES = {
    "title": "title",
    "priority": "priority",
    "external_ref": "externalRef",
    "close_reason": "closeReason",
}
STALE_SHARE = 0.27
"""Aimed at, of all creates and edits; some turn out not to be stale, when the edit before was refused."""
RACING = 0.08
REJECTING = 0.25
GIVING_UP = 0.4
BEHIND = (1, 1, 1, 2, 3)
LinkKey = tuple[str, str, str]


@dataclass(frozen=True)
class Words:
    """Names of the file to ids of the project."""

    statuses: dict[str, str]
    types: dict[str, str]
    labels: dict[str, str]
    people: dict[str, str]
    closed: frozenset[str]
    """Ids of the statuses that complete a task."""


@dataclass
class Step:
    """One mutation. `after`: steps that must be answered first. `behind`: how many versions back it is made.

    `part`: create, edit, link, unlink, comment or uncomment. `texts`: (before, after) as the file has them.
    """

    index: int
    line: int
    part: str
    issue: str
    client: int
    after: list[int]
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)
    link: LinkKey | None = None
    comment: str = ""
    parent: str | None = None
    """The issue that shall be the parent ("" for none), its id being known only once it is made."""
    policy: str = "MERGE"
    behind: int = 0
    gives_up: bool = False


@dataclass
class Plan:
    """All steps, and what of the file is not sent: (line, why)."""

    steps: list[Step] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class _Issue:
    """What the file said of an issue so far, and the steps that stand at the end of its chain."""

    create: int
    tail: list[int]
    before: list[int]
    client: int
    edits: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    assignee: str | None = None
    parent: str | None = None
    links: set[LinkKey] = field(default_factory=set)
    comments: Counter[tuple[str, str]] = field(default_factory=Counter)


def make_plan(history: list[Edit], words: Words, clients: int, seed: int) -> Plan:
    """Steps for a whole history; the same for the same seed."""
    return _Planner(words, clients, random.Random(seed)).plan(history)


class _Planner:
    def __init__(self, words: Words, clients: int, chance: random.Random) -> None:
        self._words = words
        self._clients = clients
        self._chance = chance
        self._issues: dict[str, _Issue] = {}
        self._created: set[str] = set()
        self._waiting: list[tuple[Step, list[str]]] = []
        self._plan = Plan()

    def plan(self, history: list[Edit]) -> Plan:
        self._created = {edit.issue for edit in history if edit.creates}
        for edit in history:
            before = len(self._plan.steps)
            if edit.creates and edit.issue in self._issues:
                self._plan.left_out.append((edit.line, "it is created a second time"))
                continue
            if not edit.creates and edit.issue not in self._issues:
                self._plan.left_out.append((edit.line, "its issue was never created"))
                continue
            self._line(edit)
            if len(self._plan.steps) == before:
                self._plan.left_out.append((edit.line, "it changes nothing that a project keeps"))
        for step, issues in self._waiting:  # also on what is created further down
            step.after += [self._issues[issue].create for issue in issues if issue in self._issues]
        self._make_stale()
        return self._plan

    def _line(self, edit: Edit) -> None:
        if edit.creates:
            self._create(edit)
        else:
            self._edit(edit)
        if "dependencies" in edit.fields:
            self._links(edit)
        if "comments" in edit.fields:
            self._comments(edit)

    def _create(self, edit: Edit) -> None:
        step = self._step(edit, "create", after=[])
        self._issues[edit.issue] = _Issue(step.index, [step.index], [step.index], step.client)
        self._fill(step, edit)

    def _edit(self, edit: Edit) -> None:
        issue = self._issues[edit.issue]
        client = issue.client
        step = self._step(edit, "edit", after=issue.tail)
        self._fill(step, edit)
        if not (step.values or step.texts or step.added or step.removed):
            self._plan.steps.pop()
            issue.client = client
            return
        second = self._second_half(edit, step)
        earlier, partner = issue.before, issue.tail
        self._follow(issue, [step] if second is None else [step, second])
        if second is None and issue.edits > 1 and self._chance.random() < RACING:
            step.after, issue.tail = list(earlier), [*partner, step.index]

    def _second_half(self, edit: Edit, step: Step) -> Step | None:
        """The other half of a text that the file edits in two places, made at the same time by someone else."""
        for name, (before, after) in step.texts.items():
            parts = halves(before, after)
            if parts is not None and self._clients > 1:
                step.texts[name] = (before, parts[0])
                second = self._step(edit, "edit", after=list(step.after))
                second.texts = {name: (before, parts[1])}
                if self._chance.random() < 0.5:
                    second.after, second.behind = [step.index], 1
                step.policy = second.policy = "MERGE"
                return second
        return None

    def _follow(self, issue: _Issue, steps: list[Step]) -> None:
        issue.before, issue.tail = issue.tail, [step.index for step in steps]
        issue.edits += sum(1 for step in steps if step.part == "edit")

    def _step(self, edit: Edit, part: str, *, after: list[int]) -> Step:
        others = list(range(self._clients))
        known = self._issues.get(edit.issue)
        if known is not None and self._clients > 1:
            others.remove(known.client)
        client = self._chance.choice(others)
        if known is not None:
            known.client = client
        step = Step(len(self._plan.steps), edit.line, part, edit.issue, client, list(after))
        self._plan.steps.append(step)
        return step

    def _fill(self, step: Step, edit: Edit) -> None:
        issue, fields = self._issues[edit.issue], edit.fields
        step.values = dict(_values(fields, self._words))
        for name in TEXTS:
            if name in fields and (fields[name] or "") != issue.texts.get(name, ""):
                step.texts[name] = (issue.texts.get(name, ""), fields[name] or "")
                issue.texts[name] = fields[name] or ""
        if "labels" in fields:
            labels = set(names_in(fields["labels"]))
            if len(names_in(fields["labels"])) < len(fields["labels"] or ()):
                self._plan.left_out.append((edit.line, "a blank label"))
            self._members(step, "labelIds", issue.labels, labels, self._words.labels)
            issue.labels = labels
        if "assignee" in fields:
            new = fields["assignee"] or None
            old, issue.assignee = issue.assignee, new
            self._members(step, "assigneeIds", {old} - {None}, {new} - {None}, self._words.people)
        step.policy = "REJECT" if self._chance.random() < REJECTING else "MERGE"
        step.gives_up = self._chance.random() < GIVING_UP

    @staticmethod
    def _members(step: Step, name: str, old: set[Any], new: set[Any], ids: dict[str, str]) -> None:
        if new - old:
            step.added[name] = sorted(ids[one] for one in new - old)
        if old - new:
            step.removed[name] = sorted(ids[one] for one in old - new)

    def _links(self, edit: Edit) -> None:
        issue, parents, links = self._issues[edit.issue], [], set()
        for row in edit.fields["dependencies"] or ():
            other, kind = row["depends_on_id"], row["type"]
            if other not in self._created:
                self._plan.left_out.append((edit.line, "a link to an issue that the file never creates"))
            elif kind == "parent-child":
                parents.append(other)
            else:
                links.add((other, kind, edit.issue) if kind == "blocks" else (edit.issue, kind, other))
        parent = issue.parent if issue.parent in parents else (parents[0] if parents else None)
        links |= {(edit.issue, "parent-child", other) for other in parents if other != parent}
        if parent != issue.parent:
            step = self._chained(edit, "edit", [parent] if parent else [])
            step.parent, step.gives_up = parent or "", self._chance.random() < GIVING_UP
            issue.parent = parent
        for part, keys in (("unlink", issue.links - links), ("link", links - issue.links)):
            for key in sorted(keys):
                self._chained(edit, part, [key[0], key[2]]).link = key
        issue.links = links

    def _comments(self, edit: Edit) -> None:
        issue = self._issues[edit.issue]
        rows = edit.fields["comments"] or ()
        # The file gives the same comment other ids and times again and again: who said what is what counts.
        comments = Counter((str(row["author"]), str(row["text"])) for row in rows)
        for part, gone in (("uncomment", issue.comments - comments), ("comment", comments - issue.comments)):
            for key in gone.elements():
                self._chained(edit, part, []).comment = key[1]
        issue.comments = comments

    def _chained(self, edit: Edit, part: str, issues: list[str]) -> Step:
        issue = self._issues[edit.issue]
        step = self._step(edit, part, after=issue.tail)
        self._waiting.append((step, issues))
        self._follow(issue, [step])
        return step

    def _make_stale(self) -> None:
        """Choose the edits that are made on an older version: never an issue's first."""
        sent = [step for step in self._plan.steps if step.part in {"create", "edit"}]
        seen: Counter[str] = Counter()
        eligible = []
        for step in sent:
            if step.part == "edit" and seen[step.issue] and not step.behind:
                eligible.append(step)
            seen[step.issue] += step.part == "edit"
        wanted = int(len(sent) * STALE_SHARE) - sum(1 for step in sent if step.behind)
        for step in self._chance.sample(eligible, max(min(wanted, len(eligible)), 0)):
            step.behind = self._chance.choice(BEHIND)


def _values(fields: dict[str, Any], words: Words) -> Iterator[tuple[str, Any]]:
    for name, ours in VALUES.items():
        if name in fields:
            value = fields[name]
            yield (
                ours,
                (value or 0) if name == "priority" else value.strip() if name == "title" else value or None,
            )
    if "status" in fields:
        yield "statusId", words.statuses[fields["status"]]
    if "issue_type" in fields:
        yield "typeId", words.types[fields["issue_type"]]
