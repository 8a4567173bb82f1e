"""Tokens of programs see what their owner sees, or less; never more."""

from __future__ import annotations

import pytest

from tests.access.conftest import Access
from tests.access.fields import variables_of
from tests.access.oracle import ROLES
from tests.access.places import PROJECTS
from tests.access.views import differences, without_viewer
from tests.access.watch import Watch

NOT_BY_TOKEN = ("sessions", "accessTokens", "auditLog", "identities")
"""Fields that a token may be refused, whatever its owner sees."""


@pytest.mark.parametrize("person", ["owner", "guest", "outsider"])
@pytest.mark.parametrize("scopes", [("READ",), ("READ", "WRITE", "ADMIN")], ids="+".join)
async def test_a_token_shows_what_its_owner_sees(
    access: Access, person: str, scopes: tuple[str, ...]
) -> None:
    owner = access.person(person)
    made = await owner.do("accessTokenCreate", name="For a test", scopes=list(scopes))
    client = access.service.client(made["token"])
    watch = Watch(person, access.watches[person].words)
    client._http.event_hooks["response"].append(watch.hear)
    assert access.fields.schema.query_type is not None
    for name in access.fields.schema.query_type.fields:
        if name in ("viewer", "rateLimit"):
            continue
        for place in (one for one in ("ENG", "SEC", "ELS") if one in PROJECTS):
            for document in access.fields.root(name, 0).values():
                asked = variables_of(document, access.root_values(place))
                mine, theirs = (
                    (await owner.ask(document, asked)).json,
                    (await client.ask(document, asked)).json,
                )
                if "FORBIDDEN" in str(theirs.get("errors")):
                    assert all(one in str(document) for one in ("Workspace",)) or person in ROLES[place]
                    continue
                found = differences(without_viewer(mine.get("data")), without_viewer(theirs.get("data")))
                assert not found, (name, place, found)
    watch.check()
    access.check()
