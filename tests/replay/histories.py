"""A made-up history in the form of the edits file: issues, edits of every field, links, parents, comments."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

SENTENCES = (
    "The board loads slowly when many labels are chosen.", "Press the key twice and nothing happens.",
    "The list jumps to its top after an edit.", "Dates of the last week are shown in grey.",
    "A long title is cut without a sign.", "The counter is one too high after a restore.",
)  # fmt: skip
WORDS = ("slow", "quick", "narrow", "wide", "first", "last", "blue", "quiet")
STATUSES = ("open", "in_progress", "closed", "hooked")
TYPES = ("bug", "feature", "chore")
LABELS = ("ui", "speed", "import", "  spaced  ", "")
PEOPLE = ("dev-1", "dev-2", "dev-3")


def made_up(lines: int, seed: int = 7) -> list[dict[str, Any]]:
    """A history of so many lines: about a quarter creates, the rest edits of a few much edited issues."""
    chance = random.Random(seed)
    state: dict[str, dict[str, Any]] = {}
    rows = []
    for number in range(lines):
        if len(state) < 3 or chance.random() < 0.2:
            issue = f"demo-{len(state) + 1}"
            fields: dict[str, Any] = {
                "title": f"Task {number}",
                "status": "open",
                "priority": 2,
                "issue_type": "bug",
            }
            fields["description"] = _text(chance, 12)
            state[issue] = dict(fields)
            rows.append(_row(number, "create", issue, fields))
            continue
        issue = chance.choice(sorted(state)[-6:])
        fields = _edit(chance, state[issue], issue, sorted(state))
        state[issue] |= fields
        rows.append(_row(number, "update", issue, fields))
    return rows


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    """As JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _row(number: int, op: str, issue: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"at": f"2031-05-01T{number // 60 % 24:02}:{number % 60:02}:00Z", "op": op, "id": issue, "actor": None,
            "fields": fields}  # fmt: skip


def _text(chance: random.Random, sentences: int) -> str:
    return "\n".join(chance.choice(SENTENCES) + " 😀" * chance.randint(0, 1) for _ in range(sentences))


def _edit(chance: random.Random, now: dict[str, Any], issue: str, issues: list[str]) -> dict[str, Any]:
    notes = {"notes": chance.choice((None, _text(chance, 3))), "external_ref": chance.choice((None, "X-1"))}
    choices: list[dict[str, Any]] = [
        {"description": _reworded(chance, now.get("description") or "")},
        {"description": _reworded(chance, now.get("description") or "")},
        {"status": chance.choice(STATUSES), "close_reason": chance.choice((None, "done", "not needed"))},
        {"priority": chance.choice((None, 0, 1, 2, 3, 4)), "title": f"Task called {chance.choice(WORDS)}"},
        {"labels": chance.choice((None, chance.sample(LABELS, 2), list(LABELS)))},
        {"assignee": chance.choice((None, *PEOPLE)), "issue_type": chance.choice(TYPES)},
        {**notes, "acceptance_criteria": _text(chance, 2)},
        {"comments": _comments(chance, list(now.get("comments") or []))},
        {"dependencies": _dependencies(chance, now, issue, issues)},
    ]
    return chance.choice(choices)


def _comments(chance: random.Random, comments: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    if comments and chance.random() < 0.3:
        return comments[1:] or None
    text = f"I think {chance.choice(SENTENCES)}"
    return [*comments, {"id": 1, "author": "dev-1", "created_at": str(chance.random()), "text": text}]


def _dependencies(
    chance: random.Random, now: dict[str, Any], issue: str, issues: list[str]
) -> list[dict[str, Any]]:
    kinds = ("blocks", "blocks", "parent-child", "related", "discovered-from")
    others = [*(one for one in issues if one != issue), "demo-missing"]
    kept = (now.get("dependencies") or [])[:1]
    return [
        *(
            {"issue_id": issue, "depends_on_id": chance.choice(others), "type": chance.choice(kinds)}
            for _ in range(2)
        ),
        *kept,
    ]


def _reworded(chance: random.Random, text: str) -> str:
    """Another word in one or two lines."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(lines))
        words = lines[place].split(" ")
        words[chance.randrange(len(words))] = chance.choice(WORDS)
        lines[place] = " ".join(words)
    return "\n".join(lines)
