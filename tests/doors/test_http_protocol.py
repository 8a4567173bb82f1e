"""GraphQL over HTTP, rule by rule: methods, media types, status codes, and the shape of every answer."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.doors.conftest import Serve, Served

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


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL};q=0.5, */*;q=0.9", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"text/event-stream, {GRAPHQL}", GRAPHQL),
        (f'text/x;note="a, {JSON}", {GRAPHQL}', GRAPHQL),
        (f"text/html, {JSON}", JSON),
        (f"{JSON}; charset=utf-16, {GRAPHQL};q=0.1", GRAPHQL),
        (f"{JSON};q=2, {GRAPHQL};q=0.1", GRAPHQL),
    ],
)
async def test_answers_in_the_media_type_wanted_most(
    served: Served, accept: str | None, expected: str
) -> None:
    request = served.http.build_request("POST", "/graphql", json={"query": "{ __typename }"})
    del request.headers["Accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    response = await served.http.send(request)
    assert (response.status_code, response.headers["Content-Type"]) == (200, expected + UTF8)
    assert response.json() == {"data": {"__typename": "Query"}, "extensions": {"context": 0}}
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png, text/*", f"{JSON};q=0", "application/jsonp", "json", f"{JSON};q=x"]
)
async def test_406_where_no_json_is_acceptable(served: Served, accept: str) -> None:
    response = await served.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Accept": accept}
    )
    assert response.status_code == 406
    assert response.headers["Content-Type"] == JSON + UTF8
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


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
    response = await served.query("query ($p: Point!) { place(point: $p) }", variables={"p": deep})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    for text, code in (
        ("{ node " * 5000, "GRAPHQL_PARSE_FAILED"),
        ("{ add(a: " + "[" * 20_000, "GRAPHQL_PARSE_FAILED"),
        ("{ node " + "{ inner " * 150 + "{ number }" + "}" * 151, "GRAPHQL_VALIDATION_FAILED"),
    ):
        response = await served.query(text)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, code)


@pytest.mark.parametrize("name", ["variables", "operationName", "extensions"])
async def test_null_is_absent_and_unknown_members_are_ignored(served: Served, name: str) -> None:
    response = await served.query("{ __typename }", **{name: None, "unheardOf": {"a": 1}})
    assert response.status_code == 200
    assert "errors" not in response.json()


async def test_members_are_used(served: Served) -> None:
    response = await served.query(
        "query a { add(a: 1) } query b($n: Int!) { add(a: $n, b: 2) }",
        operationName="b",
        variables={"n": 40, "unused": 1},
        extensions={"some": "value"},
    )
    assert response.json()["data"] == {"add": 42}
    assert (await served.query("{ __typename }", operationName="")).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [JSON, "APPLICATION/JSON", f"{JSON};charset=utf-8", f'{JSON} ; Charset="UTF-8"', f"{JSON}; charset=utf8"],
)
async def test_json_bodies_are_taken(served: Served, content_type: str) -> None:
    body = orjson.dumps({"query": '{ echo(text: "ü") }'})
    response = await served.http.post("/graphql", content=body, headers={"Content-Type": content_type})
    assert response.json()["data"] == {"echo": "ü"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; note=application/json"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "xapplication/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=a"},
        {"Content-Type": "application/graphql"},
        {"Content-Type": GRAPHQL},
        {"Content-Type": f"{JSON}; charset=utf-16"},
        {"Content-Type": f"{JSON}; charset=iso-8859-1"},
        {"Content-Type": JSON, "Content-Encoding": "gzip"},
    ],
)
async def test_415_for_other_bodies(served: Served, headers: dict[str, str]) -> None:
    body = orjson.dumps({"query": 'mutation { write(text: "forged") }'})
    response = await served.http.post("/graphql", content=body, headers=headers)
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert not served.application.written


async def test_queries_by_get(served: Served) -> None:
    query = "query a { add(a: 1) } query Sum($n: Int!) { add(a: $n) }"
    parameters = {"query": query, "operationName": "Sum", "variables": '{"n": 41}', "extensions": '{"a": 1}'}
    response = await served.http.get("/graphql", params=parameters, headers={"Accept": GRAPHQL})
    assert (response.status_code, response.json()["data"]) == (200, {"add": 42})
    assert response.headers["Cache-Control"] == "no-store"
    empty = {"query": "{ __typename }", "operationName": "", "variables": "", "extensions": ""}
    assert (await served.http.get("/graphql", params=empty)).status_code == 200
    head = await served.http.head("/graphql", params=empty)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("query_string", "code"),
    [
        ("", "BAD_REQUEST"),
        ("query=", "GRAPHQL_PARSE_FAILED"),
        ("query=%7B", "GRAPHQL_PARSE_FAILED"),
        ("query=%ff", "BAD_REQUEST"),
        ("query=%ed%a0%80", "BAD_REQUEST"),
        ("query=%7B__typename%7D&variables=5", "BAD_REQUEST"),
        ("query=%7B__typename%7D&variables=%5B%5D", "BAD_REQUEST"),
        ("query=%7B__typename%7D&variables=%7B", "BAD_REQUEST"),
        ("query=%7B__typename%7D&extensions=x", "BAD_REQUEST"),
        ("query=%7B__typename%7D&variables=" + "%5B" * 5000, "BAD_REQUEST"),
        ("query=%7B__typename%7D&operationName=null", "OPERATION_RESOLUTION_FAILURE"),
        ("&".join(["a=1"] * 200), "BAD_REQUEST"),
    ],
)
async def test_bad_queries_by_get(served: Served, query_string: str, code: str) -> None:
    response = await served.http.get(f"/graphql?{query_string}", headers={"Accept": GRAPHQL})
    assert response.status_code == 400
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]


async def test_405_for_mutations_by_get(served: Served) -> None:
    for accept in (GRAPHQL, JSON, "*/*"):
        response = await served.http.get(
            "/graphql",
            params={"query": 'query q { __typename } mutation m { write(text: "x") }', "operationName": "m"},
            headers={"Accept": accept},
        )
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert not served.application.written


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
async def test_405_for_other_methods(served: Served, method: str) -> None:
    response = await served.http.request(method, "/graphql", json={"query": "{ __typename }"})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


async def test_options_tells_the_methods(served: Served) -> None:
    response = await served.http.options("/graphql")
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, POST")


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


async def test_browsers_get_the_page(serve: Serve) -> None:
    served = await serve()
    for address in ("/graphql", "/graphql?query=%7B__typename%7D"):
        response = await served.http.get(address, headers={"Accept": BROWSER})
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "GraphiQL" in response.text
    response = await served.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Accept": BROWSER}
    )
    assert response.headers["Content-Type"] == JSON + UTF8
    for accept in (f"{JSON}, text/html", f"{JSON}, text/html;q=0.9", "*/*", None):
        response = await served.http.get(
            "/graphql?query=%7B__typename%7D", headers={"Accept": accept} if accept else {}
        )
        assert response.headers["Content-Type"] == JSON + UTF8
    without = await serve(graphiql=None)
    response = await without.http.get("/graphql?query=%7B__typename%7D", headers={"Accept": BROWSER})
    assert response.headers["Content-Type"] == JSON + UTF8
