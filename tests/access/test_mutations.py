"""Every mutation × everybody × own project, another project, another tenant, signed out."""

from __future__ import annotations

from typing import Any

import pytest

from app.permissions import Anybody
from tests.access.alike import ghosts_of, told
from tests.access.conftest import Access
from tests.access.places import PERSONS
from tests.access.requests import Requests
from tests.access.rules import (
    ALLOWED,
    NOT_FOUND,
    OF_ONESELF,
    ONLY_ADMINS_SEE,
    WITHOUT_IDS,
    outcome,
    rule_of,
)
from tests.access.views import differences
from tests.client import JSON
from tests.invariants import id_places, replaced
from tests.ledger import Log

PLACES = ("ENG", "SEC", "ELS")
PUBLIC = frozenset(
    {
        "signUp", "signIn", "tokenRefresh", "socketRenew", "emailConfirm", "emailChange", "passwordResetRequest",
        "passwordReset", "oidcExchange",
    }
)  # fmt: skip
"""What can be sent by somebody who is not signed in."""

BY_ADDRESS = ("workspaceMemberAdd",)
"""Who may send it is told that nobody has the address."""

NOTED = ("audit_entries", "access_tokens")
"""Where a refusal leaves a trace: that it was refused, and when the robot's token was last used."""

ENDING = ("Delete", "Remove", "Revoke", "Erase")


def test_every_mutation_has_a_rule_and_an_input(access: Access) -> None:
    requests = Requests(access.fields.schema, access.places)
    without = [
        name
        for name in requests.mutations
        if rule_of(name) is None and name not in OF_ONESELF | ONLY_ADMINS_SEE | WITHOUT_IDS
    ]
    assert not without, f"who may send {without}?"
    for name in requests.mutations:
        places = id_places(requests.input(name, "ENG"))
        assert bool(places) is (name not in WITHOUT_IDS), name


@pytest.mark.parametrize("place", PLACES)
async def test_who_is_told_what(access: Access, log: Log, place: str) -> None:
    """Everybody's refusals first: they write nothing. Then whoever may is let in."""
    await prove_refused(access, log, place)
    requests, failures = Requests(access.fields.schema, access.places), []
    for person in reversed(PERSONS):
        for name in _about(requests):
            if outcome(person, name, place) == ALLOWED and not _ends(name):
                code = await _code(access, requests, person, name, place)
                if code in ("PERMISSION_DENIED", "NOT_FOUND", "UNAUTHENTICATED", "FORBIDDEN", "INTERNAL"):
                    failures.append(f"{person} may {name} in {place}, and is told {code}")
    assert not failures, "\n".join(failures)
    access.check()


async def prove_refused(access: Access, log: Log, place: str) -> None:
    """Who may not is told so, or that there is nothing, as the table says; nothing is written."""
    requests, failures = Requests(access.fields.schema, access.places), []
    before = await log.fingerprint()
    for person in PERSONS:
        names = [name for name in _about(requests) if outcome(person, name, place) != ALLOWED]
        failures += await _refused(access, requests, person, place, names)
    after = await log.fingerprint()
    written = [name for name in before if before[name] != after[name] and name not in NOTED]
    assert not failures, "\n".join(failures)
    assert not written, f"refusals wrote into {written}"


@pytest.mark.parametrize("person", PERSONS)
async def test_about_hidden_things_is_like_about_missing_ones(access: Access, person: str) -> None:
    await prove_refusals_alike(access, person)


async def prove_refusals_alike(access: Access, person: str) -> None:
    """All that hidden things hide in one document: the same body, for the same statements, as of missing things."""
    requests, failures = Requests(access.fields.schema, access.places), []
    for place in PLACES:
        names = [name for name in _sendable(requests, person) if outcome(person, name, place) == NOT_FOUND]
        # What needs both a place that is seen and one that is not is refused for the place, seen or not.
        if not names or (place == "ENG" and person != "outsider"):
            continue
        if await _differences(access, requests, person, place, names):
            for name in names:
                found = await _differences(access, requests, person, place, [name])
                failures += [f"{name} about {place} tells {person}: {one}" for one in found]
    assert not failures, "\n".join(failures)
    access.check()


