"""Mail leaves after the commit, in the background, again if it must, and never in anybody's way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.events.models import ActorKind
from app.mail import mailer as rules
from app.mail.carriers import Folder, Smtp, carrier_of
from app.mail.letters import Mail, link
from app.mail.mailer import Mailer
from app.outcomes import Result
from app.work import Actor, RaceLost, Work, run_unit
from lockstep.dev import _named
from tests.mailbox import Mailbox
from tests.service import Service

MAIL = Mail("to@lockstep.example", "Words of\r\nBcc: everybody@else.example", "Grüße 🙂\n.\nEnd\n")


async def test_a_mail_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    mailer = Mailer(Smtp(mailbox.url, "Lockstep <from@lockstep.example>"))
    mailer.open()
    mailer.post([MAIL])
    assert await mailbox.letter(MAIL.to) == MAIL.text
    [mail] = mailbox.to(MAIL.to)
    assert mail["From"] == "Lockstep <from@lockstep.example>"
    assert mail["Subject"] == "Words of Bcc: everybody@else.example", "a line break begins no header"
    assert mail["Bcc"] is None
    await mailer.close()


async def test_it_is_tried_again(mailbox: Mailbox) -> None:
    mailbox.answers[MAIL.to] = ["451 later", "421 busy"]
    mailer = Mailer(Smtp(mailbox.url, "from@lockstep.example"), retry_seconds=(0, 0))
    mailer.open()
    mailer.post([MAIL])
    assert await mailbox.letter(MAIL.to) == MAIL.text
    assert mailbox.answers == {MAIL.to: []}
    await mailer.close()


async def test_a_refused_mail_is_given_up_and_the_next_is_sent(mailbox: Mailbox) -> None:
    mailbox.answers["nobody@lockstep.example"] = ["550 nobody of that name"]
    mailer = Mailer(Smtp(mailbox.url, "from@lockstep.example"), retry_seconds=(600,))
    mailer.open()
    mailer.post([Mail("nobody@lockstep.example", "s", "t"), Mail("no address", "s", "t")])
    mailer.post([MAIL])
    await mailbox.letter(MAIL.to)
    await mailer.close()
    assert len(mailbox.mails) == 1


async def test_the_end_does_not_wait_for_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CLOSE_SECONDS", 0.01)
    mailer = Mailer(Smtp("smtp://127.0.0.1:1", "from@lockstep.example"))
    mailer.open()
    mailer.post([MAIL] * 2000)
    async with asyncio.timeout(rules.CLOSE_SECONDS + 20):
        await mailer.close()


async def test_without_a_server_mails_are_dropped_and_never_logged(logged: list[Any]) -> None:
    mailer = Mailer(None)
    mailer.open()
    mailer.post([MAIL])
    await mailer.close()
    assert [entry["event"] for entry in logged] == ["mail_not_sent"]
    assert "everybody" not in repr(logged) + repr(MAIL)


async def test_a_folder_takes_them_for_a_developer(tmp_path: Path, logged: list[Any]) -> None:
    settings = Settings(mail_dir=tmp_path / "mail")  # type: ignore[call-arg]
    carrier = carrier_of(settings)
    assert isinstance(carrier, Folder)
    await carrier.carry(MAIL)
    [file] = (tmp_path / "mail").iterdir()
    assert file.read_text().endswith(f"\n\n{MAIL.text}")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Grüße" not in repr(logged)
    assert str(file) in repr(logged)


async def test_only_what_is_committed_is_sent_and_once(service: Service, mailbox: Mailbox) -> None:
    runs: list[int] = []

    async def rerun(work: Work) -> Result:
        work.mail(Mail("committed@lockstep.example", "s", f"run {work.attempt}"))
        runs.append(work.attempt)
        if work.attempt == 0:
            raise RaceLost
        return {}

    async def refused(work: Work) -> Result:
        work.mail(Mail("refused@lockstep.example", "s", "t"))
        raise LookupError

    actor = Actor(None, ActorKind.SYSTEM)
    with pytest.raises(LookupError):
        await run_unit(service.application.store, actor, refused)
    await run_unit(service.application.store, actor, rerun)
    assert await mailbox.letter("committed@lockstep.example") == "run 1\n"
    assert runs == [0, 1]
    assert len(mailbox.mails) == 1


def test_links_keep_their_secret_from_servers() -> None:
    assert link("https://front.example", "reset", "abc") == "https://front.example/reset#token=abc"
    assert link("", "reset", "abc") == "abc"


def test_a_password_is_sent_over_tls_only() -> None:
    assert Smtp("smtp://user:p%40ss@mail.example:587", "a@b.example")._start_tls is True
    assert Smtp("smtps://user:word@mail.example", "a@b.example")._tls is True


def test_a_developer_without_a_mail_server_has_a_folder(tmp_path: Path) -> None:
    """`lockstep dev` alone: a service in production writes mails nowhere unasked."""
    alone = Settings(data_dir=tmp_path)  # type: ignore[call-arg]
    assert _named(alone, 1).mail_dir == tmp_path / "mail"
    assert alone.mail_dir is None
    assert carrier_of(alone) is None
    served = Settings(data_dir=tmp_path, smtp_url="smtp://mail.example:25")  # type: ignore[call-arg]
    assert _named(served, 1).mail_dir is None
