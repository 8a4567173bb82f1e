"""The fold of what was acknowledged, in the log's order, against the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockstep.replay.oracle.edits import Overwritten, created, edited, same
from lockstep.replay.oracle.records import Entry, Sent, State, Verdict

TASK_FIELDS = (
    "title", "priority", "statusId", "typeId", "parentId", "closeReason", "externalRef", "sections", "assigneeIds",
    "labelIds", "config", "estimate", "dueDate",
)  # fmt: skip
EXPECTED_KINDS = {
    "create": "TaskCreated", "edit": "TaskUpdated", "link": "LinkAdded", "unlink": "LinkRemoved",
    "comment": "CommentAdded", "uncomment": "CommentDeleted",
}  # fmt: skip
BLANK: State = {"parentId": None, "closeReason": None, "externalRef": None, "estimate": None, "dueDate": None,
                "priority": 0, "config": {}}  # fmt: skip


def fold(sent: Sequence[Sent], log: Sequence[Entry], first_seq: int, closed: Iterable[str]) -> Fold:
    """Walk the log from `first_seq` on with what clients recorded; `closed`: statuses that complete a task."""
    folding = Fold(sent, frozenset(closed))
    folding.walk(log, first_seq)
    return folding


class Fold:
    """`versions`: every task's states by version, with the seq that made each."""

    def __init__(self, sent: Sequence[Sent], closed: frozenset[str]) -> None:
        self.verdict = Verdict()
        self.versions: dict[str, list[tuple[int, State]]] = {}
        self._closed = closed
        self._done = {one.mutation_id: one for one in sent if one.answer == "done"}
        self._seen: dict[str, int] = {}
        self.edges: dict[str, set[tuple[str, str]]] = {"blocks": set(), "parent": set()}
        """Every link that was ever there, by kind, and every parent as (child, parent)."""

    def walk(self, log: Sequence[Entry], first_seq: int) -> None:
        verdict, expected = self.verdict, first_seq
        for entry in log:
            if entry.seq > expected:
                verdict.find("gap", f"the log has no seq {expected} to {entry.seq - 1}")
            elif entry.seq < expected:
                verdict.find("double", f"the log has seq {entry.seq} again after {expected - 1}")
                continue
            expected = entry.seq + 1
            self._entry(entry)
        for one in self._done.values():
            if one.mutation_id not in self._seen:
                self._without_event(one, expected - 1)

    def _entry(self, entry: Entry) -> None:
        one = self._done.get(entry.mutation_id or "")
        if one is None:
            self.verdict.find(
                "unexplained", f"seq {entry.seq}: {entry.kind} of nothing that was acknowledged"
            )
            return
        if one.mutation_id in self._seen:
            self.verdict.find("double", f"line {one.line} is in the log at {self._seen[one.mutation_id]} "
                                        f"and {entry.seq}")  # fmt: skip
            return
        self._seen[one.mutation_id] = entry.seq
        if one.seq != entry.seq:
            self.verdict.find(
                "difference", f"line {one.line} was acknowledged as seq {one.seq}, is {entry.seq}"
            )
        if (entry.kind, entry.object_id) != (EXPECTED_KINDS[one.part], one.object_id):
            self.verdict.find("difference", f"line {one.line}: {one.part} of {one.object_id} became "
                                            f"{entry.kind} of {entry.object_id}")  # fmt: skip
            return
        self.verdict.applied += 1
        getattr(self, f"_{one.part}")(one, entry)

    def _create(self, one: Sent, entry: Entry) -> None:
        self._put(one, entry, BLANK | created(one) | {"config": {"issue": one.issue}})

    def _edit(self, one: Sent, entry: Entry) -> None:
        verdict, versions = self.verdict, self.versions.get(one.object_id)
        if not versions or one.base_version is None or one.base is None:
            verdict.find("difference", f"line {one.line}: an edit of a task that is not there")
            return
        current = versions[-1][1]
        if not 1 <= one.base_version <= current["version"]:
            verdict.find(
                "difference", f"line {one.line} was based on version {one.base_version}, which was not there"
            )
            return
        base = versions[one.base_version - 1][1]
        self._compare("the sender's copy", one, base, one.base)
        newer = one.base_version < current["version"]
        if newer and one.policy == "REJECT":
            verdict.find("overwritten", f"line {one.line}: REJECT let a stale edit through")
        try:
            after, merged = edited(one, base, current, entry.after)
        except Overwritten as fault:
            verdict.find("overwritten", f"line {one.line}, seq {entry.seq}: {fault}")
            after, merged = {**current, **(entry.after or {})}, []
        verdict.merged += newer
        verdict.merged_texts += len(merged)
        self._put(one, entry, after | {"version": current["version"] + 1})

    def _put(self, one: Sent, entry: Entry, state: State) -> None:
        versions = self.versions.setdefault(one.object_id, [])
        if entry.version != state["version"]:
            self.verdict.find(
                "difference", f"seq {entry.seq} made version {entry.version}, not {state['version']}"
            )
        self._compare(f"the log at seq {entry.seq}", one, state, entry.after or {})
        completed = (entry.after or {}).get("completedAt") is not None
        if completed != (state["statusId"] in self._closed):
            self.verdict.find("difference", f"seq {entry.seq}: completedAt does not go with the status")
        if versions and same(versions[-1][1], state):
            self.verdict.find("difference", f"seq {entry.seq} is an event that changed nothing")
        versions.append((entry.seq, state))
        self.verdict.tasks[one.object_id] = state
        if state["parentId"] is not None:
            self.edges["parent"].add((one.object_id, state["parentId"]))

    def _compare(self, what: str, one: Sent, expected: State, found: State) -> None:
        for name in TASK_FIELDS:
            if expected.get(name) != found.get(name):
                self.verdict.find("difference", f"line {one.line}, {what}: {name} is {_short(found.get(name))}, "
                                                f"expected {_short(expected.get(name))}")  # fmt: skip

    def _link(self, one: Sent, entry: Entry) -> None:
        assert one.ends is not None
        source, kind, target = one.ends
        if kind == "blocks" and self.path(self._now("blocks"), target, source):
            self.verdict.find("difference", f"line {one.line}: a link that closes a cycle went through")
        self.edges.setdefault(kind, set()).add((source, target))
        self.verdict.links[one.object_id] = {"kind": kind, "sourceTaskId": source, "targetTaskId": target}

    def _unlink(self, one: Sent, entry: Entry) -> None:
        if self.verdict.links.pop(one.object_id, None) is None:
            self.verdict.find(
                "difference", f"line {one.line}, seq {entry.seq}: a link went that was not there"
            )

    def _comment(self, one: Sent, entry: Entry) -> None:
        self.verdict.comments[one.object_id] = {"taskId": one.ends[0] if one.ends else "", "body": one.body,
                                                "authorId": one.person, "deleted": False}  # fmt: skip

    def _uncomment(self, one: Sent, entry: Entry) -> None:
        comment = self.verdict.comments.get(one.object_id)
        if comment is None or comment["deleted"]:
            self.verdict.find("difference", f"line {one.line}: a comment went that was not there")
            return
        self.verdict.comments[one.object_id] = comment | {"body": "", "deleted": True}

    def _now(self, kind: str) -> set[tuple[str, str]]:
        links = self.verdict.links.values()
        return {(link["sourceTaskId"], link["targetTaskId"]) for link in links if link["kind"] == kind}

    @staticmethod
    def path(edges: Iterable[tuple[str, str]], start: str, goal: str) -> bool:
        """Whether `edges` lead from one to the other."""
        following: dict[str, list[str]] = {}
        for near, far in edges:
            following.setdefault(near, []).append(far)
        waiting, met = [start], {start}
        while waiting:
            here = waiting.pop()
            if here == goal:
                return True
            fresh = [far for far in following.get(here, ()) if far not in met]
            met.update(fresh)
            waiting += fresh
        return False

    def _without_event(self, one: Sent, head: int) -> None:
        """Acknowledged, and not in the log: right only if there was nothing to change."""
        if self._changed_nothing(one, head):
            self.verdict.unchanged += 1
        else:
            self.verdict.find("loss", f"line {one.line}, {one.part} by client {one.client}: acknowledged at "
                                      f"{one.seq}, not in the log")  # fmt: skip

    def _changed_nothing(self, one: Sent, head: int) -> bool:
        if one.part == "link" and one.ends is not None:
            return any(one.ends[::2] in {edge, edge[::-1]} for edge in self.edges.get(one.ends[1], ()))
        versions = self.versions.get(one.object_id, [])
        if one.part != "edit" or one.base_version is None or one.base_version > len(versions):
            return False
        base = versions[one.base_version - 1][1]
        for place in range(one.base_version - 1, len(versions)):
            seq, state = versions[place]
            if seq > min(one.seq, head):
                break
            try:
                after, _ = edited(one, base, state, state)
            except Overwritten:
                continue
            if same(after, state):
                return True
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:80]} … {text[-30:]}"
