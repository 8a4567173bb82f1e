"""What somebody is told when a way into their account is added."""

from __future__ import annotations

from app.mail.letters import Mail


def linked_letter(to: str, provider: str) -> Mail:
    """A word of warning: it holds no secret."""
    return Mail(
        to,
        "A new way to sign in to Lockstep",
        f"From now on an identity at the sign-in provider “{provider}” signs in to your Lockstep account.\n\n"
        "If that was not you, sign in, unlink it in your account's settings, and end your other sessions.\n",
    )
