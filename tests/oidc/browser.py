"""A browser as far as sign-in goes: it keeps cookies, and goes where it is sent."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.client import JSON, Client
from tests.service import Service

FRONT_END = "https://board.lockstep.example/after?view=board"


def challenge_of(verifier: str) -> str:
    """As RFC 7636 says."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Browser:
    """One person's browser with the front end's page in it, which keeps the verifier."""

    def __init__(self, service: Service, verifier: str = "v" * 43) -> None:
        self.service = service
        self.verifier = verifier
        self.cookies: dict[str, str] = {}
        self._http = httpx.AsyncClient(verify=False)

    async def get(self, url: str) -> httpx.Response:
        """An address of the service, by whichever name it calls itself, with our cookies; of others, without."""
        own = self.service.settings.base_url
        here = url.startswith((own, "/"))
        place = f"{self.service.url}{url.removeprefix(own)}" if here else url
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items()) if here else ""
        answer = await self._http.get(place, headers={"Cookie": sent} if sent else {})
        for line in answer.headers.get_list("set-cookie") if here else ():
            pair, *attributes = [part.strip() for part in line.split(";")]
            assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes)
            name, _, value = pair.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in attributes:
                self.cookies[name] = value
        return answer

    async def begin(self, provider: str = "corp", return_to: str = FRONT_END) -> str:
        """Where the provider's page is."""
        asked = urlencode({"return_to": return_to, "challenge": challenge_of(self.verifier)})
        answer = await self.get(f"/auth/oidc/{provider}/start?{asked}")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def answered(self, page: str, **form: Any) -> str:
        """Where the provider sends us after its page."""
        answer = await self._http.post(page, data=form) if form else await self._http.get(page)
        assert answer.status_code in (302, 303), answer.text
        return str(answer.headers["location"])

    async def come_back(self, url: str) -> JSON:
        """What the front end's page is then told."""
        answer = await self.get(url)
        assert answer.status_code == 303, answer.text
        assert answer.headers["cache-control"] == "no-store"
        place = urlsplit(answer.headers["location"])
        assert f"{place.scheme}://{place.netloc}{place.path}" == FRONT_END.partition("?")[0]
        told = {name: value for name, [value] in parse_qs(place.query).items()}
        assert told.pop("view") == "board"
        return told

    async def code(self, provider: str = "corp", **form: Any) -> str:
        """The one-time code, at the end of the whole way."""
        told = await self.come_back(await self.answered(await self.begin(provider), **form))
        assert told.keys() == {"oidc_code"}, told
        return str(told["oidc_code"])

    async def signed_in(self, provider: str = "corp", **form: Any) -> Client:
        """A client of whom the provider vouches for."""
        client = self.service.client()
        payload = await client.do(
            "oidcExchange", code=await self.code(provider, **form), verifier=self.verifier
        )
        client.token, client.refresh_token = payload["accessToken"], payload["refreshToken"]
        client.user_id = payload["user"]["id"]
        return client

    async def refused(self, provider: str = "corp", **form: Any) -> JSON:
        """Why what a provider vouches for signs nobody in."""
        code = await self.code(provider, **form)
        return await self.service.client().refused("oidcExchange", code=code, verifier=self.verifier)

    async def close(self) -> None:
        await self._http.aclose()
