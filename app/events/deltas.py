"""What one change did to one object, as data that folds, inverts and merges.

An object's *state* is a JSON object (ids and dates as strings). A *delta* between two states has up to four
parts, each present only if something in it changed:

    {"set":     {field: {"old": value, "new": value}},
     "text":    {field: {"edits": [[at, removed, inserted], …], "base": hash, "result": hash}},
     "members": {field: {"added": [ids], "removed": [ids]}},
     "entries": {field: {key: {"old": value, "new": value}}}}       (a missing old or new: no such key)

``set`` holds short values, ``text`` long ones (reversible diffs, UTF-16 offsets), ``members`` set-like fields,
``entries`` free-form objects that merge per key. One format for every object and kind of event, so that
history, undo, conflicts, replicas and the proofs need one fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app import texts

State = dict[str, Any]
Delta = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """Which fields of a kind of object are long texts, named texts, sets and free-form objects.

    The rest are short values. A named text is told as ``field.name``; a missing one is an empty one.
    """

    texts: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset({"version", "updated_at"})


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON, where, unlike in Python, ``true`` is not 1 and ``false`` is not 0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def delta_between(old: State, new: State, shape: Shape) -> Delta:
    """The delta that leads from one state to another; empty if nothing but silent fields differs."""
    delta: Delta = {}
    for field, now in new.items():
        was = old.get(field)
        # Most of a state is the very same; values are compared only of the rest.
        if was is now or field in shape.silent or same(was, now):
            continue
        if field in shape.texts:
            delta.setdefault("text", {})[field] = texts.diff(was or "", now or "").to_json()
        elif field in shape.sections:
            before_texts, after_texts = was or {}, now
            for name in sorted(before_texts.keys() | after_texts.keys()):
                before_text, after_text = before_texts.get(name, ""), after_texts.get(name, "")
                if before_text != after_text:
                    change = texts.diff(before_text, after_text).to_json()
                    delta.setdefault("text", {})[f"{field}.{name}"] = change
        elif field in shape.members:
            before, after = set(was or ()), set(now)
            if before != after:
                delta.setdefault("members", {})[field] = {
                    "added": sorted(after - before),
                    "removed": sorted(before - after),
                }
        elif field in shape.entries:
            delta.setdefault("entries", {})[field] = _entries_between(was or {}, now)
        else:
            delta.setdefault("set", {})[field] = {"old": was, "new": now}
    return delta


def _entries_between(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key in sorted(old.keys() | new.keys()):
        if key in old and key in new and same(old[key], new[key]):
            continue
        change = {}
        if key in old:
            change["old"] = old[key]
        if key in new:
            change["new"] = new[key]
        changes[key] = change
    return changes


def apply_delta(state: State, delta: Delta) -> State:
    """The state after a delta; raises ``texts.TextMismatch`` if a text is not the one it was made for."""
    after = dict(state)
    for field, change in delta.get("set", {}).items():
        after[field] = change["new"]
    for field, change in delta.get("text", {}).items():
        diff = texts.TextDiff.from_json(change)
        owner, _, name = field.partition(".")
        if not name:
            after[owner] = texts.apply(state.get(owner) or "", diff)
            continue
        sections = dict(after.get(owner) or {})
        text = texts.apply(sections.pop(name, ""), diff)
        after[owner] = {**sections, name: text} if text else sections
    for field, change in delta.get("members", {}).items():
        after[field] = sorted((set(state.get(field) or ()) - set(change["removed"])) | set(change["added"]))
    for field, changes in delta.get("entries", {}).items():
        entries = dict(state.get(field) or {})
        for key, change in changes.items():
            if "new" in change:
                entries[key] = change["new"]
            else:
                entries.pop(key, None)
        after[field] = entries
    return after


def invert_delta(delta: Delta) -> Delta:
    """The delta that leads back."""
    inverse: Delta = {}
    if "set" in delta:
        inverse["set"] = {field: {"old": c["new"], "new": c["old"]} for field, c in delta["set"].items()}
    if "text" in delta:
        inverse["text"] = {
            field: texts.invert(texts.TextDiff.from_json(change)).to_json()
            for field, change in delta["text"].items()
        }
    if "members" in delta:
        inverse["members"] = {
            field: {"added": c["removed"], "removed": c["added"]} for field, c in delta["members"].items()
        }
    if "entries" in delta:
        inverse["entries"] = {
            field: {key: _swapped(change) for key, change in changes.items()}
            for field, changes in delta["entries"].items()
        }
    return inverse


def _swapped(change: dict[str, Any]) -> dict[str, Any]:
    swapped = {}
    if "new" in change:
        swapped["old"] = change["new"]
    if "old" in change:
        swapped["new"] = change["old"]
    return swapped


def touched(delta: Delta) -> Iterator[str]:
    """The names of what a delta changed; an entry counts by its key, as ``config.key``."""
    yield from delta.get("set", {})
    yield from delta.get("text", {})
    yield from delta.get("members", {})
    for field, changes in delta.get("entries", {}).items():
        for key in changes:
            yield f"{field}.{key}"
