"""Sends mail in the background: a bounded queue, a few retries, and no wait for whoever posted it.

What waits is lost when the process ends: a letter holds a secret that is kept nowhere in clear, so it cannot be
made again from the database; whoever misses it asks for another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import structlog

from app import metrics
from app.mail.letters import Mail

log = structlog.get_logger(__name__)

WAITING = 1000
"""Mails that wait at most; beyond that they are dropped and counted."""

SENDERS = 4
"""Mails sent at once."""

RETRY_SECONDS = (1.0, 5.0, 25.0)
"""How long after each failure it is tried again; then it is given up."""

CLOSE_SECONDS = 3.0
"""How long a stopping process goes on sending."""


class Refused(Exception):
    """The mail server will not take this mail, now or later."""


class Carrier(Protocol):
    """Brings one mail on its way. Raises ``Refused`` for good, anything else for now."""

    async def carry(self, mail: Mail) -> None: ...


class Mailer:
    """The postbox of a process. ``carrier`` None: nothing is configured, and mails are dropped with a warning."""

    def __init__(self, carrier: Carrier | None, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._carrier = carrier
        self._retry_seconds = retry_seconds
        self._waiting: asyncio.Queue[Mail] = asyncio.Queue(WAITING)
        self._senders: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to send."""
        if self._carrier is not None:
            self._senders = [asyncio.create_task(self._send_for_ever(self._carrier)) for _ in range(SENDERS)]

    def post(self, mails: Sequence[Mail]) -> None:
        """Take mails; returns at once."""
        for mail in mails:
            if self._carrier is None:
                metrics.MAILS.labels("dropped").inc()
                log.warning("mail_not_sent", reason="LOCKSTEP_SMTP_URL is not set")
                continue
            try:
                self._waiting.put_nowait(mail)
            except asyncio.QueueFull:
                metrics.MAILS.labels("dropped").inc()
                log.warning("mail_not_sent", reason="too many are waiting")

    async def close(self) -> None:
        """Send what waits, for a few seconds at most, then stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS if self._senders else 0):
                await self._waiting.join()
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        if lost := self._waiting.qsize():
            log.warning("mail_not_sent", reason="the process ended", mails=lost)

    async def _send_for_ever(self, carrier: Carrier) -> None:
        while True:
            mail = await self._waiting.get()
            try:
                await self._send(carrier, mail)
            finally:
                self._waiting.task_done()

    async def _send(self, carrier: Carrier, mail: Mail) -> None:
        for pause in (*self._retry_seconds, None):
            try:
                await carrier.carry(mail)
            except Refused as refusal:
                metrics.MAILS.labels("failed").inc()
                log.warning("mail_refused", reason=str(refusal))
                return
            except Exception as fault:  # noqa: BLE001 (whatever it was, the next mail is to be sent)
                # Its type alone: a server's answer may quote the mail.
                log.warning("mail_failed", error=type(fault).__name__, again_in=pause)
                if pause is None:
                    metrics.MAILS.labels("failed").inc()
                    return
                await asyncio.sleep(pause)
            else:
                metrics.MAILS.labels("sent").inc()
                return