async def test_signed_out_nothing_is_done(access: Access, log: Log) -> None:
    """Nothing is even asked of the database."""
    requests, client = Requests(access.fields.schema, access.places), access.world.nobody
    before = await log.fingerprint()
    for name in requests.mutations:
        permission = rule_of(name)
        if name in PUBLIC:
            continue
        assert permission is None or permission.rule.needs is not Anybody.SIGNED_OUT, name
        with access.service.statements() as counted:
            answer = await client.ask(requests.document([name]), {"m0": requests.input(name, "ENG")})
        assert (answer.codes, len(counted)) == (["UNAUTHENTICATED"], 0), name
        assert answer.json["data"] is None
    assert await log.fingerprint() == before


def _about(requests: Requests) -> list[str]:
    return [name for name in requests.mutations if name not in WITHOUT_IDS]


def _ends(name: str) -> bool:
    return name.endswith(ENDING) or name in BY_ADDRESS


def _sendable(requests: Requests, person: str) -> list[str]:
    """A token of a program cannot send what is of a sign-in: tests/access_tokens has that."""
    own = {"sessionRevoke", "accessTokenRevoke", "identityUnlink", "accessTokenCreate"}
    return [name for name in _about(requests) if person != "robot" or name not in own]


async def _refused(
    access: Access, requests: Requests, person: str, place: str, names: list[str]
) -> list[str]:
    names = [name for name in names if name in _sendable(requests, person)]
    if not names:
        return []
    variables = {f"m{number}": _input(access, requests, name, place) for number, name in enumerate(names)}
    answer = await access.person(person).ask(requests.document(names), variables)
    if answer.json.get("data") is None:
        return [f"{person} in {place}: {answer.body[:500]!r}"]
    failures = []
    for number, name in enumerate(names):
        codes = [error["code"] for error in answer.json["data"][f"m{number}"]["errors"]]
        wanted = outcome(person, name, place)
        if codes[:1] != [wanted]:
            failures.append(f"{person}: {name} in {place} should be {wanted}, is {codes}")
    return failures


async def _code(access: Access, requests: Requests, person: str, name: str, place: str) -> str | None:
    if name not in _sendable(requests, person):
        return None
    answer = await access.person(person).ask(
        requests.document([name]), {"m0": _input(access, requests, name, place)}
    )
    if answer.codes:
        return answer.codes[0]
    codes = [error["code"] for error in answer.json["data"]["m0"]["errors"]]
    return codes[0] if codes else None


def _input(access: Access, requests: Requests, name: str, place: str) -> JSON:
    given = requests.input(name, place)
    if name == "taskTransfer" and place != "ELS":
        given["projectId"] = access.places.of("OPS", "Project")
    return given


async def _differences(
    access: Access, requests: Requests, person: str, place: str, names: list[str]
) -> list[str]:
    hidden = {f"m{number}": requests.input(name, place) for number, name in enumerate(names)}
    spots, ghosts = id_places(hidden), hidden
    ids = [_at(hidden, spot) for spot in spots]
    nothing = ghosts_of(ids)
    for spot, ghost in zip(spots, nothing, strict=True):
        ghosts = replaced(ghosts, spot, ghost)
    ids += nothing
    document = requests.document(names)
    answers = [
        await told(access.service, access.person(person), document, given, ids) for given in (hidden, ghosts)
    ]
    (status, body, statements), missed = answers
    return differences([status, body.split(","), statements], [missed[0], missed[1].split(","), missed[2]])


def _at(value: Any, spot: tuple[Any, ...]) -> str:
    for step in spot:
        value = value[step]
    return str(value)
