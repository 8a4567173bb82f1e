"""What must be there before the history can be sent: accounts, a workspace, a project, its words. By the API."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lockstep.replay.documents import POSITION, PROJECT, SIGN_UP, WORKSPACE, setting
from lockstep.replay.doors import Address, Door
from lockstep.replay.history import CLOSED, STARTED, Named, ReplayError
from lockstep.replay.plan import Words

ACCOUNTS = 8
HANDS = 8


@dataclass(frozen=True)
class Account:
    """Someone who is signed in."""

    user: str
    token: str


@dataclass(frozen=True)
class Stage:
    """The project to replay into, who works in it, and where its log stood before the first step."""

    project: str
    scope: str
    accounts: list[Account]
    words: Words
    seq: int
    cursor: str


async def prepare(addresses: list[Address], named: Named, accounts: int = ACCOUNTS) -> Stage:
    """Make everything that the history names, in a new workspace; raises ReplayError if the service refuses."""
    run = secrets.token_hex(4)
    doors = [Door(addresses, place) for place in range(HANDS)]
    try:
        owner, *others = await _accounts(doors, run, ["Replay"] * accounts + named.people)
        for door in doors:
            door.token = owner.token
        door = doors[0]
        workspace = (await _do(door, WORKSPACE, {"name": f"Replay {run}"}))["workspace"]["id"]
        project = (await _do(door, PROJECT, {"workspaceId": workspace, "key": "REPLAY", "name": "Replay"}))[
            "project"
        ]
        emails = [_email(run, place) for place in range(1, len(others) + 1)]
        managers = set(emails[: accounts - 1])
        await _join(doors, workspace, project["id"], emails, managers)
        words = await _words(door, project, named)
        people = [account.user for account in others[accounts - 1 :]]
        words.people.update(zip(named.people, people, strict=True))
        position = (await door.data(POSITION, {"id": project["id"]}))["node"]["position"]
        return Stage(
            project["id"], project["scope"], [owner, *others[: accounts - 1]], words, position["seq"],
            position["cursor"],
        )  # fmt: skip
    finally:
        for door in doors:
            door.abort()


def _email(run: str, place: int) -> str:
    return f"replay-{run}-{place}@replay.example"


async def _accounts(doors: list[Door], run: str, names: list[str]) -> list[Account]:
    async def sign_up(door: Door, place: int) -> Account:
        password = secrets.token_urlsafe(12)
        made = await _do(
            door, SIGN_UP, {"email": _email(run, place), "password": password, "name": names[place]}
        )
        return Account(made["user"]["id"], made["accessToken"])

    return await _spread(doors, range(len(names)), sign_up)


async def _join(
    doors: list[Door], workspace: str, project: str, emails: list[str], managers: set[str]
) -> None:
    """Members of the workspace first, then of the project; those who replay may delete comments of others."""
    to_workspace = setting("workspaceMemberAdd", "WorkspaceMemberAddInput", "")
    to_project = setting("projectMemberAdd", "ProjectMemberAddInput", "")

    async def join(door: Door, email: str) -> None:
        await _do(door, to_workspace, {"workspaceId": workspace, "email": email})
        role = "MANAGER" if email in managers else "MEMBER"
        await _do(door, to_project, {"projectId": project, "email": email, "role": role})

    await _spread(doors, emails, join)


async def _words(door: Door, project: dict[str, Any], named: Named) -> Words:
    """The history's statuses, types and labels; those that a new project has are used."""
    statuses = {row["name"].lower(): (row["id"], row["category"]) for row in project["statuses"]}
    types = {row["name"].lower(): row["id"] for row in project["taskTypes"]}
    ids: dict[str, dict[str, str]] = {"statuses": {}, "types": {}, "labels": {}}
    closed = {one for one, category in statuses.values() if category in {"COMPLETED", "CANCELLED"}}
    for name in named.statuses:
        if name.lower() in statuses:
            ids["statuses"][name] = statuses[name.lower()][0]
            continue
        category = "COMPLETED" if name in CLOSED else "STARTED" if name in STARTED else "UNSTARTED"
        made = await _word(door, project["id"], "status", "Status", name, category=category)
        statuses[name.lower()] = (made, category)
        ids["statuses"][name] = made
        closed |= {made} if category == "COMPLETED" else set()
    for what, known, named_ones in (("taskType", types, named.types), ("label", {}, named.labels)):
        for name in named_ones:
            if name.lower() not in known:
                kind = what[0].upper() + what[1:]
                known[name.lower()] = await _word(door, project["id"], what, kind, name)
            ids["types" if what == "taskType" else "labels"][name] = known[name.lower()]
    return Words(ids["statuses"], ids["types"], ids["labels"], {}, frozenset(closed))


async def _word(door: Door, project: str, what: str, kind: str, name: str, **more: str) -> str:
    document = setting(f"{what}Create", f"{kind}CreateInput", f"{what} {{ id }}")
    made = await _do(door, document, {"projectId": project, "name": name, **more})
    return str(made[what]["id"])


async def _do(door: Door, document: str, wanted: dict[str, Any]) -> dict[str, Any]:
    (payload,) = (await door.data(document, {"input": wanted})).values()
    if payload["errors"]:
        raise ReplayError(f"the service refused the preparations: {payload['errors'][0]['message']}")
    return payload  # type: ignore[no-any-return]


async def _spread(
    doors: list[Door], jobs: Iterable[Any], do: Callable[[Door, Any], Awaitable[Any]]
) -> list[Any]:
    """Do jobs over several connections at once; the results in the jobs' order."""
    waiting = list(enumerate(jobs))[::-1]
    results: dict[int, Any] = {}

    async def hand(door: Door) -> None:
        while waiting:
            place, job = waiting.pop()
            results[place] = await do(door, job)

    async with asyncio.TaskGroup() as group:
        for door in doors:
            group.create_task(hand(door))
    return [results[place] for place in sorted(results)]
