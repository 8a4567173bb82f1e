"""The two forms of a stream over plain HTTP, and which of them a client wants. Sources: see `schema.doors.streams`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schema.doors.negotiation import preferences, read_accept

EVENT_STREAM: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"
SPECIFICATION: Final = ("1.0", "1")


@dataclass(frozen=True, slots=True)
class Form:
    """How a stream is written. `frame` wraps one answer's JSON; `ending` says that there will be no more."""

    name: str
    content_type: str
    opening: bytes
    frame: Callable[[bytes], bytes]
    heartbeat: bytes
    ending: bytes


def _event(payload: bytes) -> bytes:
    # JSON as we write it has no line breaks, and needs none of the format's escapes.
    return b"event: next\ndata: " + payload + b"\n\n"


def _part(content: bytes) -> bytes:
    # The boundary follows at once: clients take a part as whole when they see the next one's beginning.
    return b"\r\nContent-Type: application/json\r\n\r\n" + content + b"\r\n--graphql"


def _payload_part(payload: bytes) -> bytes:
    return _part(b'{"payload":' + payload + b"}")


EVENTS = Form(
    EVENT_STREAM,
    f"{EVENT_STREAM}; charset=utf-8",
    opening=b":\n\n",
    frame=_event,
    heartbeat=b":\n\n",
    # Browsers pass over an event that has no data line.
    ending=b"event: complete\ndata: \n\n",
)
PARTS = Form(
    MULTIPART,
    f'{MULTIPART}; boundary="graphql"; subscriptionSpec=1.0',
    opening=b"\r\n--graphql",
    frame=_payload_part,
    heartbeat=_part(b"{}"),
    ending=b"--\r\n",
)


def wanted_form(accept: str | None) -> Form | None:
    """The form of stream that an `Accept` header calls by its name; the most wanted if it names both.

    Wildcards name neither: a client that does not know of streams would wait for their end.
    """
    if not accept:
        return None
    offered = (EVENT_STREAM, MULTIPART) if _knows_parts(accept) else (EVENT_STREAM,)
    named = [wanted for wanted in preferences(accept, offered) if wanted.named]
    if not named:
        return None
    return EVENTS if named[0].media_type == EVENT_STREAM else PARTS


def _knows_parts(accept: str) -> bool:
    # Without it, `multipart/mixed` means another protocol (incremental delivery, for @defer and @stream).
    return any(
        range_.name == MULTIPART and range_.parameters.get("subscriptionspec") in SPECIFICATION
        for range_ in read_accept(accept)
    )
