"""URLs among the settings: which are accepted, and the one form in which they are kept."""

from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator


def split(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a URL of one of these schemes; raises ``ValueError`` for any other."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL, or its port is not a number from 0 to 65535") from None
    if parts.scheme not in schemes:
        raise ValueError("must begin with " + " or ".join(f"{scheme}://" for scheme in schemes))
    return parts


def _postgres_url(url: str) -> str:
    """Any of the spellings in use, stored as `postgresql://`, which asyncpg, psycopg and libpq all take."""
    if not url:
        return url
    parts = split(url, ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"))
    if not parts.path.strip("/"):
        raise ValueError("names no database: postgresql://user:password@host:5432/database")
    return parts._replace(scheme="postgresql").geturl()


def _redis_url(url: str) -> str:
    return split(url, ("redis", "rediss", "unix")).geturl() if url else url


def _web_url(url: str) -> str:
    if url and not split(url, ("http", "https")).hostname:
        raise ValueError("names no host: https://lockstep.example.org")
    return url.rstrip("/")


def _smtp_url(url: str) -> str:
    if url and not split(url, ("smtp", "smtps")).hostname:
        raise ValueError("names no host: smtp://mail.example.org:25")
    return url


PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
