"""Commands and settings that hold secrets print none of them, least of all when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import SECRET_NAMES, Settings, environment_name
from tests.command_line.conftest import Command
from tests.secrets.marks import mark


def test_every_setting_with_a_secret_is_known() -> None:
    """By its name, as `app/config.py` lists what names of secrets end in."""
    words = ("token", "secret", "password", "_key", "url")
    public = {"token_issuer", "token_audience"}
    for name, about in Settings.model_fields.items():
        variable = environment_name(name)
        if isinstance(about.default, str) and any(word in name for word in words) and name not in public:
            assert variable.endswith(SECRET_NAMES), variable


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["serve"], {"DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/db", "REDIS_URL": "redis://:SECRET@127.0.0.1:1"}),
        (["serve"], {"DATABASE_URL": "mysql://u:SECRET@h/db", "REDIS_URL": "http://:SECRET@h"}),
        (["serve"], {"DATABASE_URL": "postgresql://u:SECRET@h:port/db", "REDIS_URL": "SECRET"}),
        (["serve"], {"DATABASE_URL": "SECRET"}),
        (["serve"], {"LOCKSTEP_SMTP_URL": "imap://u:SECRET@h"}),
        (["serve"], {"LOCKSTEP_METRICS_TOKE": "SECRET"}),
        (["migrate"], {"DATABASE_OWNER_URL": "postgresql://u:SECRET@127.0.0.1:1/db"}),
        (["token", "--email", "x@lockstep.example"], {"DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/db"}),
        (["erase-person", "--yes", "--email", "x@lockstep.example"], {"DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/db"}),
        (["redact", "--task", "x", "--field", "title"], {"DATABASE_OWNER_URL": "postgresql://u:SECRET@127.0.0.1:1/db"}),
        (["settings"], {"DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/db", "LOCKSTEP_METRICS_TOKEN": "SECRET"}),
    ],
)  # fmt: skip
def test_a_command_that_fails_tells_no_secret(
    words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    secret = mark("setting")
    command = Command(
        *words,
        **{name: value.replace("SECRET", secret) for name, value in environment.items()},
        LOCKSTEP_DATA_DIR=str(tmp_path),
        LOCKSTEP_LOG_LEVEL="debug",
    )
    try:
        command.end()
        assert command.output
        assert secret not in command.output
    finally:
        command.close()
