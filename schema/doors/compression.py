"""Large answers leave compressed, if the client can read them so (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Final

import brotli

from schema.graphiql import best_encoding
from schema.kept.shelf import Kept

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


async def compressed(
    content: bytes, accepted: str | None, kept: Kept | None = None
) -> tuple[bytes, str | None]:
    """The content as it should be sent, and the name of its encoding, None if it is sent as it is.

    ``kept``: the kept answer that it is of, which keeps its compressed forms too.
    """
    if len(content) < WORTH_IT or not accepted:
        return content, None
    name = best_encoding(accepted, ENCODINGS)
    if name is None:
        return content, None
    if kept is not None and name in kept.encoded:
        return kept.encoded[name], name
    encode = ENCODINGS[name]
    small = len(content) < IN_A_THREAD
    encoded = encode(content) if small else await asyncio.to_thread(encode, content)
    if kept is not None:
        kept.put_encoded(name, encoded)
    return encoded, name
