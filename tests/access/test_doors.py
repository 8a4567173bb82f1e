"""The same operations through every door: the same answers, and hidden like missing; and what is no GraphQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from tests.access.conftest import Access
from tests.access.oracle import ROLES, workspace_role
from tests.access.places import PERSONS, PROJECTS
from tests.client import JSON, Client
from tests.invariants import missing

DOCUMENT = """query($id: ID!, $ids: [ID!]!, $key: String!, $project: ID!) {
  node(id: $id) { __typename id } nodes(ids: $ids) { __typename id } project(key: $key) { id name }
  projects { id name } tasks(first: 50, projectIds: [$project]) { totalCount nodes { id title } }
}"""
JSON_TYPE = "application/graphql-response+json"


def _headers(client: Client, accept: str = JSON_TYPE) -> dict[str, str]:
    return {"Accept": accept, **({"Authorization": f"Bearer {client.token}"} if client.token else {})}


async def _post(client: Client, variables: JSON, accept: str = JSON_TYPE, **body: Any) -> httpx.Response:
    given = {"query": DOCUMENT, "variables": variables, **body}
    return await client._http.post("/graphql", json=given, headers=_headers(client, accept))


async def by_post(client: Client, variables: JSON) -> Any:
    return (await _post(client, variables)).json()


async def by_old_post(client: Client, variables: JSON) -> Any:
    return (await _post(client, variables, "application/json")).json()


async def by_get(client: Client, variables: JSON) -> Any:
    asked = {"query": DOCUMENT, "variables": orjson.dumps(variables).decode()}
    return (await client._http.get("/graphql", params=asked, headers=_headers(client))).json()


async def by_batch(client: Client, variables: JSON) -> Any:
    body = [{"query": "{ __typename }"}, {"query": DOCUMENT, "variables": variables}]
    return (await client._http.post("/graphql", json=body, headers=_headers(client))).json()[1]


async def by_hash(client: Client, variables: JSON) -> Any:
    """Kept by somebody else before: that it is known says nothing of what it shows."""
    named = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(DOCUMENT.encode()).hexdigest()}}
    await _post(client, variables, extensions=named)
    body = {"variables": variables, "extensions": named}
    return (await client._http.post("/graphql", json=body, headers=_headers(client))).json()


async def by_events(client: Client, variables: JSON) -> Any:
    text = (await _post(client, variables, "text/event-stream")).text
    return orjson.loads(re.findall(r"^data: ?(\{.*)$", text, re.MULTILINE)[0])


async def by_multipart(client: Client, variables: JSON) -> Any:
    text = (await _post(client, variables, "multipart/mixed;subscriptionSpec=1.0")).text
    found = orjson.loads(re.findall(r"^(\{.+\})\r?$", text, re.MULTILINE)[0])
    return found.get("payload", found)


async def by_socket(client: Client, variables: JSON) -> Any:
    async with client.socket() as socket:
        return await socket.run(DOCUMENT, **variables)


DOORS: tuple[Callable[[Client, JSON], Awaitable[Any]], ...] = (
    by_post, by_old_post, by_get, by_batch, by_hash, by_events, by_multipart, by_socket,
)  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
async def test_every_door_answers_alike(
    access: Access, door: Callable[[Client, JSON], Awaitable[Any]]
) -> None:
    for person in PERSONS:
        client = access.person(person)
        for place in ("ENG", "SEC", "ELS"):
            variables = _variables(access, place)
            answer, wanted = await door(client, variables), await by_post(client, variables)
            assert answer["data"] == wanted["data"], (person, place, answer)
            access.watches[person].read(orjson.dumps(answer), door.__name__)
            if person not in ROLES[place]:
                ghosts = {
                    "id": missing(variables["id"]), "ids": [missing(one) for one in variables["ids"]], "key": "ZZZ",
                    "project": missing(variables["project"]),
                }  # fmt: skip
                assert (await door(client, ghosts))["data"] == answer["data"], (person, place)
    nobody = await door(access.world.nobody, _variables(access, "ENG"))
    errors = nobody if isinstance(nobody, list) else nobody["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"UNAUTHENTICATED"}
    access.check()


def _variables(access: Access, place: str) -> JSON:
    kinds = access.places.ids[place]
    return {
        "id": kinds["Task"][0], "ids": [ids[0] for ids in kinds.values()], "key": place, "project": kinds["Project"][0],
    }  # fmt: skip


@pytest.mark.parametrize("person", PERSONS)
async def test_downloads(access: Access, person: str) -> None:
    """The audit log for those who administer the workspace; what is held about oneself for oneself."""
    client = access.person(person)
    for place in ("WRK", "ELW"):
        role = workspace_role(person, place)
        workspace = access.places.of(place, "Workspace")
        for form in ("csv", "jsonl"):
            answer = await client._http.get(f"/exports/audit/{workspace}.{form}", headers=_headers(client))
            if role in ("OWNER", "ADMIN"):
                assert answer.status_code == 200
                continue
            assert answer.status_code == (404 if role is None else 403), (person, place, answer.content)
            if role is None:
                ghost = await client._http.get(
                    f"/exports/audit/{missing(workspace)}.{form}", headers=_headers(client)
                )
                assert _plain(ghost) == _plain(answer)
    mine = await client._http.get("/exports/me.json", headers=_headers(client))
    assert mine.status_code == (403 if person == "robot" else 200)
    access.check()


async def test_signed_out_nothing_is_downloaded(access: Access) -> None:
    client = access.world.nobody
    for path in (f"/exports/audit/{access.places.of('WRK', 'Workspace')}.csv", "/exports/me.json"):
        answer = await client._http.get(path)
        assert answer.status_code == 401
        assert "UNAUTHENTICATED" in answer.text


async def test_other_addresses_say_nothing_of_anybody(access: Access) -> None:
    """What is served without a sign-in, searched for the marks of every place and person."""
    marks = [f"zq{place.lower()}zq" for place in (*PROJECTS, "wrk", "elw")]
    marks += [f"{name}@lockstep" for name in PERSONS]
    for path in ("/", "/health/live", "/health/ready", "/metrics", "/.well-known/jwks.json", "/nothing"):
        answer = await access.world.nobody._http.get(path)
        text = answer.text + str(answer.headers)
        assert not [one for one in marks if one in text], path


def _plain(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(r'"requestId":"[^"]*"', "", answer.text)
