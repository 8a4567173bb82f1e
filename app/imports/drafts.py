"""A record in the making: each value is put where it fits, and what does not fit is noted."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import orjson

from app.imports.records import Record
from app.imports.reports import Note, Outcome, Report
from app.imports.values import finer_than_ours, fit_json, fit_text, one_line, read_time
from app.tasks.rules import CONFIG_BYTES, MOST_SECTIONS, PRIORITIES, TITLE_LENGTH
from app.values import NAME_LENGTH, TEXT_LENGTH, now_utc

LONG = 1000
"""A text under a key that we have no field for is a section from this many characters on, else in ``config``."""

MOST_KEYS = 3000
"""Of one issue: more do not fit into ``config``."""

CLOSE_REASON_LENGTH = 10_000
_SECTION = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Draft:
    """Takes one issue's values. ``note`` says what could not stay as it was."""

    def __init__(self, line: int, external_id: str, report: Report) -> None:
        self.line = line
        self.external_id = external_id
        self.report = report
        self.sections: dict[str, str] = {}
        self.config: dict[str, Any] = {}

    def note(self, outcome: Outcome, field: str, why: str) -> None:
        self.report.note(Note(outcome, self.line, self.external_id, field, why))

    def text(self, field: str, value: Any) -> str:
        """A text as it is; anything else as its JSON."""
        if value is None:
            return ""
        if not isinstance(value, str):
            self.note(Outcome.CHANGED, field, "it is not a text, so its JSON is kept")
            value = orjson.dumps(fit_json(value, lambda why: None)).decode()
        return fit_text(value, lambda why: self.note(Outcome.CHANGED, field, why))

    def title(self, value: Any) -> str:
        text = self.text("title", value)
        title = one_line(text, TITLE_LENGTH)
        if title != text:
            why = f"a title is one trimmed line of at most {TITLE_LENGTH} characters; as it was: config.title"
            self.note(Outcome.CHANGED, "title", why)
            self.keep("title", text)
        return title or f"({self.external_id})"

    def name(self, field: str, value: Any, fallback: str) -> str:
        """A status, a type or a label."""
        return one_line(self.text(field, value), NAME_LENGTH) or fallback

    def person(self, field: str, value: Any) -> str | None:
        """A person's name as the file has it, or None."""
        text = self.text(field, value)
        name = one_line(text, NAME_LENGTH)
        if name != text:
            self.note(Outcome.CHANGED, field, "a name is one trimmed line of at most 255 characters")
        return name or None

    def names(self, field: str, value: Any) -> tuple[str, ...]:
        """A list of names, each once, in the file's order."""
        listed = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(dict.fromkeys(name for one in listed if (name := self.person(field, one))))

    def section(self, name: str, value: Any) -> None:
        """A long text under a name; one beyond the bound goes on in further sections."""
        text = self.text(name, value)
        parts = [text[at : at + TEXT_LENGTH] for at in range(0, len(text), TEXT_LENGTH)]
        if len(parts) > 1:
            why = f"a text has at most {TEXT_LENGTH} characters; the rest is in the sections {name}_2 and on"
            self.note(Outcome.CHANGED, name, why)
        for place, part in enumerate(parts, 1):
            self._add_section(name if place == 1 else f"{name[:36]}_{place}", part)

    def _add_section(self, name: str, text: str) -> None:
        if len(self.sections) >= MOST_SECTIONS:
            self.note(Outcome.LOST, name, f"a task has at most {MOST_SECTIONS} texts; {len(text)} characters")
        else:
            self.sections[name] = text

    def keep(self, key: str, value: Any) -> None:
        """What has no field of its own: in ``config``, under its key; a long text is a section."""
        if value is None or value in ("", [], {}):
            return
        if (
            isinstance(value, str)
            and len(value) > LONG
            and key not in self.sections
            and _SECTION.fullmatch(key)
        ):
            self.section(key, value)
            return
        if len(self.config) >= MOST_KEYS:
            self.note(Outcome.LOST, key[:200], f"at most {MOST_KEYS:,} keys without a field of their own")
            return
        fitted = self.fitted(key, value)
        name = one_line(key, 100) or "unnamed"
        if name == "__proto__":  # which config cannot have
            name = "proto"
        if name != key:
            self.note(Outcome.CHANGED, name, f"the key {key[:200]!r} is not one line of 1 to 100 characters")
        self.config[name] = fitted

    def fitted(self, field: str, value: Any) -> Any:
        """A JSON value as ``config`` can hold it."""
        return fit_json(value, lambda why: self.note(Outcome.CHANGED, field, why))

    def time(self, field: str, value: Any) -> datetime | None:
        """An instant. What cannot be read, or is finer than a microsecond, is kept as text too."""
        if value is None or value == "":
            return None
        time = read_time(value)
        if time is None:
            self.note(Outcome.MOVED, field, f"not a time that can be read; as it was: config.{field}")
            self.keep(field, value)
        elif finer_than_ours(value):
            # Times are exact to the microsecond; the digits below it stay readable.
            self.config.setdefault("exact_times", {})[field] = value
        return time

    def close_reason(self, value: Any) -> str | None:
        text = self.text("close_reason", value)
        if len(text) > CLOSE_REASON_LENGTH:
            why = f"it has at most {CLOSE_REASON_LENGTH} characters; the whole is in the section close_reason"
            self.note(Outcome.MOVED, "close_reason", why)
            self.section("close_reason", text)
            return text[:CLOSE_REASON_LENGTH]
        return text or None

    def priority(self, value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value in PRIORITIES:
            return value
        if value is not None:
            self.note(Outcome.MOVED, "priority", "a priority is 0 to 4; as it was: config.priority")
            self.keep("priority", value)
        return 0

    def record(
        self,
        *,
        title: Any,
        status: str,
        type: str,
        created: datetime | None,
        updated: datetime | None,
        **rest: Any,
    ) -> Record:
        """The record so far."""
        first = created or updated or rest.get("closed_at")
        if first is None:
            self.note(Outcome.CHANGED, "created_at", "the file gives no time; it is the time of the import")
            first = now_utc()
        elif created is None:
            self.note(
                Outcome.CHANGED, "created_at", "the file gives none; the earliest time it gives is taken"
            )
        return Record(
            line=self.line, external_id=self.external_id, title=self.title(title), status=status, type=type,
            created_at=first, updated_at=updated or first, sections=self.sections, config=self.config, **rest,
        )  # fmt: skip


def fit_config(record: Record, report: Report) -> None:
    """Bring ``config`` under its bound: the largest values become sections of JSON."""
    sizes = {
        key: len(orjson.dumps(key)) + len(orjson.dumps(value)) + 2 for key, value in record.config.items()
    }
    size = sum(sizes.values()) + 2
    for key in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if size <= CONFIG_BYTES:
            break
        size -= sizes[key]
        value = record.config.pop(key)
        text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        name = re.sub(r"[^a-z0-9_]+", "_", f"config_{key.lower()}")[:40]
        fits = (
            len(record.sections) < MOST_SECTIONS and len(text) <= TEXT_LENGTH and name not in record.sections
        )
        outcome = Outcome.MOVED if fits else Outcome.LOST
        why = f"config may have {CONFIG_BYTES} bytes" + (f"; it is in the section {name}" if fits else "")
        report.note(Note(outcome, record.line, record.external_id, key, why))
        if fits:
            record.sections[name] = text
