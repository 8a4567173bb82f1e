"""Large answers leave compressed, if the client can read them so (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Final

import brotli

from schema.graphiql import best_encoding

WORTH_IT: Final = 4096
"""Bytes; less goes into the first packets anyhow. No token is in an answer as large as this."""
IN_A_THREAD: Final = 65_536
"""Bytes; more would keep everybody else waiting."""


def _brotli(content: bytes) -> bytes:
    # Level 4 is as fast as gzip's 4 and a sixth smaller on our JSON.
    compressed: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=4)
    return compressed


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=4, mtime=0)


ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {"br": _brotli, "gzip": _gzip}
"""Of equals, the first is taken."""


async def compressed(content: bytes, accepted: str | None) -> tuple[bytes, str | None]:
    """The content as it should be sent, and the name of its encoding, None if it is sent as it is."""
    if len(content) < WORTH_IT or not accepted:
        return content, None
    name = best_encoding(accepted, ENCODINGS)
    if name is None:
        return content, None
    encode = ENCODINGS[name]
    if len(content) < IN_A_THREAD:
        return encode(content), name
    return await asyncio.to_thread(encode, content), name
