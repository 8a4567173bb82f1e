"""What a provider says of itself, and its keys: fetched once, and kept for an hour."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.oidc.http import fetch
from app.oidc.providers import Provider
from app.oidc.refusals import ProviderAway

KEPT_SECONDS = 3600
KEYS_AGAIN_SECONDS = 30
"""A key that is not known may be new: the keys are fetched again, but not more often than this."""

_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Symmetric keys have no place in a public key set: taken for a signature's key, everybody could sign.
_ASYMMETRIC = ("RSA", "EC", "OKP")


class Metadata:
    """A provider's discovery document and keys."""

    def __init__(self, provider: Provider, http: httpx.AsyncClient) -> None:
        self._provider = provider
        self._http = http
        self._turn = asyncio.Lock()
        self._document: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._until = 0.0
        self._keys_at = 0.0

    async def document(self) -> dict[str, Any]:
        """The discovery document. Its issuer is the one of the settings, to the letter (Discovery, section 4.3)."""
        async with self._turn:
            if time.monotonic() >= self._until:
                issuer = self._provider.issuer
                found = await fetch(
                    self._http, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                if found.get("issuer") != issuer:
                    raise ProviderAway(f"{issuer} says that it is {found.get('issuer')!r}")
                for name in _NEEDED:
                    self._check_endpoint(found.get(name))
                self._document, self._keys = found, None
                self._until = time.monotonic() + KEPT_SECONDS
            return self._document

    def _check_endpoint(self, url: object) -> None:
        safe = isinstance(url, str) and (
            url.startswith("https://")
            or (self._provider.issuer.startswith("http://") and url.startswith("http://"))
        )
        if not safe:
            raise ProviderAway(f"{self._provider.issuer} has no endpoint over TLS")

    async def keys(self, *, again: bool = False) -> KeySet:
        """The keys that sign its tokens. ``again``: one is not among them; it may be new."""
        document = await self.document()
        async with self._turn:
            stale = again and time.monotonic() - self._keys_at >= KEYS_AGAIN_SECONDS
            if self._keys is None or stale:
                found = await fetch(self._http, "GET", document["jwks_uri"])
                listed = found.get("keys")
                keys = [
                    one for one in (listed if isinstance(listed, list) else ())
                    if isinstance(one, dict) and one.get("kty") in _ASYMMETRIC and one.get("use") != "enc"
                ]  # fmt: skip
                try:
                    self._keys = KeySet.import_key_set({"keys": keys})
                except (JoseError, ValueError, KeyError, TypeError):
                    raise ProviderAway(f"{self._provider.issuer} has no keys that we can use") from None
                self._keys_at = time.monotonic()
            return self._keys
