"""The ways out: an SMTP server, or a folder for a developer to look into."""

from __future__ import annotations

import asyncio
import os
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from app.config import Settings
from app.ids import new_id
from app.mail.letters import Mail
from app.mail.mailer import Carrier, Refused
from app.values import now_utc

log = structlog.get_logger(__name__)

SMTP_SECONDS = 20
"""How long one attempt may take."""

_PORTS = {"smtp": 25, "smtps": 465}


def written(mail: Mail, sender: str) -> EmailMessage:
    """The message as it goes out. Raises ``ValueError`` for an address that cannot stand in a header."""
    name, address = parseaddr(sender)
    letter = EmailMessage()
    letter["From"] = Address(display_name=name, addr_spec=address)
    letter["To"] = Address(addr_spec=mail.to)
    letter["Subject"] = " ".join(mail.subject.split())  # one line: names in it were typed by people
    letter["Date"] = format_datetime(now_utc())
    letter["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or None)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs do not answer it
    letter.set_content(mail.text)
    return letter


class Smtp:
    """`smtp://host:25` (with STARTTLS if offered), `smtp://user:password@host:587` (only with STARTTLS), `smtps://`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        # A password never travels in the open, whatever stands between us and the server.
        self._start_tls = None if self._user is None or self._tls else True
        self._sender = sender

    async def carry(self, mail: Mail) -> None:
        """Hand a mail to the server."""
        try:
            letter = written(mail, self._sender)
        except ValueError:
            raise Refused("an address cannot be written in a header") from None
        try:
            await aiosmtplib.send(
                letter, hostname=self._host, port=self._port, username=self._user, password=self._password,
                use_tls=self._tls, start_tls=False if self._tls else self._start_tls, timeout=SMTP_SECONDS,
            )  # fmt: skip
        except aiosmtplib.SMTPRecipientsRefused as refused:
            if all(one.code >= 500 for one in refused.recipients):
                raise Refused("the server refuses the recipient") from None
            raise
        except aiosmtplib.SMTPResponseException as answer:
            if answer.code in (552, 554):
                raise Refused(f"the server refuses the mail ({answer.code})") from None
            raise


class Folder:
    """Writes each mail into a file of its own, which only this account can read."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def carry(self, mail: Mail) -> None:
        """Write a mail, and tell the log where it is (never what is in it)."""
        try:
            letter = written(mail, self._sender)
        except ValueError:
            raise Refused("an address cannot be written in a header") from None
        path = await asyncio.to_thread(self._write, letter)
        log.info("mail_written", file=str(path))

    def _write(self, letter: EmailMessage) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{new_id()}.txt"  # ids are in order of time
        text = "".join(f"{name}: {letter[name]}\n" for name in ("Date", "From", "To", "Subject"))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{text}\n{letter.get_content()}")
        return path


def carrier_of(settings: Settings) -> Carrier | None:
    """What the settings say: an SMTP server, a folder, or nothing."""
    if settings.smtp_url:
        return Smtp(settings.smtp_url, settings.mail_from)
    return Folder(settings.mail_dir, settings.mail_from) if settings.mail_dir else None
