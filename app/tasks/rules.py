"""Pure checks of what may stand in a task."""

from __future__ import annotations

import math
import re
from collections.abc import Sized
from typing import Any
from uuid import UUID

import orjson

from app.errors import CycleRefused, LimitReached, ValidationFailed
from app.values import check_name, check_text, nests_within

TITLE_LENGTH = 1000
REF_BYTES = 2048
"""Fits into an entry of a B-tree, of which PostgreSQL allows 2,704 bytes."""

MOST_SECTIONS = 32
MOST_PEOPLE = 100
CONFIG_BYTES = 16_384
CONFIG_LEVELS = 32
PRIORITIES = range(5)
_SECTION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MENTION = re.compile(
    r"@\[[^\]\n]{0,255}\]\(user:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\)"
)


def check_title(title: str | None) -> str:
    """One line of at most 1,000 characters."""
    return check_name(title or "", "title", length=TITLE_LENGTH)


def check_sections(sections: dict[str, str]) -> dict[str, str]:
    """Names are lower case words joined by ``_``; texts are kept as typed."""
    for name, text in sections.items():
        if not _SECTION.fullmatch(name):
            raise ValidationFailed(
                f"{name!r} cannot name a section: use lower case letters, digits and _, such as acceptance_criteria.",
                path=("sections",),
            )
        check_text(text, "sections", name)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationFailed("A text must be valid Unicode.", path=("sections", name)) from None
    return sections


def check_counts(sections: Sized = (), people: Sized = ()) -> None:
    """How many texts and assignees a task may have."""
    if len(sections) > MOST_SECTIONS:
        raise LimitReached(
            f"A task has at most {MOST_SECTIONS} sections.", limit=MOST_SECTIONS, path=("sections",)
        )
    if len(people) > MOST_PEOPLE:
        raise LimitReached(f"A task has at most {MOST_PEOPLE} assignees.", limit=MOST_PEOPLE)


def check_config(config: dict[str, Any]) -> None:
    """The whole object is at most 16 KiB of JSON, 32 levels deep; keys are 1 to 100 characters."""
    for key in config:
        # In a browser an entry of this name would set an object's prototype instead of a key.
        if not 1 <= len(key) <= 100 or "\x00" in key or key == "__proto__":
            raise ValidationFailed(
                "A config key has 1 to 100 characters, and is not __proto__.", path=("config",)
            )
    # Deeper values can be stored and then not be written into an answer or a frame: they would end every reader.
    if not nests_within(config, CONFIG_LEVELS):
        raise LimitReached(
            f"config may be {CONFIG_LEVELS} levels deep.", limit=CONFIG_LEVELS, path=("config",)
        )
    try:
        size = len(orjson.dumps(config))
    except (TypeError, orjson.JSONEncodeError):
        raise ValidationFailed("config must be plain JSON.", path=("config",)) from None
    if size > CONFIG_BYTES:
        raise LimitReached(
            f"config may have {CONFIG_BYTES} bytes of JSON; this has {size}.",
            limit=CONFIG_BYTES,
            path=("config",),
        )
    if b"\\u0000" in orjson.dumps(config):
        raise ValidationFailed("config must not contain NUL characters.", path=("config",))


def check_values(values: dict[str, Any]) -> dict[str, Any]:
    """Short fields, each by its own rule; ids are checked against the project elsewhere."""
    checked = dict(values)
    if "title" in checked:
        checked["title"] = check_title(checked["title"])
    if "priority" in checked and checked["priority"] not in PRIORITIES:
        raise ValidationFailed("A priority is 0 (none) to 4.", path=("priority",))
    estimate = checked.get("estimate")
    if estimate is not None and not (math.isfinite(estimate) and 0 <= estimate <= 1_000_000):
        raise ValidationFailed("An estimate is a number from 0 to 1,000,000.", path=("estimate",))
    if checked.get("close_reason") is not None:
        check_text(checked["close_reason"], "closeReason", length=10_000)
    if checked.get("external_ref") is not None:
        check_text(checked["external_ref"], "externalRef", length=REF_BYTES)
        if len(checked["external_ref"].encode(errors="replace")) > REF_BYTES:
            raise ValidationFailed(
                f"externalRef may have {REF_BYTES:,} bytes of UTF-8.", path=("externalRef",)
            )
    for required in ("status_id", "type_id"):
        if required in checked and checked[required] is None:
            raise ValidationFailed("A task always has one.", path=(required.removesuffix("_id") + "Id",))
    return checked


def check_no_parent_cycle(task_id: UUID, parent_id: UUID, parents: dict[UUID, UUID | None]) -> None:
    """Raise ``CycleRefused`` if ``parent_id`` stands below ``task_id``."""
    path = [task_id, parent_id]
    above: UUID | None = parent_id
    while above is not None and above != task_id:
        above = parents.get(above)
        if above in path[1:]:
            return
        if above is not None:
            path.append(above)
    if above == task_id:
        raise CycleRefused("A task cannot be below itself.", cycle=path, path=("parentId",))


def mentioned(text: str) -> set[UUID]:
    """The people a text mentions, written ``@[name](user:id)``."""
    return {UUID(found) for found in _MENTION.findall(text)}
