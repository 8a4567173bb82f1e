"""A sign-in provider for tests, over real HTTP, that can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.client import JSON

CLIENT, SECRET = "lockstep", "a secret: with %"


def signed(claims: JSON, key: Any, algorithm: str = "ES256", **header: Any) -> str:
    """An id token."""
    return jwt.encode({"alg": algorithm, **header}, claims, key, algorithms=[algorithm])


def unsigned(claims: JSON) -> str:
    """An id token that says that it needs no signature."""

    def part(value: JSON) -> str:
        return base64.urlsafe_b64encode(JSONResponse(value).body).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


@dataclass
class Provider:
    """Signs whoever `person` is in. `claims` and `metadata` are told besides; `make` makes the token instead of us."""

    person: JSON = field(default_factory=lambda: {"sub": "1"})
    claims: JSON = field(default_factory=dict)
    metadata: JSON = field(default_factory=dict)
    answer: JSON = field(default_factory=dict)
    make: Callable[[JSON], str] | None = None
    in_token: bool = True
    info: JSON = field(default_factory=dict)
    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    codes: dict[str, JSON] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Its addresses."""
        routes = [
            Route("/.well-known/openid-configuration", self._document), Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]), Route("/jwks", self._jwks),
            Route("/userinfo", self._userinfo),
        ]  # fmt: skip
        made = FastAPI(openapi_url=None)
        made.router.routes.extend(routes)
        return made

    async def _document(self, request: Request) -> Response:
        self.asked.append("document")
        names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        found = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in names.items()}
        return JSONResponse(
            {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **found, **self.metadata}
        )

    async def _jwks(self, request: Request) -> Response:
        self.asked.append("jwks")
        # A secret has no place among public keys: ours must not be taken for one that signs.
        shared = OctKey.import_key(SECRET, {"kid": "shared"}).as_dict()
        return JSONResponse({"keys": [shared, *KeySet([self.key]).as_dict(private=False)["keys"]]})

    async def _authorize(self, request: Request) -> Response:
        given = dict(request.query_params)
        answer: JSON = {"state": given["state"], **self.answer}
        if "error" not in answer:
            answer["code"] = uuid4().hex
            self.codes[answer["code"]] = given
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode(answer)}", 302)

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        begun = self.codes.pop(given.get("code", ""), None)
        if begun is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        proof = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(
            b"="
        )
        expected = base64.b64encode(f"{CLIENT}:a%20secret%3A%20with%20%25".encode()).decode()
        assert request.headers["authorization"] == f"Basic {expected}"
        assert begun["code_challenge_method"] == "S256"
        assert proof.decode() == begun["code_challenge"], "PKCE holds"
        assert given["redirect_uri"] == begun["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"],
            **(self.person if self.in_token else {"sub": self.person["sub"]}), **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.make(claims) if self.make else signed(claims, self.key, kid="one")
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": token})

    async def _userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer opaque"
        return JSONResponse({**self.person, **self.info})
