"""What one acknowledged edit makes of a task, worked out from what the client saw and sent."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from lockstep.replay.oracle.records import Sent, State

_WORD = re.compile(r"\S+")


class Overwritten(Exception):
    """The edit went over a change that its sender had not seen."""


def words(text: str) -> Counter[str]:
    """How often each word stands in a text."""
    return Counter(_WORD.findall(text))


def value_after(base: Any, theirs: Any, yours: Any) -> Any:
    """A short value when both may have changed it since `base`; raises Overwritten if both did, differently."""
    if yours in (theirs, base):
        return theirs
    if theirs == base:
        return yours
    raise Overwritten


def check_words(base: str, theirs: str, yours: str, result: str) -> str | None:
    """What is wrong with a merged text, by counting words; None if nothing is.

    Whatever way a merge takes, each word must stand in it as often as in theirs, plus what yours brought, less
    what yours took. Only what both sides changed in the same direction may have been the same edit, once.
    """
    before, other, own, found = words(base), words(theirs), words(yours), words(result)
    for word in before.keys() | other.keys() | own.keys() | found.keys():
        mine, by_others = own[word] - before[word], other[word] - before[word]
        least = most = other[word] + mine
        if mine > 0 and by_others > 0:
            least -= min(mine, by_others)
        elif mine < 0 and by_others < 0:
            most += min(-mine, -by_others)
        if not least <= found[word] <= most:
            return f"the word {word[:40]!r} stands {found[word]} times, not {least}" + (
                f" to {most}" if most != least else ""
            )
    return None


def text_after(base: str, theirs: str, yours: str) -> str | None:
    """A text after an edit, where no merge by words is needed; None where one is."""
    if yours in (theirs, base):
        return theirs
    return yours if theirs == base else None


def created(sent: Sent) -> State:
    """The task that a create makes, in the fields that it decides."""
    return {
        **sent.values,
        "sections": {name: text for name, text in sent.texts.items() if text},
        "assigneeIds": sorted(sent.added.get("assigneeIds", ())),
        "labelIds": sorted(sent.added.get("labelIds", ())),
        "version": 1,
    }


def edited(sent: Sent, base: State, current: State, found: State | None) -> tuple[State, list[str]]:
    """The task after an edit on `base`, applied to `current`, and which of its texts were merged by words.

    `found` is the state that the log has: only a merged text is taken from it, and only if its words are
    right. Raises Overwritten naming the field.
    """
    after, merged = dict(current), []
    for name, yours in sent.values.items():
        try:
            after[name] = value_after(base.get(name), current.get(name), yours)
        except Overwritten:
            raise Overwritten(
                f"{name} was {base.get(name)!r} to its sender, and had become {current.get(name)!r}"
            ) from None
    sections = dict(current["sections"])
    for name, yours in sent.texts.items():
        old, theirs = base["sections"].get(name, ""), current["sections"].get(name, "")
        text = text_after(old, theirs, yours)
        if text is None:
            text = (found or current)["sections"].get(name, "")
            wrong = check_words(old, theirs, yours, text)
            if wrong is not None:
                raise Overwritten(f"the merged {name} is wrong: {wrong}")
            merged.append(name)
        sections[name] = text
    after["sections"] = {name: text for name, text in sections.items() if text}
    for name in ("assigneeIds", "labelIds"):
        kept = set(current[name]) - set(sent.removed.get(name, ()))
        after[name] = sorted(kept | set(sent.added.get(name, ())))
    return after, merged


def same(one: State, other: State) -> bool:
    """Whether two states agree in everything but their version."""
    return {**one, "version": 0} == {**other, "version": 0}
