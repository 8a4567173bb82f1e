"""What a client takes: JSON of which type, or a stream of which form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.errors import ClientError
from schema.doors.forms import Form, wanted_form
from schema.doors.negotiation import GRAPHQL_RESPONSE, JSON, preferences


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client takes: JSON of which media type (None: no JSON); and a stream of which form, if any.

    `forgiving`: it is one that wants 200 for request errors.
    """

    json: str | None = JSON
    stream: Form | None = None
    forgiving: bool = False


def negotiate(accept: str) -> Wanted:
    """What a client takes, by its `Accept` header (RFC 9110: no header, or an empty one, is `*/*`).

    Raises a `ClientError` of code NOT_ACCEPTABLE.
    """
    return _known(accept) if len(accept) <= LONGEST_KNOWN else _negotiate(accept)


def _negotiate(accept: str) -> Wanted:
    wanted = preferences(accept, (JSON, GRAPHQL_RESPONSE))
    stream = wanted_form(accept)
    if not wanted:
        if stream is None:
            message = f"Answers are {GRAPHQL_RESPONSE} or {JSON}: list one of them in Accept."
            raise ClientError("NOT_ACCEPTABLE", message)
        return Wanted(None, stream)
    best = wanted[0]
    return Wanted(best.media_type, stream, best.media_type == JSON and best.named)


_known = lru_cache(maxsize=256)(_negotiate)
LONGEST_KNOWN: Final = 200
"""Clients send a handful of short headers, again and again."""
