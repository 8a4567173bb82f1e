"""An exported state as it stands where it is imported: other ids where needed, people of there.

Ids are kept where they are free. Where they are not, each becomes another one that follows from it and from the place
it goes to, so that a second run comes to the same ids and finds what the first one made.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.exchange.lines import comparisons_of, people_in
from app.history.states import State
from app.tasks.grammar import Kind, kind_of

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MENTION = re.compile(r"\(user:(" + _ID.pattern + r")\)")
_PEOPLE = frozenset({"creator_id", "author_id", "user_id", "assignee_ids"})
_IDS = re.compile(r"(.+_)?ids?|fields|options|conditions|actions")
"""Fields of states that hold ids, or objects with them; no others are looked into."""

_TYPED = frozenset({"text", "url", "name", "set_close_reason"})
"""Within those, what people typed: it stays, though it look like an id."""


def derived_id(old: UUID, place: UUID) -> UUID:
    """Another id of version 7: the time of the old one, and bits that follow from it and from the place."""
    digest = hashlib.blake2b(place.bytes + old.bytes, digest_size=10).digest()
    random = int.from_bytes(digest) & ((1 << 74) - 1)
    time = old.int >> 80
    return UUID(int=time << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & ((1 << 62) - 1))


@dataclass(frozen=True)
class Copies:
    """How ids and people of one export are called in one place. ``place`` None: ids are kept."""

    place: UUID | None
    people: Mapping[UUID, UUID]

    def id(self, old: str) -> UUID:
        """The id of an object that is no person."""
        found = UUID(old)
        return found if self.place is None else derived_id(found, self.place)

    def state(self, state: State) -> State:
        """The state there. People who are nobody there are left out."""
        return {name: self._field(name, value) for name, value in state.items()}

    def lost(self, state: State) -> set[UUID]:
        """The people whom it names and who are nobody there."""
        return {one for one in people_in(state) if one not in self.people}

    def _field(self, name: str, value: Any) -> Any:
        if name in _PEOPLE:
            if isinstance(value, list):
                # Two who are called alike there are one here.
                return sorted({str(self.people[UUID(one)]) for one in value if UUID(one) in self.people})
            return str(self.people[UUID(value)]) if value and UUID(value) in self.people else None
        if name in ("filter", "columns", "sections") and isinstance(value, dict):
            return {"filter": self._filter, "columns": self._columns, "sections": self._sections}[name](value)
        if name == "body":
            return self._text(value)
        if name == "sort" and isinstance(value, str):  # a view's, which names custom fields by id
            return _ID.sub(lambda found: str(self.id(found[0])), value)
        found = self._within(value) if _IDS.fullmatch(name) else value
        return sorted(found) if isinstance(found, list) and name.endswith("_ids") else found

    def _sections(self, sections: dict[str, str]) -> dict[str, Any]:
        return {section: self._text(text) for section, text in sections.items()}

    def _columns(self, columns: dict[str, Any]) -> dict[str, Any]:
        """A board's: their ids are known in it alone, and the order of their statuses is told."""
        return {
            column: {**one, "status_ids": self._within(one["status_ids"])} for column, one in columns.items()
        }

    def _within(self, value: Any) -> Any:
        if isinstance(value, str):
            return str(self.id(value)) if _ID.fullmatch(value) else value
        if isinstance(value, list):
            return [self._within(one) for one in value]
        if isinstance(value, dict):
            return {
                self._within(key): self._field(key, one)
                if key == "user_id"
                else one
                if key in _TYPED
                else self._within(one)
                for key, one in value.items()
            }
        return value

    def _filter(self, kept: dict[str, Any]) -> dict[str, Any]:
        """A filter of a view or board, with the project whose words it names."""
        made = copy.deepcopy(kept)
        made["project"] = str(self.id(kept["project"])) if kept.get("project") else None
        for node in comparisons_of(made):
            people = kind_of(node["field"]) is Kind.PERSON and node["op"] not in ("me", "null")
            node["field"] = ".".join(map(self._within, node["field"].split(".")))
            node["value"] = self._people(node["value"]) if people else self._within(node["value"])
        return made

    def _people(self, value: Any) -> Any:
        if isinstance(value, list):
            return sorted(map(self._people, value))
        return str(self.people.get(UUID(value), UUID(value)))

    def _text(self, text: str) -> str:
        def mention(found: re.Match[str]) -> str:
            return f"(user:{self.people.get(UUID(found[1]), UUID(found[1]))})"

        return _MENTION.sub(mention, text)
