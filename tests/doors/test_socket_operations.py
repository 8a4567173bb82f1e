"""Operations over graphql-transport-ws: results, errors and ends, each under its identifier."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.doors.conftest import Served

ACK = {"type": "connection_ack"}


def data(answer: Any) -> Any:
    """The data of a `next` message."""
    assert answer["type"] == "next", answer
    return answer["payload"]["data"]


async def test_queries_and_mutations(served: Served) -> None:
    async with served.socket(init={"token": "good"}) as client:
        await client.subscribe("q", "query ($n: Int!) { add(a: $n) }", variables={"n": 41})
        assert await client.receive() == {
            "id": "q",
            "type": "next",
            "payload": {
                "data": {"add": 42},
                "extensions": {"context": 0, "cost": {"requested": 0, "limit": 50_000, "spent": 0}},
            },
        }
        assert await client.receive() == {"id": "q", "type": "complete"}
        await client.subscribe("q", 'mutation { write(text: "a") }')
        assert data(await client.receive()) == {"write": "a"}
        assert await client.receive() == {"id": "q", "type": "complete"}
    assert served.application.written == ["a"]


async def test_null_members_and_unknown_ones(served: Served) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe(
            "1", "{ __typename }", variables=None, operationName=None, extensions=None, unheardOf=5
        )
        assert data(await client.receive()) == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothingSuch }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query a { __typename } query b { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ __typename }", "operationName": "b"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query ($a: Int!) { add(a: $a) }"}, "BAD_USER_INPUT"),
        ({"query": "subscription { events { number } }"}, "UNAUTHENTICATED"),
        ({"query": "subscription { events { number } count(to: 1) }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_request_errors_end_their_operation_alone(
    served: Served, payload: dict[str, Any], code: str
) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe("other", "{ wait }")
        async with asyncio.timeout(10):
            await served.application.gate.entered.wait()
        await client.send(id="1", type="subscribe", payload=payload)
        answer = await client.receive()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        served.application.gate.opened.set()
        assert data(await client.receive()) == {"wait": "waited"}, "no complete after the error"
        assert await client.receive() == {"id": "other", "type": "complete"}
        await client.subscribe("1", "{ __typename }")
        assert data(await client.receive()) == {"__typename": "Query"}, "the identifier is free again"


async def test_field_errors_are_results(served: Served, logged: list[Any]) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe("1", "{ viewer }")
        answer = await client.receive()
        assert answer["type"] == "next"
        assert answer["payload"]["data"] is None
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await client.receive())["type"] == "complete"
        await client.subscribe("2", "{ node { broken } requestId }")
        answer = await client.receive()
        (error,) = answer["payload"]["errors"]
        assert error["message"] == "Internal server error"
        assert error["extensions"]["requestId"] == logged[0]["request_id"]
        assert "secret" not in str(answer)


async def test_complete_is_ignored_for_what_is_over_or_never_was(served: Served) -> None:
    async with served.socket() as client:
        await client.send(id="never", type="complete")
        await client.send(type="connection_init")
        assert await client.receive() == ACK
        await client.send(id="never", type="complete")
        await client.subscribe("1", "{ __typename }")
        assert data(await client.receive())
        assert await client.receive() == {"id": "1", "type": "complete"}
        await client.send(id="1", type="complete")
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}


async def test_a_completed_query_sends_nothing_more(served: Served) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe("1", "{ wait }")
        async with asyncio.timeout(10):
            await served.application.gate.entered.wait()
        await client.send(id="1", type="complete")
        await client.subscribe("1", "{ __typename }")
        assert data(await client.receive()) == {"__typename": "Query"}, "the identifier is free at once"
        assert await client.receive() == {"id": "1", "type": "complete"}
        assert not served.application.contexts[0].open
        served.application.gate.opened.set()
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
