"""What execution promises whatever the door: masked bugs, codes on errors, one context each, and bounds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from graphql import get_introspection_query
from strawberry.extensions import SchemaExtension

from schema.documents import DocumentLimits, Documents
from schema.execution import GraphQLService
from schema.requests import GraphQLRequest
from tests.doors.application import Application, Session, open_context
from tests.doors.conftest import Serve, Served
from tests.doors.sample import make_schema, make_service


def session_of(application: Application) -> Session:
    """Nobody's session."""
    return Session(application, "request", "http", None, None, None)


async def test_bugs_are_masked_and_logged(served: Served, logged: list[Any]) -> None:
    response = await served.http.post(
        "/graphql", json={"query": "{ node { maybeBroken } }"}, headers={"X-Request-ID": "traced"}
    )
    assert response.status_code == 200
    assert response.json()["data"] == {"node": {"maybeBroken": None}}
    assert response.json()["errors"] == [
        {
            "message": "Internal server error",
            "locations": [{"line": 1, "column": 10}],
            "path": ["node", "maybeBroken"],
            "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "traced"},
        }
    ]
    assert "secret" not in response.text
    assert [entry["request_id"] for entry in logged] == ["traced"]
    assert isinstance(logged[0]["exc_info"], ValueError)
    assert logged[0]["exc_info"].__traceback__ is not None


@pytest.mark.parametrize(
    "query",
    [
        "{ node { broken } }",
        "{ outOfRange }",
        "{ unencodable }",
        "{ surrogate }",
    ],
)
async def test_what_we_get_wrong_is_internal(served: Served, query: str, logged: list[Any]) -> None:
    response = await served.query(query)
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "data" in response.json()
    assert logged


async def test_each_operation_is_told_by_its_request_id(served: Served, told: list[Any]) -> None:
    await served.http.post(
        "/graphql", json={"query": "query Named { __typename }"}, headers={"X-Request-ID": "found-again"}
    )
    line = next(entry for entry in told if entry["event"] == "operation")
    assert (line["request_id"], line["kind"], line["name"], line["code"]) == (
        "found-again",
        "query",
        "Named",
        None,
    )
    assert line["ms"] >= 0


async def test_a_lost_database_is_a_500(served: Served, logged: list[Any]) -> None:
    served.application.database_down = True
    for accept in ("application/json", "application/graphql-response+json"):
        response = await served.http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Accept": accept}
        )
        assert response.status_code == 500
        assert set(response.json()) == {"errors"}
        assert "secret" not in response.text
    assert len(logged) == 2


async def test_a_failing_sign_in_is_a_500(served: Served, logged: list[Any]) -> None:
    response = await served.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": "Bearer crash"}
    )
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in response.text
    assert logged


