"""How sockets end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from schema.doors.messages import Close

# For the close frame to get past what a slow client has not read yet.
CLOSE_SECONDS = 5
# To who has too many sockets already: before one more is accepted.
FULL = {"Retry-After": "10"}
# What sending to a client that has left raises.
LEFT = (OSError, WebSocketDisconnect)


async def close(socket: WebSocket, why: Close) -> None:
    """Sends the close frame, if the client is still there to take it."""
    with suppress(*LEFT, RuntimeError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(why.code, why.reason)


def first(group: BaseExceptionGroup[Close]) -> Close:
    """What ended several tasks first."""
    why: BaseException = group
    while isinstance(why, BaseExceptionGroup):
        why = why.exceptions[0]
    assert isinstance(why, Close)
    return why
