"""Subscriptions over plain HTTP end as those on sockets do: access lost, a token run out, a session ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest

from tests import selections
from tests.client import JSON, PATIENCE_SECONDS
from tests.live.places import on_this_machine
from tests.live.test_ends import BOUND_SECONDS, short_lived
from tests.world import World

EVENTS = f"subscription($scope: ID!) {{ events(scope: $scope) {{ {selections.frames()} }} }}"
ACCEPT = {
    "events": "text/event-stream",
    "parts": 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
}
FRAME = {
    "events": re.compile(rb"event: next\ndata: (.*)\n\n"),
    "parts": re.compile(rb'Content-Type: application/json\r\n\r\n\{"payload":(.*)\}\r\n--graphql'),
}
ENDING = {"events": b"event: complete\ndata: \n\n", "parts": b"--graphql--\r\n"}

pytestmark = pytest.mark.parametrize("form", ACCEPT)


class HTTPStream:
    """What has come, and the frames in it."""

    def __init__(self, form: str, response: httpx.Response) -> None:
        self._form = form
        self._chunks = response.aiter_raw()
        self.text = b""
        self._read = 0

    async def frame(self) -> JSON:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := FRAME[self._form].search(self.text, self._read)) is None:
                self.text += await anext(self._chunks)
        self._read = found.end()
        answer: JSON = orjson.loads(found[1])
        assert not answer.get("errors"), answer
        frame: JSON = answer["data"]["events"]
        return frame

    async def ended(self) -> str:
        """The reason of the frame that ends it; then the mark of the end must come, and nothing else."""
        while (frame := await self.frame())["kind"] != "ENDED":
            pass
        async for chunk in self._chunks:
            self.text += chunk
        assert self.text.endswith(ENDING[self._form])
        return str(frame["reason"])


@asynccontextmanager
async def following(world: World, form: str, token: str | None) -> AsyncIterator[HTTPStream]:
    """ENG's stream, begun."""
    body = {"query": EVENTS, "variables": {"scope": world.eng["scope"]}}
    headers = {"Accept": ACCEPT[form], "Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=world.service.url, timeout=PATIENCE_SECONDS) as http,
        http.stream("POST", "/graphql", json=body, headers=headers) as response,
    ):
        assert response.status_code == 200
        stream = HTTPStream(form, response)
        await stream.frame()
        yield stream


async def test_a_removed_member_hears_nothing_more(world: World, form: str) -> None:
    async with following(world, form, world.member.token) as stream:
        await world.task("Seen")
        assert (await stream.frame())["events"]
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
        async with asyncio.timeout(await on_this_machine(world.owner, BOUND_SECONDS)):
            assert await stream.ended() == "ACCESS_LOST"
        assert b"Seen" in stream.text


async def test_a_token_that_runs_out_ends_its_stream(world: World, form: str) -> None:
    async with following(world, form, short_lived(world, 2)) as stream:
        assert await stream.ended() == "TOKEN_EXPIRED"


async def test_signing_out_ends_the_stream(world: World, form: str) -> None:
    client = await world.service.client().sign_in(world.member.email)
    async with following(world, form, client.token) as stream:
        await client.do("signOut")
        assert await stream.ended() == "SIGNED_OUT"
