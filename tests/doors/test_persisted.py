"""Operations named instead of sent, and several in one request: by setting, and refused otherwise."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.config import load_settings
from schema.doors import DoorLimits
from schema.persisted import (
    AutomaticQueries,
    TrustedDocuments,
    Unsupported,
    persisted_queries,
    read_trusted_documents,
)
from schema.requests import GraphQLRequest
from tests.doors.application import Application
from tests.doors.conftest import Serve, Served
from tests.doors.sample import make_service

TEXT = "{ __typename }"
OTHER = "query b { add(a: 1) }"
GRAPHQL = {"Accept": "application/graphql-response+json"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}}


async def post(served: Served, body: Any, headers: dict[str, str] = GRAPHQL) -> tuple[int, Any]:
    response = await served.http.post("/graphql", json=body, headers=headers)
    return response.status_code, response.json()


def code(answer: Any) -> str:
    [error] = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.fixture
async def automatic(serve: Serve) -> Served:
    """A server that keeps documents by their hash."""
    return await serve(persisted=AutomaticQueries(10_000))


async def test_a_document_is_sent_once_and_named_from_then_on(automatic: Served) -> None:
    status, answer = await post(automatic, by_hash(TEXT))
    assert (status, code(answer), answer["errors"][0]["message"]) == (
        400,
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
    )
    status, _ = await post(automatic, by_hash(TEXT), {"Accept": "application/json"})
    assert status == 200, "what Apollo's clients expect"
    _, answer = await post(automatic, {"query": TEXT, **by_hash(TEXT)})
    assert answer["data"]
    _, answer = await post(automatic, by_hash(TEXT))
    assert answer["data"]
    _, answer = await post(automatic, {"documentId": f"sha256:{digest(TEXT)}"})
    assert answer["data"]


async def test_by_get_too(automatic: Served) -> None:
    await post(automatic, {"query": TEXT, **by_hash(TEXT)})
    parameters = {"extensions": orjson.dumps(by_hash(TEXT)["extensions"]).decode()}
    assert (await automatic.http.get("/graphql", params=parameters)).json()["data"]
    parameters = {"documentId": digest(TEXT)}
    assert (await automatic.http.get("/graphql", params=parameters)).json()["data"]


async def test_over_sockets_too(automatic: Served) -> None:
    async with automatic.socket(init={}) as client:
        await client.send(id="1", type="subscribe", payload=by_hash(TEXT))
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == (
            "error",
            "PERSISTED_QUERY_NOT_FOUND",
        )
        await client.send(id="1", type="subscribe", payload={"query": TEXT, **by_hash(TEXT)})
        assert (await client.receive())["type"] == "next"
        assert (await client.receive())["type"] == "complete"
        await client.send(id="1", type="subscribe", payload=by_hash(TEXT))
        assert (await client.receive())["type"] == "next"


async def test_a_hash_must_be_the_documents(automatic: Served) -> None:
    status, answer = await post(automatic, {"query": OTHER, **by_hash(TEXT)})
    assert (status, code(answer)) == (400, "BAD_REQUEST")
    _, answer = await post(automatic, by_hash(TEXT))
    assert code(answer) == "PERSISTED_QUERY_NOT_FOUND", "nobody can put a document under another's name"


async def test_only_valid_documents_are_kept(automatic: Served) -> None:
    for text in ("{ nothingSuch }", "{"):
        await post(automatic, {"query": text, **by_hash(text)})
        _, answer = await post(automatic, by_hash(text))
        assert code(answer) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "told",
    [1, "x", [], {}, {"version": 2, "sha256Hash": "x"}, {"version": 1}, {"version": 1, "sha256Hash": 5}],
)
@pytest.mark.parametrize("query", [None, TEXT])
async def test_malformed_names(automatic: Served, told: Any, query: str | None) -> None:
    status, answer = await post(automatic, {"query": query, "extensions": {"persistedQuery": told}})
    assert (status, code(answer)) == (400, "BAD_REQUEST")


def test_what_is_kept_is_bounded() -> None:
    kept = AutomaticQueries(1000)
    for number in range(200):
        text = f"{{ a{number}: __typename }}"
        kept.remember(GraphQLRequest(text, **by_hash(text)))
        assert kept._size == sum(map(len, kept._kept.values())) <= 1000
    assert len(kept._kept) > 30
    long = "{ __typename }" + " " * 100
    kept.remember(GraphQLRequest(long, **by_hash(long)))
    assert digest(long) not in kept._kept


async def test_off_is_said_so(served: Served) -> None:
    status, answer = await post(served, by_hash(TEXT))
    assert (status, code(answer)) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert answer["errors"][0]["message"] == "PersistedQueryNotSupported"
    _, answer = await post(served, {"query": TEXT, **by_hash(TEXT)})
    assert answer["data"]


async def test_only_trusted_documents_are_run(serve: Serve) -> None:
    served = await serve(persisted=TrustedDocuments({"one": TEXT, f"sha256:{digest(OTHER)}": OTHER}))
    for body in (
        {"documentId": "one"},
        {"documentId": digest(OTHER)},
        {"documentId": "one", "query": TEXT},
        {"query": TEXT},
        by_hash(OTHER),
    ):
        status, answer = await post(served, body)
        assert (status, bool(answer.get("data"))) == (200, True), body
    for body in (
        {"query": "{ a: __typename }"},
        {"query": TEXT + " "},
        {"documentId": "one", "query": OTHER},
    ):
        status, answer = await post(served, body)
        assert (status, code(answer)) == (400, "DOCUMENT_NOT_TRUSTED"), body
    status, answer = await post(served, {"documentId": "two"})
    assert (status, code(answer)) == (400, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize(
    "value",
    [
        {"one": TEXT},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": "one", "body": TEXT, "name": "a", "type": "query"}],
        },
    ],
)
def test_files_of_trusted_documents(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(orjson.dumps(value))
    assert read_trusted_documents(path).documents == {"one": TEXT}


def test_a_trusted_document_that_does_not_fit_the_schema_stops_the_start() -> None:
    with pytest.raises(ValueError, match="trusted document two: Cannot query field 'nothingSuch'"):
        make_service(Application(), persisted=TrustedDocuments({"one": TEXT, "two": "{ nothingSuch }"}))


@pytest.mark.parametrize("name", [5, True, [], {"a": 1}])
async def test_a_name_is_a_string(automatic: Served, name: Any) -> None:
    status, answer = await post(automatic, {"query": TEXT, "documentId": name})
    assert (status, code(answer)) == (400, "BAD_REQUEST")


def test_what_the_settings_say(tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(orjson.dumps({"one": TEXT}))
    assert isinstance(persisted_queries(load_settings(trusted_documents=path)), TrustedDocuments)
    assert isinstance(persisted_queries(load_settings(persisted_queries=0)), Unsupported)
    assert isinstance(persisted_queries(load_settings()), AutomaticQueries)


@pytest.mark.parametrize("content", ["", "[]", "5", '{"a": 5}', '{"operations": [{"id": 5}]}', "{"])
def test_files_that_are_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"must hold an object|is not JSON"):
        read_trusted_documents(path)


async def test_batches_are_off_unless_set_and_bounded(serve: Serve, served: Served) -> None:
    batch = [
        {"query": TEXT},
        {"query": 'mutation { write(text: "x") }'},
        {"query": "{"},
        {"query": "subscription { count(to: 1) }"},
    ]
    status, answer = await post(served, batch)
    assert (status, code(answer)) == (400, "BAD_REQUEST")
    assert served.application.written == []
    batching = await serve(DoorLimits(batch=4))
    status, answers = await post(batching, batch)
    assert status == 200
    assert [sorted(answer.keys() - {"extensions"}) for answer in answers] == [
        ["data"],
        ["data"],
        ["errors"],
        ["errors"],
    ]
    assert batching.application.written == ["x"]
    for wrong in ([], [*batch, {"query": TEXT}], [{"query": TEXT}, 5], [[{"query": TEXT}]]):
        status, answer = await post(batching, wrong)
        assert (status, code(answer)) == (400, "BAD_REQUEST")
    assert batching.application.written == ["x"], "nothing of a refused batch is run"
