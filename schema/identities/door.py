"""Where browsers go to sign in by a provider, and where providers send them back.

`GET /auth/oidc/{provider}/start?return_to=…&challenge=…` leads to the provider, `…/callback` back to the front end, at
`return_to`, with a one-time `oidc_code` (or an `oidc_error`). No token is ever in an address. Two bindings hold a flow
together: a cookie, from the start to the callback (who comes back is who left), and the challenge, from the front end's
page that began to its call of `oidcExchange` (who exchanges is who began).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.config import Settings
from app.errors import ClientError
from app.events.models import ActorKind
from app.identities.answers import keep_answer
from app.oidc.client import ProviderClient
from app.oidc.flow import FlowSecrets
from app.oidc.refusals import ProviderFailed
from app.work import Actor, run_unit

log = structlog.get_logger(__name__)

FLOW_SECONDS = 600
"""How long somebody may take at the provider."""

_COOKIE = "__Host-lockstep-oidc-"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST = 2048
_STRANGE = re.compile(r"[\x00-\x20\x7f\\]")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Flow:
    """What the browser's cookie holds, for this flow alone."""

    provider: str
    return_to: str
    challenge: str
    secret: str

    def encoded(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(asdict(self))).rstrip(b"=").decode()

    @classmethod
    def read(cls, value: str | None) -> Flow | None:
        """None for what is none of ours."""
        try:
            found = orjson.loads(base64.urlsafe_b64decode((value or "") + "=" * (-len(value or "") % 4)))
            flow = cls(**found)
        except (binascii.Error, ValueError, TypeError):
            return None
        return flow if all(isinstance(one, str) for one in asdict(flow).values()) else None


def may_return(settings: Settings, url: str) -> bool:
    """Whether an address is the front end's: of the origin of `web_url`, `public_url`, or an allowed one."""
    if len(url) > _LONGEST or _STRANGE.search(url):
        return False
    place = _origin(url)
    known = {_origin(one) for one in (settings.web_url, settings.base_url, *settings.allowed_origins) if one}
    return place is not None and place in known


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    return (parts.scheme, parts.hostname or "", port) if plain and parts.password is None else None


def oidc_routes() -> list[Route]:
    """The two addresses of each provider."""
    return [
        Route("/auth/oidc/{provider}/start", _told(_start), methods=["GET"]),
        Route("/auth/oidc/{provider}/callback", _told(_callback), methods=["GET"]),
    ]


def _told(
    endpoint: Callable[[Request, Any, ProviderClient], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        application = request.app.state.application
        client = application.providers.by_name.get(request.path_params["provider"])
        if client is None:
            return _refused("There is no such sign-in provider.", 404)
        return await endpoint(request, application, client)

    return respond


def _refused(words: str, status: int = 400) -> Response:
    return PlainTextResponse(words + "\n", status, _HEADERS)


def _redirect_uri(application: Any, client: ProviderClient) -> str:
    return f"{application.settings.base_url}/auth/oidc/{client.provider.name}/callback"


async def _start(request: Request, application: Any, client: ProviderClient) -> Response:
    return_to = request.query_params.get("return_to", "")
    challenge = request.query_params.get("challenge", "")
    if not may_return(application.settings, return_to):
        return _refused("`return_to` is not an address of a front end that this service knows.")
    if not _CHALLENGE.fullmatch(challenge):
        return _refused("`challenge` is the SHA-256 of your verifier, as base64url without padding.")
    secrets = FlowSecrets.new()
    try:
        place = await client.authorization_url(secrets, _redirect_uri(application, client))
    except ProviderFailed as failure:
        log.warning("provider_failed", provider=client.provider.name, reason=failure.reason)
        return RedirectResponse(_answered(return_to, oidc_error="UNAVAILABLE"), 303, _HEADERS)
    response = RedirectResponse(place, 303, _HEADERS)
    flow = Flow(client.provider.name, return_to, challenge, secrets.secret)
    _set_cookie(response, secrets.state, flow.encoded(), FLOW_SECONDS)
    return response


async def _callback(request: Request, application: Any, client: ProviderClient) -> Response:
    given = request.query_params
    state = given.get("state", "")
    flow = Flow.read(request.cookies.get(_COOKIE + state[:8]))
    secrets = FlowSecrets(flow.secret) if flow else None
    if (
        flow is None
        or secrets is None
        or not hmac.compare_digest(secrets.state.encode(), state.encode())
        or flow.provider != client.provider.name
        or not may_return(application.settings, flow.return_to)
    ):
        return _refused(
            "This sign-in was not begun in this browser, or too long ago. Go back and begin anew."
        )
    address = (request.client.host if request.client else None) or "unknown"
    answer = await _answer(given, application, client, secrets, flow, address)
    response = RedirectResponse(_answered(flow.return_to, **answer), 303, _HEADERS)
    _set_cookie(response, state, "", 0)
    return response


async def _answer(
    given: Any, application: Any, client: ProviderClient, secrets: FlowSecrets, flow: Flow, address: str
) -> dict[str, str]:
    try:
        # Each answer has us ask the provider: an address can have that done so often as it may try passwords.
        await application.limits.throttle_sign_in(address, secrets.state)
        await client.check_issuer(given.get("iss"))
        if "error" in given:
            denied = given["error"] == "access_denied"
            return {"oidc_error": "DENIED" if denied else "FAILED"}
        claims = await client.claims(given.get("code", ""), secrets, _redirect_uri(application, client))
        action, code = keep_answer(claims, flow.challenge)
        await run_unit(application.store, Actor(None, ActorKind.SYSTEM), action)
    except ProviderFailed as failure:
        log.warning("provider_failed", provider=client.provider.name, reason=failure.reason)
        return {"oidc_error": "FAILED"}
    except ClientError:
        return {"oidc_error": "UNAVAILABLE"}
    return {"oidc_code": code}


def _answered(return_to: str, **answer: str) -> str:
    parts = urlsplit(return_to)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query) if name not in ("oidc_code", "oidc_error")
    ]
    return parts._replace(query=urlencode([*kept, *answer.items()])).geturl()


def _set_cookie(response: Response, state: str, value: str, seconds: int) -> None:
    # Lax: the provider's redirection is a navigation from another site, which a strict cookie would miss.
    response.headers.append(
        "Set-Cookie",
        f"{_COOKIE}{state[:8]}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}",
    )
