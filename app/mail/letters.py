"""What a mail is, and the links in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """A plain-text mail to one person. It may hold a secret (a link that signs in), so it is never logged or kept."""

    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return "Mail(…)"


class Postbox(Protocol):
    """Takes mails and sends them later."""

    def post(self, mails: Sequence[Mail]) -> None:
        """Take them; returns at once, and raises nothing: a mail that cannot be sent is not the caller's trouble."""


class NoPostbox:
    """For commands that write no letters; what is posted all the same goes nowhere."""

    def post(self, mails: Sequence[Mail]) -> None:
        """Nothing."""


def link(web_url: str, page: str, token: str) -> str:
    """Where a letter leads: `{web_url}/{page}#token=…`; the bare token where no front end is known.

    The token stands after the `#`, which browsers send to nobody: it comes into no server's log and no `Referer`.
    """
    return f"{web_url}/{page}#token={token}" if web_url else token
