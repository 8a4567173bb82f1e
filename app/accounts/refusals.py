"""What is refused about accounts."""

from __future__ import annotations

from app.errors import Refusal


class SignInFailed(Refusal):
    """Address and password do not belong together; which of them is wrong is not told."""

    code = "SIGN_IN_FAILED"


class LinkInvalid(Refusal):
    """A token from a mail that was used, has expired, or never was one."""

    code = "LINK_INVALID"

    def __init__(self) -> None:
        super().__init__(
            "This link is not valid any more: it was used, or it has expired. Ask for another.",
            path=("token",),
        )
