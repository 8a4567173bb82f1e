"""What a joining domain may be."""

from __future__ import annotations

from app.accounts.actions import check_email
from app.errors import ValidationFailed

PUBLIC = frozenset(
    {
        "aol.com", "duck.com", "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com",
        "hotmail.com", "icloud.com", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com",
        "outlook.com", "pm.me", "proton.me", "protonmail.com", "qq.com", "tutanota.com", "web.de", "yahoo.com",
        "yandex.com", "yandex.ru", "zoho.com", "163.com", "126.com",
    }
)  # fmt: skip
"""Domains at which anybody gets an address; the best known ones, so that nobody lists them by mistake."""


def check_domain(domain: str) -> str:
    """A domain in lower case, as addresses have it."""
    try:
        found = check_email(f"someone@{domain.strip().removeprefix('@')}").partition("@")[2]
    except ValidationFailed:
        raise ValidationFailed("Not a domain of addresses, such as example.com.", path=("domain",)) from None
    if found in PUBLIC:
        raise ValidationFailed("Anybody gets an address at this domain.", path=("domain",))
    return found
