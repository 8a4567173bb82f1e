"""docs/audit.md names every action that an entry can have."""

from __future__ import annotations

import re
from pathlib import Path

import app.main  # noqa: F401 -- registers every kind of event
from app.audit.actions import known_actions

DOCUMENT = Path(__file__).parents[2] / "docs" / "audit.md"


def test_every_action_is_explained() -> None:
    text = DOCUMENT.read_text()
    told = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", text.partition("## Taking it away")[0]))
    shortened = {
        f"{what}.{happened}"
        for what in ("status", "label", "task_type")
        for happened in ("created", "updated", "deleted")
    }
    assert told - {"session.*"} | shortened == set(known_actions()) | (told & {"workspace_member.*"})