async def test_client_errors_keep_their_code_and_data(served: Served, logged: list[Any]) -> None:
    answer = (await served.query("{ tooCostly hidden }")).json()
    assert [(error["message"], error["extensions"]) for error in answer["errors"]] == [
        ("Slow down.", {"code": "RATE_LIMITED", "retryAfterSeconds": 7}),
        ("The task not found.", {"code": "NOT_FOUND"}),
    ]
    assert not logged


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ thing(thingId: "nonsense") }', {}),
        ('{ thing(thingId: "VGFzaw==") }', {}),
        ("query ($p: Point!) { place(point: $p) }", {"p": {"x": 1, "label": None}}),
        ("query ($on: Boolean) { __typename @skip(if: $on) }", {"on": None}),
        ("query ($a: Int) { add(a: 1, b: $a) }", {"a": None}),
    ],
)
async def test_arguments_found_wrong_late_are_the_clients(
    served: Served, query: str, variables: dict[str, Any], logged: list[Any]
) -> None:
    (error,) = (await served.query(query, variables=variables)).json()["errors"]
    assert error["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert not logged


async def test_each_execution_has_its_own_context(served: Served) -> None:
    for expected in range(3):
        answer = (await served.query("{ a: __typename requestId }")).json()
        assert answer["extensions"]["context"] == expected
    assert not any(context.open for context in served.application.contexts)


async def test_the_context_is_closed_before_encoding() -> None:
    application = Application()
    service = make_service(application)
    answer = await service.execute(service.prepare(GraphQLRequest("{ requestId }")), session_of(application))
    assert not application.contexts[0].open
    assert orjson.loads(answer.json())["data"] == {"requestId": "request"}


@pytest.mark.parametrize(
    ("limits", "query", "code", "says"),
    [
        (DocumentLimits(tokens=9), "{ a b c d e f g h }", "GRAPHQL_PARSE_FAILED", "9 tokens"),
        (DocumentLimits(tokens=9), "{ a " + "#\n" * 10 + "}", "GRAPHQL_PARSE_FAILED", "9 comments"),
        (DocumentLimits(characters=20), "{ __typename }" + " " * 7, "GRAPHQL_PARSE_FAILED", "20 code points"),
        (DocumentLimits(depth=2), "{ node { inner { number } } }", "GRAPHQL_VALIDATION_FAILED", "2 deep"),
        (
            DocumentLimits(depth=2),
            "{ ...a } fragment a on Query { node { ...b } } fragment b on Node { inner { ... { number } } }",
            "GRAPHQL_VALIDATION_FAILED",
            "2 deep",
        ),
        (
            DocumentLimits(fields=3),
            "{ a: node { number } b: node { number } }",
            "GRAPHQL_VALIDATION_FAILED",
            "3 fields",
        ),
        (DocumentLimits(errors=2), "{ a b c d }", "GRAPHQL_VALIDATION_FAILED", "Too many validation errors"),
    ],
)
async def test_documents_are_bounded(
    serve: Serve, limits: DocumentLimits, query: str, code: str, says: str
) -> None:
    served = await serve(document_limits=limits)
    response = await served.query(query)
    assert response.status_code == 400
    error = response.json()["errors"][-1]
    assert error["extensions"]["code"] == code
    assert says in error["message"]


def multiplying(levels: int) -> str:
    """Fragments of which each spreads the next one twice: 2^levels fields in a few hundred bytes."""
    fragments = " ".join(
        f"fragment f{level} on Node {{ a: inner {{ ...f{level + 1} }} b: inner {{ ...f{level + 1} }} }}"
        for level in range(levels)
    )
    return f"{{ node {{ ...f0 }} }} {fragments} fragment f{levels} on Node {{ number }}"


async def test_fragments_cannot_multiply_without_bound(served: Served) -> None:
    assert (await served.query(multiplying(6))).json()["data"]["node"]["a"]["b"]
    for levels in (16, 400):
        response = await served.query(multiplying(levels))
        assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_comparing_fields_is_bounded(served: Served) -> None:
    response = await served.query("{ node { " + "inner { number } " * 2000 + "} }")
    (error,) = response.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == (
        "Validation aborted.",
        "GRAPHQL_VALIDATION_FAILED",
    )
    chained = " ".join(
        f"fragment f{n} on Node {{ number inner {{ number a{n}: number }} ...f{n + 1} }}" for n in range(60)
    )
    spread = " ".join(f"...f{n}" for n in range(60))
    response = await served.query(f"{{ node {{ {spread} }} }} {chained} fragment f60 on Node {{ number }}")
    assert response.status_code == 200, "what front ends generate passes"


async def test_messages_are_cut(served: Served) -> None:
    response = await served.query("{ " + "x" * 50_000 + " }")
    assert len(response.content) < 3000


async def test_cycles_of_fragments_are_refused(served: Served) -> None:
    query = "{ node { ...a } } fragment a on Node { inner { ...b } } fragment b on Node { inner { ...a } }"
    (error,) = (await served.query(query)).json()["errors"]
    assert "spread" in error["message"]
    chain = " ".join(f"fragment f{n} on Node {{ ...f{n + 1} }}" for n in range(1200))
    response = await served.query(f"{{ node {{ ...f0 }} }} {chain} fragment f1200 on Node {{ number }}")
    assert response.status_code == 400


async def test_the_usual_introspection_fits_and_can_be_forbidden(serve: Serve) -> None:
    query = get_introspection_query()
    assert (await (await serve()).query(query)).json()["data"]["__schema"]["types"]
    forbidding = await serve(introspection=False)
    response = await forbidding.query(query)
    assert response.status_code == 400
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {
        "GRAPHQL_VALIDATION_FAILED"
    }
    assert (await forbidding.query("{ __typename node { __typename } }")).status_code == 200


def test_documents_are_parsed_once_and_kept_within_bounds() -> None:
    documents = Documents(make_schema(), DocumentLimits(kept_characters=1000))
    first = documents.read("{ __typename }")
    assert documents.read("{ __typename }") is first
    for number in range(200):
        documents.read(f"{{ a{number}: __typename }}")
        assert documents.read("{ __typename }") is first, "used all the time, so kept"
        assert sum(map(len, documents._kept)) == documents._kept_characters <= 1000
    long = "{ __typename }" + " " * 100
    assert documents.read(long) is not documents.read(long), "too large to keep"


def test_a_schema_whose_extensions_would_not_run_is_refused() -> None:
    schema = make_schema(extensions=[SchemaExtension])
    with pytest.raises(ValueError, match="extensions"):
        GraphQLService(Application(), schema, open_context=open_context, open_session=Session)


async def test_operations_that_the_schema_has_not() -> None:
    application = Application()
    service = GraphQLService(
        application, make_schema(writable=False), open_context=open_context, open_session=Session
    )
    with pytest.raises(Exception, match="GRAPHQL_VALIDATION_FAILED"):
        service.prepare(GraphQLRequest("mutation { __typename }"))
