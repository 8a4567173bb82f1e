"""What may be wrong with a request over HTTP before anything runs: a 400 and a code, never a 500."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.doors.conftest import Served

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
UTF8 = "; charset=utf-8"

WRONG: list[Any] = [{"ob": "ject"}, 0, False, ["array"]]
NO_REQUESTS: list[Any] = [None, 5, "x", True, 1.5, [], [{"query": "{ __typename }"}], {}]
NO_OBJECTS: list[Any] = ["string", 0, False, ["array"]]
NO_INTEGERS: list[Any] = [None, "1", 1.5, True, 2**31, -(2**31) - 1, 2**63, 1e30, [], {}]

# What a request may get wrong before anything runs: the body, and the code of its error.
REQUEST_ERRORS: list[tuple[Any, str]] = [
    ({"qeury": "{ __typename }"}, "BAD_REQUEST"),
    ({"query": None}, "BAD_REQUEST"),
    *[({"query": wrong}, "BAD_REQUEST") for wrong in WRONG],
    *[({"query": "{ __typename }", "operationName": wrong}, "BAD_REQUEST") for wrong in WRONG],
    *[
        ({"query": "{ __typename }", member: wrong}, "BAD_REQUEST")
        for wrong in NO_OBJECTS
        for member in ("variables", "extensions")
    ],
    *[(wrong, "BAD_REQUEST") for wrong in NO_REQUESTS],
    ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": '{ echo(text: "\\uD800") }'}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ nothingSuch }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "{ add(a: 99999999999) }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "{ add(a: " + "9" * 5000 + ") }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": '{ day(day: "2023-02-29") }'}, "BAD_USER_INPUT"),
    ({"query": "fragment f on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "type Query { a: Int }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query a { __typename } query b { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
    ({"query": "query a { __typename }", "operationName": "b"}, "OPERATION_RESOLUTION_FAILURE"),
    ({"query": "query ($a: Int!) { add(a: $a) }"}, "BAD_USER_INPUT"),
    *[
        ({"query": "query ($a: Int!) { add(a: $a) }", "variables": {"a": wrong}}, "BAD_USER_INPUT")
        for wrong in NO_INTEGERS
    ],
    (
        {"query": "query ($d: Day!) { day(day: $d) }", "variables": {"d": "2023-02-29"}},
        "BAD_USER_INPUT",
    ),
    (
        {"query": "query ($p: Point!) { place(point: $p) }", "variables": {"p": {"x": 1, "z": 2}}},
        "BAD_USER_INPUT",
    ),
    ({"query": "query ($c: Colour!) { paint(colour: $c) }", "variables": {"c": "GREEN"}}, "BAD_USER_INPUT"),
    ({"query": "subscription { count(to: 3) }"}, "BAD_REQUEST"),
]


@pytest.mark.parametrize(("body", "code"), REQUEST_ERRORS, ids=lambda value: str(value)[:60])
async def test_request_errors(served: Served, body: Any, code: str) -> None:
    # Old clients, which name application/json, read the errors of a document only with a 200.
    forgiven = 400 if code == "BAD_REQUEST" else 200
    for accept, status in ((GRAPHQL, 400), (JSON, forgiven), ("*/*", 400)):
        headers = {"Content-Type": JSON, "Accept": accept}
        response = await served.http.post("/graphql", content=orjson.dumps(body), headers=headers)
        assert response.status_code == status
        assert response.headers["Content-Type"] == (GRAPHQL if accept == GRAPHQL else JSON) + UTF8
        answer = response.json()
        assert set(answer) == {"errors"}, "no data entry"
        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
        assert all(isinstance(error["message"], str) for error in answer["errors"])
    assert not served.application.contexts, "nothing was opened for it"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{ "not a JSON',
        b"NaN",
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": Infinity}}',
        b'{"query": "{ __typename }",}',
        b"{'query': '{ __typename }'}",
        b'{"query": "{ __typename } # \xff"}',
        b'{"query": "{ __typename } # \xed\xa0\x80"}',
        rb'{"query": "{ __typename } # \ud800"}',
        rb'{"query": "query ($t: String!) { echo(text: $t) }", "variables": {"t": "\udc00"}}',
        b'\xef\xbb\xbf{"query": "{ __typename }"}',
        '{"query": "{ __typename }"}'.encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000,
        b"9" * 100_000,
        b"query=%7B__typename%7D",
        b"\0",
    ],
    ids=lambda body: repr(body)[:40],
)
async def test_bodies_that_are_not_requests(served: Served, body: bytes) -> None:
    for accept in (GRAPHQL, JSON):
        headers = {"Content-Type": JSON, "Accept": accept}
        response = await served.http.post("/graphql", content=body, headers=headers)
        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_deep_variables_and_documents_are_refused(served: Served) -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(400):
        deep = {"x": 1, "inner": deep}
    document = "query ($p: Point!) { place(point: $p) }"
    for known in (False, True):
        if known:
            assert "errors" not in (await served.query(document, variables={"p": {"x": 1}})).json()
        response = await served.query(document, variables={"p": deep})
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
            400,
            "BAD_REQUEST",
        )
    for text, code in (
        ("{ node " * 5000, "GRAPHQL_PARSE_FAILED"),
        ("{ add(a: " + "[" * 20_000, "GRAPHQL_PARSE_FAILED"),
        ("{ node " + "{ inner " * 150 + "{ number }" + "}" * 151, "GRAPHQL_VALIDATION_FAILED"),
    ):
        response = await served.query(text)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, code)
