"""GraphQL over HTTP, rule by rule: methods, media types, status codes, and the shape of every answer."""

from __future__ import annotations

import orjson
import pytest

from tests.doors.conftest import Serve, Served

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
UTF8 = "; charset=utf-8"


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
    assert response.json() == {
        "data": {"__typename": "Query"},
        "extensions": {"context": 0, "cost": {"requested": 0, "limit": 50_000, "spent": 0}},
    }
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
