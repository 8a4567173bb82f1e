"""Parsers of frames, lent: a socket has one while a client's frame is on its way, and idle sockets have none."""

from __future__ import annotations

import logging
from typing import Final

from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as Parser

LENT: Final = 16
"""Parsers kept for the next sockets that are written to."""

log = logging.getLogger("uvicorn.error")


class Parsers:
    """Parsers between two frames, which are all the same. `max_size`: bytes of a message."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._free: list[Parser] = []

    def take(self) -> Parser:
        """One at the beginning of a frame."""
        return self._free.pop() if self._free else Parser(SERVER, max_size=self._max_size, logger=log)

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
