"""Subscriptions over the socket: fresh contexts, prompt ends, slow readers, and a stopping server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import ClientError
from schema.doors import DoorLimits
from tests.doors.application import Feed
from tests.doors.conftest import Serve, Served, Socket

EVENTS = "subscription { events { number context } }"


async def follow(served: Served, client: Socket, identifier: str = "1", query: str = EVENTS) -> Feed:
    """Subscribes, and returns the feed behind it."""
    await client.subscribe(identifier, query)
    return await served.application.feed()


async def ended(feed: Feed) -> None:
    """Returns when the feed was closed, which must be soon."""
    async with asyncio.timeout(10):
        await feed.closed.wait()


async def test_each_event_has_a_fresh_context(served: Served) -> None:
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client)
        for number in (1, 2, 3):
            feed.queue.put_nowait(number)
            # Context 0 was for the start; it is closed before the first event.
            assert await client.receive() == {
                "id": "1",
                "type": "next",
                "payload": {
                    "data": {"events": {"number": number, "context": number}},
                    "extensions": {"context": number},
                },
            }
        feed.queue.put_nowait(None)
        assert await client.receive() == {"id": "1", "type": "complete"}
    assert len(served.application.contexts) == 4
    assert not any(context.open for context in served.application.contexts)
    assert len({id(context.session) for context in served.application.contexts}) == 1, "one per socket"


async def test_no_context_is_held_while_waiting(served: Served) -> None:
    async with served.socket(init={"token": "good"}) as client:
        await follow(served, client)
        await client.send(type="ping")
        await client.receive()
        assert not any(context.open for context in served.application.contexts)


async def test_plain_generators_are_sources_too(served: Served) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe("1", "subscription ($to: Int!) { count(to: $to) }", variables={"to": 3})
        answers = [await client.receive() for _ in range(4)]
        assert [answer["payload"]["data"]["count"] for answer in answers[:3]] == [1, 2, 3]
        assert answers[3] == {"id": "1", "type": "complete"}


async def test_many_on_one_socket(served: Served) -> None:
    async with served.socket(init={"token": "good"}) as client:
        feeds = {f"board {n}": await follow(served, client, f"board {n}") for n in range(50)}
        for number, feed in enumerate(feeds.values()):
            feed.queue.put_nowait(number)
        answers = [await client.receive() for _ in feeds]
        numbers = {answer["id"]: answer["payload"]["data"]["events"]["number"] for answer in answers}
        assert numbers == {identifier: number for number, identifier in enumerate(feeds)}
    for feed in feeds.values():
        await ended(feed)


async def test_complete_closes_the_source_at_once(served: Served) -> None:
    async with served.socket(init={"token": "good"}) as client:
        first = await follow(served, client, "1")
        second = await follow(served, client, "2")
        await client.send(id="1", type="complete")
        await ended(first)
        first.queue.put_nowait(1)
        second.queue.put_nowait(2)
        answer = await client.receive()
        assert (answer["id"], answer["payload"]["data"]["events"]["number"]) == ("2", 2)
        third = await follow(served, client, "1")
        third.queue.put_nowait(3)
        assert (await client.receive())["payload"]["data"]["events"]["number"] == 3


@pytest.mark.parametrize("politely", [True, False])
async def test_leaving_closes_all_sources(served: Served, politely: bool) -> None:
    async with served.socket(init={"token": "good"}) as client:
        feeds = [await follow(served, client, str(n)) for n in range(3)]
        if politely:
            await client.connection.close()
        else:
            client.connection.transport.abort()
        for feed in feeds:
            await ended(feed)


async def test_a_failing_source_ends_its_subscription_alone(served: Served, logged: list[Any]) -> None:
    async with served.socket(init={"token": "good"}) as client:
        other = await follow(served, client, "other")
        for failing, code in (
            (ClientError("FORBIDDEN", "No longer yours."), "FORBIDDEN"),
            (ValueError("secret: a password"), "INTERNAL_SERVER_ERROR"),
        ):
            feed = await follow(served, client, "1")
            feed.queue.put_nowait(failing)
            answer = await client.receive()
            assert (answer["id"], answer["type"]) == ("1", "error")
            assert answer["payload"][0]["extensions"]["code"] == code
            assert "secret" not in str(answer)
            await ended(feed)
        other.queue.put_nowait(1)
        assert (await client.receive())["id"] == "other", "no complete after an error"
    assert len(logged) == 1


async def test_a_failing_event_is_a_result(served: Served, logged: list[Any]) -> None:
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client, query="subscription { events { number broken } }")
        for number in (1, 2):
            feed.queue.put_nowait(number)
            answer = await client.receive()
            assert answer["type"] == "next"
            assert answer["payload"]["data"] == {"events": {"number": number, "broken": None}}
            assert answer["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(logged) == 2


async def test_an_event_that_cannot_run_ends_the_subscription(served: Served, logged: list[Any]) -> None:
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client)
        served.application.database_down = True
        feed.queue.put_nowait(1)
        answer = await client.receive()
        assert answer["type"] == "error", "the client resumes, rather than miss an event unknowingly"
        assert answer["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        await ended(feed)
    assert logged


async def test_a_source_that_fails_to_close_harms_nobody(served: Served, logged: list[Any]) -> None:
    async with served.socket(init={"token": "good"}) as client:
        await client.subscribe("1", "subscription { badlyClosed }")
        assert (await client.receive())["payload"]["data"] == {"badlyClosed": 1}
        await client.send(id="1", type="complete")
        feed = await follow(served, client, "1")
        feed.queue.put_nowait(1)
        assert (await client.receive())["payload"]["data"]["events"]["number"] == 1
        await client.send(id="1", type="complete")
        await ended(feed)
    assert isinstance(logged[0]["exc_info"], ValueError)


async def test_operations_at_once_are_bounded(serve: Serve) -> None:
    served = await serve(DoorLimits(operations=2))
    async with served.socket(init={"token": "good"}) as client:
        await follow(served, client, "1")
        await follow(served, client, "2")
        await client.subscribe("3", "{ __typename }")
        answer = await client.receive()
        assert (answer["id"], answer["type"]) == ("3", "error")
        assert answer["payload"][0]["extensions"]["code"] == "LIMIT_REACHED"
        await client.send(id="1", type="complete")
        await client.subscribe("3", "{ __typename }")
        assert (await client.receive())["type"] == "next"


async def test_a_mutation_outlives_its_socket(serve: Serve) -> None:
    served = await serve()
    for leave in ("complete", "close"):
        served.application.gate.entered.clear()
        served.application.gate.opened.clear()
        async with served.socket(init={}) as client:
            await client.subscribe("1", f'mutation {{ writeSlowly(text: "{leave}") }}')
            async with asyncio.timeout(10):
                await served.application.gate.entered.wait()
            if leave == "complete":
                await client.send(id="1", type="complete")
                await client.send(type="ping")
                assert await client.receive() == {"type": "pong"}
                served.application.gate.opened.set()
    stopping = asyncio.create_task(served.stop())
    # Without the mutation, stopping takes 0.2 s.
    done, _ = await asyncio.wait([stopping], timeout=1)
    assert not done, "the stopping server waits"
    served.application.gate.opened.set()
    await stopping
    assert served.application.written == ["complete", "close"]


async def test_a_slow_reader_is_held_in_bounds_and_then_let_go(serve: Serve, logged: list[Any]) -> None:
    served = await serve(DoorLimits(unsent_bytes=100_000, stall_seconds=0.2))
    query = "subscription { events { padding(length: 50000) } }"
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client, query=query)
        client.connection.transport.pause_reading()
        for number in range(2000):
            feed.queue.put_nowait(number)
        await ended(feed)
        assert feed.taken < 1000, "events waited in the feed, not in memory as frames"
        client.connection.transport.resume_reading()
        unread = [message async for message in client.rest()]
        assert 0 < len(unread) <= feed.taken
        assert client.connection.close_code == 1013, "try again later: clients reconnect and resume"
    assert not logged


async def test_a_reader_that_catches_up_misses_nothing(serve: Serve) -> None:
    served = await serve(DoorLimits(unsent_bytes=100_000))
    query = "subscription { events { number padding(length: 50000) } }"
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client, query=query)
        client.connection.transport.pause_reading()
        for number in range(300):
            feed.queue.put_nowait(number)
        async with asyncio.timeout(10):
            await feed.third.wait()
        client.connection.transport.resume_reading()
        for number in range(300):
            assert (await client.receive())["payload"]["data"]["events"]["number"] == number


async def test_a_stopping_server_sends_clients_away_to_return(serve: Serve) -> None:
    served = await serve()
    async with served.socket(init={"token": "good"}) as client:
        feed = await follow(served, client)
        await served.stop()
        code, _ = await client.closed()
        assert code == 1012, "service restart: clients reconnect upon it"
        assert feed.closed.is_set()
    assert not any(context.open for context in served.application.contexts)


async def test_nothing_is_left_behind(serve: Serve) -> None:
    served = await serve()
    feeds = []
    for _ in range(5):
        async with served.socket(init={"token": "good"}) as client:
            feeds.append(await follow(served, client))
            await client.subscribe("q", "{ wait }")
    for feed in feeds:
        await ended(feed)
    await served.stop()
    assert not served.server.server_state.tasks
    assert not [task for task in asyncio.all_tasks() if "schema/doors" in str(task.get_coro())]
    assert not any(context.open for context in served.application.contexts)
