"""Who may see what, decided from the facts of the world alone: nothing of the service is asked.

The facts are those of `tests.world` and `tests.access.places`; what follows from them is what docs/permissions.md
says in words, written down a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.access.places import PERSONS, PROJECTS, Places, mark
from tests.world import World

WORKS = {
    "owner": "OWNER", "admin": "ADMIN", "manager": "MEMBER", "member": "MEMBER", "viewer": "MEMBER",
    "guest": "GUEST", "colleague": "MEMBER", "robot": "GUEST",
}  # fmt: skip
"""Roles in the world's workspace. The outsider owns the other one."""

BY_NAME = {
    "ENG": {"owner": "ADMIN", "manager": "MANAGER", "member": "MEMBER", "viewer": "VIEWER", "guest": "MEMBER",
            "robot": "VIEWER"},
    "OPS": {"owner": "ADMIN", "member": "MEMBER"},
    "OPN": {"owner": "ADMIN"}, "SEC": {"owner": "ADMIN"}, "TEA": {"owner": "ADMIN"}, "ELS": {"outsider": "ADMIN"},
}  # fmt: skip
"""Roles in projects that were given to somebody by name."""

BY_TEAM = {"TEA": {"colleague": "MEMBER", "guest": "MEMBER"}}

ADMINS = ("owner", "admin")

LISTED = ("Project", "Invitation")
"""Of these a workspace's log tells its members that there is one, by its id alone: `ProjectListed` and its like."""


def roles() -> dict[str, dict[str, str]]:
    """Everybody's role in each project that they see."""
    found = {key: {**BY_TEAM.get(key, {}), **BY_NAME[key]} for key in PROJECTS}
    for key in PROJECTS:
        if key != "ELS":
            found[key] |= dict.fromkeys(ADMINS, "ADMIN")
    found["OPN"] |= {
        name: "VIEWER" for name, role in WORKS.items() if role != "GUEST" and name not in found["OPN"]
    }
    return found


ROLES = roles()


def workspace_role(person: str, place: str) -> str | None:
    """Their role in the workspace WRK or ELW."""
    if place == "ELW":
        return "OWNER" if person == "outsider" else None
    return WORKS.get(person)


def knows(person: str, other: str) -> bool:
    """Whether somebody may look somebody else up."""
    if person == other:
        return True
    if workspace_role(person, "WRK") not in (None, "GUEST") and other in WORKS:
        return True
    return any(person in ROLES[key] and other in BY_NAME[key] | BY_TEAM.get(key, {}) for key in PROJECTS)


@dataclass(frozen=True)
class Thing:
    """Something with an id: where it is and what."""

    place: str
    kind: str
    id: str


class Oracle:
    """Says of any id of the places who sees it."""

    def __init__(self, world: World, places: Places) -> None:
        self.places = places
        self._things = {
            (place, kind, one): Thing(place, kind, one)
            for place, kinds in places.ids.items()
            for kind, ids in kinds.items()
            for one in ids
        }
        self._by_id = {thing.id: thing for thing in self._things.values()}

    def things(self) -> Iterator[Thing]:
        """The first of each kind in each place: the ones to ask for."""
        for place, kinds in self.places.ids.items():
            for kind, ids in kinds.items():
                yield self._things[place, kind, ids[0]]

    def sees(self, person: str, thing: Thing) -> bool:
        """Whether `node(id:)` gives it to them (a scope: whether they may follow it)."""
        place, kind = thing.place, thing.kind
        place = "ENG" if place == "RED" else place
        if place.startswith("of:"):
            return self._sees_own(person, place.removeprefix("of:"), kind)
        if "+" in place:
            return all(person in ROLES[one] for one in place.split("+"))
        if place in ("WRK", "ELW"):
            return self._sees_of_workspace(person, place, kind)
        if kind == "Team":
            # A team of a project: colleagues know all teams, guests their own and those of their projects.
            return workspace_role(person, "WRK") not in (None, "GUEST") or person in ROLES[place]
        return person in ROLES[place]

    def hidden_ids(self, person: str) -> Iterator[str]:
        """Ids that no answer to this person holds unasked, but those of what once was theirs to see."""
        told = {self.places.crossing["task"], self.places.crossing["comment"]}
        for thing in self._things.values():
            # A link is told of at both ends; people and scopes are named by what they do in places one sees.
            if "+" in thing.place or thing.kind in ("User", "Scope") or thing.id in told:
                continue
            if (
                thing.kind in LISTED
                and workspace_role(person, "WRK") not in (None, "GUEST")
                and thing.place not in ("ELS", "ELW")
            ):
                continue
            if not self.sees(person, thing):
                yield thing.id

    def knows_id(self, person: str, identifier: str) -> bool | None:
        """The same by id; None for an id of none of the places."""
        thing = self._by_id.get(identifier)
        return None if thing is None else self.sees(person, thing)

    def scopes(self, person: str) -> Iterator[str]:
        """The scopes that somebody may follow."""
        for thing in self._things.values():
            if thing.kind == "Scope" and self.sees(person, thing):
                yield thing.id

    def _sees_own(self, person: str, whose: str, kind: str) -> bool:
        if kind == "User":
            return knows(person, whose)
        if kind == "AccessToken" and whose == "robot" and person in ADMINS:
            return True
        return person == whose

    def _sees_of_workspace(self, person: str, place: str, kind: str) -> bool:
        role = workspace_role(person, place)
        if kind == "Workspace":
            return role is not None
        if kind in ("Invitation", "AccessToken", "AuditEntry"):
            return role in ("OWNER", "ADMIN")
        if kind in ("Team", "User") and place == "WRK" and person in ROLES["ENG"]:
            return True  # the bystander and their team hold roles there
        return role not in (None, "GUEST")


def hidden_marks(person: str) -> Iterator[str]:
    """The words that no answer to this person may hold."""
    yield from (mark(key) for key in PROJECTS if person not in ROLES[key])
    if person not in ROLES["TEA"] and workspace_role(person, "WRK") in (None, "GUEST"):
        yield mark("TEAM")
    if workspace_role(person, "WRK") in (None, "GUEST"):
        # Guests know the workspace itself, its name too.
        yield from () if person in ROLES["ENG"] else (f"Team {mark('WRK')}", f"Robot {mark('WRK')}")
    if workspace_role(person, "WRK") is None:
        yield mark("WRK")
    if person not in ADMINS:
        yield from (f"Token {mark('WRK')}", f"{mark('WRK')}@invited", "passing@invited")
    if person != "outsider":
        yield from (mark("ELW"), "Outsider")
    yield from (f"zq{name}zq" for name in PERSONS if name != person)
    yield from (f"{name}@lockstep" for name in PERSONS if name not in (person, "robot"))
