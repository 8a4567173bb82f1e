"""A small replay on paper: what clients sent and what the log says, all in order, for faults to be planted in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.replay.oracle.edits import created, edited
from lockstep.replay.oracle.folding import BLANK, EXPECTED_KINDS
from lockstep.replay.oracle.judging import judge
from lockstep.replay.oracle.records import Entry, Sent, State, Verdict

IDS = {
    "statuses": {"open": "S1", "closed": "S2"},
    "types": {"bug": "T1"},
    "labels": {"ui": "L1"},
    "people": {"dev-1": "U1"},
}
FIRST = 101


@dataclass
class Paper:
    """The evidence; `edit` and the others add to it as a service that is right would."""

    history: list[dict[str, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    versions: dict[str, list[State]] = field(default_factory=dict)

    def create(self, issue: str, **fields: Any) -> str:
        """A create by the file's field names; the task's id."""
        said = {"title": issue, "status": "open", "priority": 2, "issue_type": "bug", **fields}
        one = self._sent("create", issue, said, f"task-{issue}")
        state = BLANK | created(one) | {"config": {"issue": issue}}
        self._happens(one, self._completed(state))
        return one.object_id

    def edit(
        self, issue: str, *, base: int, policy: str = "MERGE", result: State | None = None, **said: Any
    ) -> Sent:
        """An edit made on version `base`; `result`: fields that the log has other than they should be."""
        states = self.versions[f"task-{issue}"]
        one = self._sent("edit", issue, said, f"task-{issue}")
        one.policy, one.base_version, one.base = policy, base, states[base - 1]
        try:
            after = edited(one, states[base - 1], states[-1], {**states[-1], **(result or {})})[0]
        except Exception:  # noqa: BLE001 (a fault is being planted: the log has it all the same)
            after = dict(states[-1])
        self._happens(one, self._completed({**after, **(result or {}), "version": states[-1]["version"] + 1}))
        return one

    def conflict(
        self, issue: str, *, base: int, clashes: list[str], policy: str = "MERGE", **said: Any
    ) -> Sent:
        """A refused edit."""
        states = self.versions[f"task-{issue}"]
        one = self._sent("edit", issue, said, f"task-{issue}")
        one.policy, one.base_version, one.base = policy, base, states[base - 1]
        one.answer, one.current_version, one.clashes = "VersionConflict", len(states), clashes
        return one

    def link(self, source: str, target: str, answer: str = "done") -> Sent:
        """`source` blocks `target`."""
        one = self._sent("link", source, {}, f"link-{len(self.sent)}")
        # In the file a task names those that block it.
        self.history[-1] = {
            "id": target,
            "fields": {"dependencies": [{"depends_on_id": source, "type": "blocks"}]},
        }
        one.ends, one.answer = (f"task-{source}", "blocks", f"task-{target}"), answer
        if answer == "done":
            self._happens(one, {"id": one.object_id})
        return one

    def judge(self) -> Verdict:
        """The oracle's verdict."""
        return judge(self.history, IDS, self.sent, self.log, first_seq=FIRST, closed=["S2"])

    def kinds(self) -> set[str]:
        """The kinds of its findings."""
        return {finding.kind for finding in self.judge().findings}

    def spoil(self, place: int, **changes: Any) -> None:
        """Change an entry of the log."""
        self.log[place] = replace(self.log[place], **changes)

    def _sent(self, part: str, issue: str, said: dict[str, Any], object_id: str) -> Sent:
        self.history.append({"id": issue, "fields": said})
        values = dict(said)
        added = [] if "labels" not in values else [IDS["labels"][name] for name in values.pop("labels")]
        texts: dict[str, str] = {}
        for name in ("description", "notes"):
            if name in values:
                texts[name] = values.pop(name)
        for name, ours, ids in (("status", "statusId", "statuses"), ("issue_type", "typeId", "types")):
            if name in values:
                values[ours] = IDS[ids][values.pop(name)]
        number = len(self.sent)
        one = Sent(number, 0, len(self.history), part, issue, number % 3, "P", f"key-{number}", object_id)
        one.values, one.texts, one.added = values, texts, {"labelIds": added} if added else {}
        self.sent.append(one)
        return one

    def _happens(self, one: Sent, after: State) -> None:
        one.answer, one.seq = "done", FIRST + len(self.log)
        version = after.get("version")
        if one.part in {"create", "edit"}:
            self.versions.setdefault(one.object_id, []).append(after)
        kind = EXPECTED_KINDS[one.part]
        self.log.append(Entry(one.seq, kind, one.object_id, version, one.mutation_id, "2031", after))

    @staticmethod
    def _completed(state: State) -> State:
        return {**state, "completedAt": "2031" if state["statusId"] == "S2" else None}


def an_hour() -> Paper:
    """Two tasks, edited by several people, with merges of fields and words, a conflict, a link and a cycle."""
    paper = Paper()
    paper.create("a", description="one two three four five six")
    paper.create("b")
    paper.edit("a", base=1, priority=1)
    paper.edit("a", base=1, title="renamed")  # merged: another field
    paper.edit("a", base=3, description="one 2 three four five six")
    merged = {"sections": {"description": "one 2 three four 5 six"}}
    paper.edit("a", base=3, description="one two three four 5 six", result=merged)
    paper.conflict("a", base=1, clashes=["priority"], priority=3)
    paper.conflict("a", base=2, clashes=[], policy="REJECT", status="closed")
    paper.edit("a", base=5, status="closed")
    paper.link("a", "b")
    paper.link("b", "a", answer="CycleRefused")
    # The file is one person's sequence: what was the second half of one edit is a line of its own here.
    paper.history[5]["fields"] = {"description": "one 2 three four 5 six"}
    return paper
