"""Whatever is sent, the answer is GraphQL's: no server error, no lost connection, a code on every error."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doors.conftest import Served

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
# Pieces that meet often enough to make documents, and often enough not to.
DOCUMENTS = st.lists(
    st.sampled_from(
        [
            "{",
            "}",
            "(",
            ")",
            "$",
            ":",
            "!",
            "[",
            "]",
            "@",
            "...",
            "on",
            "query",
            "mutation",
            "fragment",
            "f",
            "Query",
            "Node",
            "node",
            "inner",
            "number",
            "broken",
            "add",
            "a",
            "b",
            "x",
            "y",
            "echo",
            "text",
            '""',
            '"ü"',
            "1",
            "-1",
            "1.5",
            "99999999999",
            "true",
            "null",
            "RED",
            "$v",
            "Int",
            "__typename",
            "__schema",
            "#",
            "\n",
            "day",
            "paint",
            "place",
        ]
    ),
    max_size=25,
).map(" ".join)
VALID = st.sampled_from(
    [
        "query ($a: Int!, $b: Int) { add(a: $a, b: $b) }",
        "query ($p: Point!) { place(point: $p) }",
        "query ($d: Day!) { day(day: $d) }",
        "query ($c: Colour!) { paint(colour: $c) }",
        "query ($t: ID!) { thing(thingId: $t) }",
        "query ($s: String!) { echo(text: $s) }",
    ]
)
VARIABLES = st.dictionaries(st.sampled_from("abpdcts"), JSON_VALUES, max_size=4)
REQUESTS = JSON_VALUES | st.fixed_dictionaries(
    {"query": DOCUMENTS | VALID | JSON_VALUES},
    optional={"variables": VARIABLES | JSON_VALUES, "operationName": JSON_VALUES, "extensions": JSON_VALUES},
)
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_errors(errors: Any) -> None:
    """A list of GraphQL errors, none of them ours (`broken` is: it stands for a bug)."""
    assert errors
    for error in errors:
        assert isinstance(error["message"], str)
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR" or error["path"][-1] == "broken"


@FUZZ
@given(body=st.binary(max_size=100) | REQUESTS.map(orjson.dumps))
async def test_any_body(lasting: Served, body: bytes) -> None:
    for accept in ("application/json", "application/graphql-response+json"):
        headers = {"Content-Type": "application/json", "Accept": accept}
        response = await lasting.http.post("/graphql", content=body, headers=headers)
        assert response.status_code in (200, 400)
        answer = response.json()
        if "data" not in answer or "errors" in answer:
            check_errors(answer["errors"])


@FUZZ
@given(
    query=DOCUMENTS | st.text(max_size=30), variables=JSON_VALUES.map(orjson.dumps) | st.binary(max_size=10)
)
async def test_any_address(lasting: Served, query: str, variables: bytes) -> None:
    parameters: dict[str, Any] = {"query": query, "variables": variables.decode("latin-1")}
    response = await lasting.http.get("/graphql", params=parameters)
    assert response.status_code in (200, 400, 405)


MESSAGES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete"]) | JSON_VALUES,
    },
    optional={"id": st.sampled_from(["1", "2"]) | JSON_VALUES, "payload": REQUESTS},
)
FRAMES = st.text(max_size=30) | (MESSAGES | JSON_VALUES).map(lambda value: orjson.dumps(value).decode())


@FUZZ
@given(frames=st.lists(FRAMES, max_size=6), initialised=st.booleans())
async def test_any_frames(lasting: Served, frames: list[str], initialised: bool) -> None:
    async with lasting.socket(init={} if initialised else None) as client:
        for frame in frames:
            await client.connection.send(frame)
        # What is no message ends the conversation, whatever came before.
        await client.connection.send("the end")
        async for message in client.rest():
            assert message["type"] in ("connection_ack", "pong", "next", "error", "complete")
            if message["type"] == "error":
                check_errors(message["payload"])
        assert client.connection.close_code in (4400, 4401, 4403, 4409, 4429), "1006: without a close frame"
