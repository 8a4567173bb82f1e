"""The sign-in providers of the settings (LOCKSTEP_OIDC_PROVIDERS_FILE)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _address(url: str) -> str:
    """An issuer's address: over TLS, but for one on this machine. Source: OpenID Connect Discovery, section 3."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (parts.scheme == "https" or local)) or parts.query or parts.fragment:
        raise ValueError("an issuer is an https:// address without query and fragment")
    return url


def _scopes(scopes: str) -> str:
    if "openid" not in scopes.split():
        raise ValueError("scopes begin with openid")
    return scopes


class Provider(BaseModel):
    """One provider. ``name`` stands in our addresses; ``title`` is what people see on the button.

    ``domains``: those of the addresses that it can vouch for; empty: of any, so give it to all but public ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    title: Annotated[str, Field(min_length=1, max_length=100)]
    issuer: Annotated[str, AfterValidator(_address)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr | None = None
    scopes: Annotated[str, AfterValidator(_scopes)] = "openid email profile"
    domains: tuple[str, ...] = ()

    def may_vouch_for(self, email: str) -> bool:
        """Whether its word counts for this address."""
        return not self.domains or email.rpartition("@")[2].lower() in {one.lower() for one in self.domains}


def read_providers(file: Path | None) -> list[Provider]:
    """The providers of a file: a JSON list of objects. Raises ``ValueError`` that names no value of it."""
    if file is None:
        return []
    try:
        found = TypeAdapter(list[Provider]).validate_json(file.read_bytes())
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise ValueError(told) from None
    for what in ("name", "issuer"):
        values = [getattr(one, what) for one in found]
        if len(set(values)) < len(values):
            raise ValueError(f"two providers have the same {what}")
    return found
