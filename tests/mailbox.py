"""A mail server for tests: takes everything (or refuses, when told to), and hands it out by recipient."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

PATIENCE_SECONDS = 120


@dataclass
class Mailbox:
    """What arrived. `answers`: what to say, by recipient, instead of taking the next mails to them: `451 later`."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Mailbox]:
        """Listens on a free port."""
        mailbox = cls()
        server = await asyncio.start_server(mailbox._serve, "127.0.0.1", 0)
        mailbox.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield mailbox

    def to(self, address: str) -> list[EmailMessage]:
        """What has arrived for an address by now."""
        return [mail for mail in self.mails if str(mail["To"]).lower() == address.lower()]

    async def letter(self, address: str, number: int = 1) -> str:
        """The text of the n-th mail to an address, once it is there."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.to(address)) >= number)
        return str(self.to(address)[number - 1].get_content()).replace("\r\n", "\n")

    async def token(self, address: str, number: int = 1) -> str:
        """The secret in the n-th mail to an address: the longest word of its text, without what leads to it."""
        words = (await self.letter(address, number)).split()
        return max((word.rpartition("token=")[2] for word in words), key=len)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 mailbox")
        while line := await reader.readline():
            word = line[:4].decode().upper()
            if word == "EHLO":
                say("250-mailbox")
                say("250-SMTPUTF8")
                say("250 8BITMIME")
            elif word == "RCPT" and (
                answers := self.answers.get(line.decode().partition("<")[2].partition(">")[0])
            ):
                say(answers.pop(0))
            elif word == "DATA":
                say("354 go on")
                await self._take(await reader.readuntil(b"\r\n.\r\n"))
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 so be it")
        writer.close()

    async def _take(self, data: bytes) -> None:
        text = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        mail = message_from_bytes(text, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        async with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
