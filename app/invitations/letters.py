"""What an invitation's mail says."""

from __future__ import annotations

from datetime import datetime

from app.mail.letters import Mail, link


def invitation_letter(
    to: str, *, workspace: str, inviter: str, expires_at: datetime, web_url: str, token: str
) -> Mail:
    """The only place where the token stands: who answers with it has read this mail."""
    where = link(web_url, "invitation", token)
    text = (
        f"{inviter} invites you to the workspace “{workspace}” in Lockstep.\n\n"
        f"To join, go to\n\n    {where}\n\n"
        f"and sign in, or make an account with this address. It works once, until {expires_at:%d %B %Y}.\n\n"
        "If you do not know what this is about, do nothing: nobody was told whether you have an account.\n"
    )
    if not web_url:
        text = text.replace(
            "To join, go to\n", "To join, sign in and give this code to `invitationAccept`:\n", 1
        )
    return Mail(to, f"{inviter} invites you to {workspace}", text)
