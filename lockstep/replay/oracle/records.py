"""What clients write down while they work, and what the log says: the evidence that is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
"""An object as clients see it, by GraphQL field names; `sections` maps a name to its text."""


@dataclass
class Sent:
    """One mutation that a client sent, as the person meant it, and its answer.

    `base`: the task as the client saw it, at `base_version`. `values`, `texts`: what the fields shall be.
    `answer`: done, or the type of the refusal. `seq`: the log's position in the answer. `step` and `attempt`
    tell a retry on top of the current version from a new edit.
    """

    step: int
    attempt: int
    line: int
    part: str
    issue: str
    client: int
    person: str
    mutation_id: str
    object_id: str
    policy: str = "MERGE"
    base_version: int | None = None
    base: State | None = None
    stale: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)
    ends: tuple[str, str, str] | None = None
    body: str = ""
    answer: str = ""
    seq: int = 0
    message: str = ""
    current_version: int | None = None
    clashes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """One event of the log, read over HTTP. `mutation_id` is told to who sent it, so it is read as everybody.

    `after`: the object after the event, by the fold of the log; None if it is gone.
    """

    seq: int
    kind: str
    object_id: str
    version: int | None
    mutation_id: str | None
    occurred_at: str
    after: State | None


@dataclass(frozen=True)
class Finding:
    """Something that must not be. `kind`: gap, double, loss, difference, overwritten, unexplained …"""

    kind: str
    text: str


@dataclass
class Verdict:
    """What the oracle expects to be there at the end, and what it found on the way."""

    findings: list[Finding] = field(default_factory=list)
    tasks: dict[str, State] = field(default_factory=dict)
    links: dict[str, State] = field(default_factory=dict)
    comments: dict[str, State] = field(default_factory=dict)
    applied: int = 0
    merged: int = 0
    merged_texts: int = 0
    unchanged: int = 0
    conflicts: int = 0

    def find(self, kind: str, text: str) -> None:
        self.findings.append(Finding(kind, text))
