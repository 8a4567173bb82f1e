"""Requests, their cost, writes and subscriptions: charged before they run, corrected after, shared by processes."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import httpx
import orjson

from schema.doors import http as http_door
from tests.client import Answer
from tests.limits.conftest import Limited
from tests.world import World

NAME = "{ __typename }"
POLICY = re.compile(r'"(\w+)";q=(\d+);w=(\d+)')
LEFT = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


def left(answer: Answer) -> dict[str, int]:
    """What the `RateLimit` header says is left of each bucket."""
    return {name: int(units) for name, units, _ in LEFT.findall(answer.headers["ratelimit"])}


def error(answer: Answer) -> dict[str, Any]:
    """The extensions of the one error of a refused request."""
    [only] = answer.json["errors"]
    assert "data" not in answer.json
    extensions: dict[str, Any] = only["extensions"]
    return extensions


async def test_who_asks_too_much_is_told_when_to_come_back(limited: Limited) -> None:
    async with limited(requests_per_minute=3) as world:
        told = [left(await world.member.ask(NAME))["requests"] for _ in range(3)]
        assert told == [2, 1, 0]
        refused = await world.member.ask(NAME)
        assert refused.status == 429
        assert error(refused)["code"] == "RATE_LIMITED"
        assert error(refused)["policy"] == "requests"
        seconds = error(refused)["retryAfterSeconds"]
        assert refused.headers["retry-after"] == str(seconds)
        assert 1 <= seconds <= 20  # a third of a minute brings one
        # Nobody else is kept out.
        assert (await world.viewer.ask(NAME)).status == 200


async def test_the_headers_are_those_of_the_draft(limited: Limited) -> None:
    """draft-ietf-httpapi-ratelimit-headers-10: policies with quota and window, what is left with the time to more."""
    async with limited(
        requests_per_minute=100, cost_per_minute=1000, writes_per_minute=10, subscriptions_per_minute=0
    ) as world:
        answer = await world.member.ask(NAME)
        policies = answer.headers["ratelimit-policy"]
        assert POLICY.findall(policies) == [
            ("cost", "1000", "60"), ("requests", "100", "60"), ("writes", "10", "60"),
        ]  # fmt: skip
        assert [name for name, _, _ in LEFT.findall(answer.headers["ratelimit"])] == [
            "cost", "requests", "writes",
        ]  # fmt: skip
        assert left(answer) == {"cost": 1000, "requests": 99, "writes": 10}


async def test_who_was_told_to_wait_is_refused_before_their_request_is_read(limited: Limited) -> None:
    async with limited(requests_per_minute=1) as world:
        assert (await world.member.ask(NAME)).status == 200
        assert (await world.member.ask(NAME)).status == 429
        # It would not even parse: that is not found out.
        assert (await world.member.ask("{{{")).status == 429


async def test_what_does_not_parse_counts_too(limited: Limited) -> None:
    async with limited(requests_per_minute=2) as world:
        assert (await world.member.ask("{{{")).status == 400
        assert (await world.member.ask("{ nothing }")).status == 400
        assert (await world.member.ask("{{{")).status == 429


async def test_costs_are_charged_before_and_corrected_after(limited: Limited) -> None:
    """A page of 100 that holds nothing costs next to nothing in the end."""
    page = "{ tasks(first: 100) { nodes { id } } rateLimit { cost limit remaining resetAt } }"
    async with limited(cost_per_minute=300) as world:
        before = datetime.now().astimezone().timestamp()
        answer = await world.member.ask(page)
        told = answer.data["rateLimit"]
        requested = answer.json["extensions"]["cost"]["requested"]
        spent = answer.json["extensions"]["cost"]["spent"]
        assert (told["cost"], told["limit"]) == (requested, 300)
        assert requested > 100
        assert spent < 10
        assert told["remaining"] == 300 - requested == left(answer)["cost"]
        reset = datetime.fromisoformat(told["resetAt"]).timestamp()
        assert before + 60 * requested / 300 - 1 <= reset <= time.time() + 60 * requested / 300 + 1
        # Three of them together are more than there is; one after the other they are not.
        for _ in range(8):
            assert (await world.member.ask(page)).status == 200


async def test_a_corrected_cost_may_be_more_than_was_reckoned(limited: Limited, world: World) -> None:
    """A list without a size is reckoned as five: eight labels are charged as eight."""
    for number in range(8):
        await world.label(f"Label {number}")
    ask = f'{{ node(id: "{world.eng["id"]}") {{ ... on Project {{ labels {{ id }} }} }} }}'
    async with limited(cost_per_minute=100) as small:
        cost = (await small.viewer.ask(ask)).json["extensions"]["cost"]
        assert cost["requested"] == 6
        assert cost["spent"] == 9
        # By now some of it came back.
        assert 100 - 9 <= left(await small.viewer.ask(NAME))["cost"] < 100 - 6


async def test_an_operation_that_costs_more_than_is_left_runs_later_not_never(limited: Limited) -> None:
    page = "{ tasks(first: 50) { nodes { id } } }"
    async with limited(cost_per_minute=60) as world:
        # The whole bucket is as much as one operation may cost.
        refused = await world.member.ask("{ tasks(first: 500) { nodes { id } } }")
        assert error(refused)["code"] == "QUERY_TOO_COSTLY"
        both = [await world.member.ask(page), await world.member.ask(f"{{ a: {page[2:-2]} }}")]
        assert [answer.status for answer in both] == [200, 200]


async def test_writes_have_a_bucket_of_their_own(limited: Limited, world: World) -> None:
    async with limited(writes_per_minute=2) as small:
        await small.task("One")
        await small.task("Two")
        document = "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { task { id } } }"
        refused = await small.member.ask(
            document, {"input": {"projectId": world.eng["id"], "title": "Three"}}
        )
        assert (refused.status, error(refused)["policy"]) == (429, "writes")
        assert (await small.member.ask(NAME)).status == 200
        titles = await world.member.query("{ tasks { nodes { title } } }")
        assert "Three" not in str(titles)


async def test_who_is_not_signed_in_shares_their_address(limited: Limited) -> None:
    async with limited(anonymous_requests_per_minute=2) as world:
        for client in (world.nobody, world.nobody):
            assert (await client.ask(NAME)).status == 200
        assert error(await world.nobody.ask(NAME))["code"] == "RATE_LIMITED"
        # A token that is none is nobody's.
        assert (await world.service.client("nonsense").ask(NAME)).status == 429
        assert (await world.member.ask(NAME)).status == 200


async def test_addresses_are_those_that_a_trusted_proxy_tells(limited: Limited) -> None:
    async def ask(world: World, address: str) -> int:
        async with httpx.AsyncClient(base_url=world.service.url) as http:
            headers = {"X-Forwarded-For": address}
            return (await http.post("/graphql", json={"query": NAME}, headers=headers)).status_code

    async with limited(anonymous_requests_per_minute=1, trusted_proxies="127.0.0.0/8") as world:
        assert [await ask(world, "192.0.2.1") for _ in range(2)] == [200, 429]
        assert await ask(world, "192.0.2.2") == 200
        # What the client wrote itself stands before what the proxy wrote.
        assert await ask(world, "192.0.2.99, 192.0.2.2") == 429
    async with limited(anonymous_requests_per_minute=1) as world:
        assert [await ask(world, f"192.0.2.{number}") for number in (11, 12)] == [200, 429]


async def test_no_limit_is_no_header_and_no_bucket(limited: Limited) -> None:
    none = {
        "requests_per_minute": 0, "cost_per_minute": 0, "writes_per_minute": 0, "subscriptions_per_minute": 0,
    }  # fmt: skip
    async with limited(**none) as world:
        answer = await world.member.ask("{ rateLimit { cost } }")
        assert answer.data == {"rateLimit": None}
        assert "ratelimit" not in answer.headers


async def test_on_a_socket_every_operation_counts_and_the_socket_stays(limited: Limited) -> None:
    async with limited(requests_per_minute=3) as world, world.member.socket() as socket:
        # Opening it was one.
        for _ in range(2):
            assert (await socket.run(NAME))["data"] == {"__typename": "Query"}
        errors: Any = await socket.run(NAME)
        [refused] = errors
        assert refused["extensions"]["code"] == "RATE_LIMITED"
        assert refused["extensions"]["retryAfterSeconds"] >= 1
        await socket.send(type="ping")
        errors = await socket.run("{{{")
        assert errors[0]["extensions"]["code"] == "RATE_LIMITED"


async def test_subscriptions_begun_have_a_bucket_of_their_own(limited: Limited) -> None:
    document = "subscription($scope: ID!) { events(scope: $scope) { kind } }"
    async with limited(subscriptions_per_minute=1) as world, world.member.socket() as socket:
        scope = (await world.member.query("{ viewer { inboxScope } }"))["viewer"]["inboxScope"]
        first = await socket.start(document, scope=scope)
        assert (await socket.message(first))["type"] == "next"
        second = await socket.start(document, scope=scope)
        message = await socket.message(second)
        assert (message["type"], message["payload"][0]["extensions"]["policy"]) == ("error", "subscriptions")
        assert (await socket.run(NAME))["data"]


async def test_requests_of_a_batch_count_one_by_one(limited: Limited) -> None:
    async with limited(requests_per_minute=2, max_batch=5) as world:
        body = [{"query": NAME}] * 3
        async with httpx.AsyncClient(base_url=world.service.url) as http:
            headers = {"Authorization": f"Bearer {world.member.token}"}
            response = await http.post("/graphql", json=body, headers=headers)
        answers = orjson.loads(response.content)
        assert ["data" in answer for answer in answers] == [True, True, False]
        assert answers[2]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_page_of_another_origin_can_read_the_headers(limited: Limited) -> None:
    async with (
        limited(allowed_origins=("https://board.example.org",)) as world,
        httpx.AsyncClient(base_url=world.service.url) as http,
    ):
        headers = {"Origin": "https://board.example.org"}
        response = await http.post("/graphql", json={"query": NAME}, headers=headers)
        exposed = response.headers["access-control-expose-headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)
    assert http_door.STATUS["RATE_LIMITED"] == 429
