"""Parsers of frames, lent: a socket has one while a client's frame is on its way, and idle sockets have none.

What clients send is mostly one short text, whole, which needs none at all.
"""

from __future__ import annotations

import logging
from typing import Final

from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as Parser

try:
    from websockets.speedups import apply_mask
except ImportError:  # where there is no wheel for the platform
    from websockets.utils import apply_mask

LENT: Final = 16
"""Parsers kept for the next sockets that are written to."""

log = logging.getLogger("uvicorn.error")


class Parsers:
    """Parsers between two frames, which are all the same. `max_size`: bytes of a message."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self._free: list[Parser] = []

    def take(self) -> Parser:
        """One at the beginning of a frame."""
        return self._free.pop() if self._free else Parser(SERVER, max_size=self.max_size, logger=log)

    def give_back(self, parser: Parser) -> bool:
        """Whether it could be taken back: it is open, and neither within a frame nor within a message."""
        waits_in = getattr(parser.parser, "gi_yieldfrom", None)
        if (
            parser.state is not State.OPEN
            or parser.current_size is not None
            or parser.reader.buffer
            or getattr(waits_in, "__name__", "") != "at_eof"
        ):
            return False
        if len(self._free) < LENT:
            self._free.append(parser)
        return True


def whole_text(data: bytes, max_size: int) -> bytes | None:
    """The text in a client's frame that is all there is, and all there. None: a parser must look at it.

    Source: RFC 6455, section 5.2.
    """
    size = len(data) - 6
    if size < 0 or data[0] != 0x81:
        return None
    if size < 126:
        return apply_mask(data[6:], data[2:6]) if data[1] == 0x80 | size else None
    size -= 2
    if data[1] == 0xFE and 126 <= size == int.from_bytes(data[2:4], "big") and size <= max_size:
        return apply_mask(data[8:], data[4:8])
    return None
