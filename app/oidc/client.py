"""The client of one provider: where to send people, and who came back.

Sources: OpenID Connect Core, sections 3.1 and 5.3; RFC 7636 (PKCE); RFC 9207 (issuer in the answer); RFC 9700.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from app.oidc.flow import FlowSecrets, challenge_of
from app.oidc.http import fetch
from app.oidc.metadata import Metadata
from app.oidc.providers import Provider
from app.oidc.refusals import ProviderFailed

ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
]  # fmt: skip
"""Signatures that only the provider's private key makes: neither `none`, nor a secret shared with us."""

LEEWAY_SECONDS = 60


@dataclass(frozen=True)
class Claims:
    """Whom a provider vouches for: ``subject`` is theirs at ``issuer``, for good. The rest may change."""

    provider: str
    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None


class ProviderClient:
    """Speaks with one provider."""

    def __init__(self, provider: Provider, http: httpx.AsyncClient) -> None:
        self.provider = provider
        self._http = http
        self._metadata = Metadata(provider, http)

    async def authorization_url(self, flow: FlowSecrets, redirect_uri: str) -> str:
        """Where to send a browser."""
        document = await self._metadata.document()
        asked = {
            "response_type": "code", "client_id": self.provider.client_id, "redirect_uri": redirect_uri,
            "scope": self.provider.scopes, "state": flow.state, "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        endpoint: str = document["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def check_issuer(self, told: str | None) -> None:
        """Raise ``ProviderFailed`` for an answer that names another issuer, or none where this one names itself."""
        document = await self._metadata.document()
        required = document.get("authorization_response_iss_parameter_supported") is True
        if (told is not None or required) and told != self.provider.issuer:
            raise ProviderFailed("the answer is of another issuer")

    async def claims(self, code: str, flow: FlowSecrets, redirect_uri: str) -> Claims:
        """Exchange a code for who it is. Raises ``ProviderFailed``."""
        tokens = await self._exchange(code, flow, redirect_uri)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderFailed("the provider gave no id token")
        claims = await self._verified(id_token, flow, access_token)
        if "email" not in claims and "email" in self.provider.scopes.split():
            claims |= await self._user_info(claims["sub"], access_token)
        email = claims["email"] if isinstance(claims.get("email"), str) else None
        # Some providers write it as a word; anything else says nothing.
        verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
        return Claims(
            self.provider.name, self.provider.issuer, claims["sub"], email=email,
            email_verified=verified and email is not None and self.provider.may_vouch_for(email),
            name=claims["name"] if isinstance(claims.get("name"), str) else None,
        )  # fmt: skip

    async def _exchange(self, code: str, flow: FlowSecrets, redirect_uri: str) -> dict[str, Any]:
        document = await self._metadata.document()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
        }  # fmt: skip
        headers = {"Accept": "application/json"}
        auth = None
        secret = self.provider.client_secret
        if secret is None:
            form["client_id"] = self.provider.client_id
        elif "client_secret_basic" in document.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            # RFC 6749, section 2.3.1: both are written as in a form before they are joined.
            auth = httpx.BasicAuth(
                quote(self.provider.client_id, safe=""), quote(secret.get_secret_value(), safe="")
            )
        else:
            form |= {"client_id": self.provider.client_id, "client_secret": secret.get_secret_value()}
        return await fetch(
            self._http, "POST", document["token_endpoint"], data=form, headers=headers,
            auth=auth or httpx.USE_CLIENT_DEFAULT,
        )  # fmt: skip

    async def _verified(self, id_token: str, flow: FlowSecrets, access_token: Any) -> dict[str, Any]:
        try:
            try:
                token = jwt.decode(id_token, await self._metadata.keys(), algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                token = jwt.decode(id_token, await self._metadata.keys(again=True), algorithms=ALGORITHMS)
            rules = {
                "iss": {"essential": True, "value": self.provider.issuer},
                "aud": {"essential": True, "value": self.provider.client_id},
                "sub": {"essential": True},
            }
            about = {
                "nonce": flow.nonce, "client_id": self.provider.client_id, "access_token": access_token,
            }  # fmt: skip
            CodeIDToken(token.claims, token.header, rules, about).validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ProviderFailed(f"the id token is not valid: {type(fault).__name__} {fault}") from None
        subject = token.claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise ProviderFailed("the id token has no subject")
        return dict(token.claims)

    async def _user_info(self, subject: str, access_token: Any) -> dict[str, Any]:
        document = await self._metadata.document()
        endpoint = document.get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not isinstance(access_token, str):
            return {}
        found = await fetch(self._http, "GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise ProviderFailed("the user info is of somebody else")  # Core, section 5.3.2
        return {name: found[name] for name in ("email", "email_verified", "name") if name in found}


class ProviderClients:
    """The clients of all providers, by name; they share one pool of connections."""

    def __init__(self, by_name: dict[str, ProviderClient], http: httpx.AsyncClient | None) -> None:
        self._http = http
        self.by_name = by_name

    @classmethod
    def open(cls, providers: list[Provider], *, seconds: float) -> ProviderClients:
        """Connections are made when the first is needed; without providers not even certificates are read."""
        if not providers:
            return cls({}, None)
        http = httpx.AsyncClient(timeout=seconds, follow_redirects=False)
        return cls({one.name: ProviderClient(one, http) for one in providers}, http)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
