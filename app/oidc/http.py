"""Asking a provider over HTTP, within bounds."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from app.oidc.refusals import ProviderAway

SECONDS = 10
LARGEST_ANSWER = 1_000_000
"""Bytes."""


async def fetch(
    http: httpx.AsyncClient, method: str, url: str, *, accept: tuple[int, ...] = (200,), **options: Any
) -> dict[str, Any]:
    """A JSON object. Redirections are not followed: an endpoint is where its metadata says. Raises ``ProviderAway``."""
    body = b""
    try:
        async with http.stream(method, url, **options) as answer:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise ProviderAway(f"{url} answers too much")
            if answer.status_code not in accept:
                raise ProviderAway(f"{url} answers {answer.status_code}")
        found = orjson.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as fault:
        raise ProviderAway(f"{url}: {type(fault).__name__}") from None
    if not isinstance(found, dict):
        raise ProviderAway(f"{url} answers no object")
    return found
