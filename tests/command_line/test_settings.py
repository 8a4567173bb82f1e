"""Settings come from the environment; wrong ones end the process before it opens anything."""

from pathlib import Path

import pytest

from app.config import PREFIX, Settings, environment_name, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(environment_name(field), raising=False)


def problems(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as stopped:
        load_settings()
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load_settings(port=None)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.keys_path == Path(".lockstep/signing-key.json")
    assert (settings.database_url, settings.redis_url, settings.workers) == ("", "", 1)


def test_names_and_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://service:word@db:5432/lockstep?ssl=on")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://owner@db/lockstep")
    monkeypatch.setenv("REDIS_URL", "rediss://:word@cache:6380/1")
    monkeypatch.setenv("LOCKSTEP_ALLOWED_ORIGINS", "https://a.example, http://localhost:5173")
    monkeypatch.setenv("LOCKSTEP_PREPARED_STATEMENTS", "off")
    monkeypatch.setenv("LOCKSTEP_PUBLIC_URL", "https://lockstep.example/")
    monkeypatch.setenv("LOCKSTEP_PORT", "9000")
    monkeypatch.setenv("LOCKSTEP_WORKERS", "")
    settings = load_settings(port=9001)
    assert settings.database_url == "postgresql://service:word@db:5432/lockstep?ssl=on"
    assert settings.database_owner_url == "postgresql://owner@db/lockstep"
    assert settings.redis_url == "rediss://:word@cache:6380/1"
    assert settings.allowed_origins == ("https://a.example", "http://localhost:5173")
    assert settings.prepared_statements is False
    assert settings.base_url == "https://lockstep.example"
    assert (settings.port, settings.workers) == (9001, 1)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "LOCKSTEP_PORT",
            "99999",
            "LOCKSTEP_PORT: input should be less than or equal to 65535 (it is '99999')",
        ),
        ("LOCKSTEP_WORKERS", "some", "LOCKSTEP_WORKERS: input should be a valid integer"),
        ("LOCKSTEP_HOST", "a b", "LOCKSTEP_HOST: is not a host name or an address (it is 'a b')"),
        ("LOCKSTEP_LOG_LEVEL", "loud", "LOCKSTEP_LOG_LEVEL: input should be 'debug'"),
        ("LOCKSTEP_GRAPHIQL", "perhaps", "LOCKSTEP_GRAPHIQL: input should be a valid boolean"),
        (
            "LOCKSTEP_ALLOWED_ORIGINS",
            "https://a.example/path",
            "LOCKSTEP_ALLOWED_ORIGINS: an origin is a scheme",
        ),
        ("LOCKSTEP_COMPARE_INTERVAL_MS", "5000", "LOCKSTEP_COMPARE_INTERVAL_MS: input should be less than"),
        ("LOCKSTEP_TRUSTED_DOCUMENTS", "/nowhere", "LOCKSTEP_TRUSTED_DOCUMENTS: is not a file"),
        ("LOCKSTEP_MAX_COST", "0", "LOCKSTEP_MAX_COST: input should be greater than"),
        ("LOCKSTEP_PROT", "1", "LOCKSTEP_PROT is not a setting; did you mean LOCKSTEP_PORT?"),
        ("DATABASE_URL", "mysql://u:hush@h/d", "DATABASE_URL: must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://u:hush@h", "DATABASE_URL: names no database"),
        ("DATABASE_OWNER_URL", "postgresql://u:hush@h:port/d", "DATABASE_OWNER_URL: is not a URL"),
        ("REDIS_URL", "http://u:hush@h", "REDIS_URL: must begin with redis://"),
    ],
)
def test_a_wrong_value_is_one_clear_line(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    (printed,) = problems(capsys)
    assert printed.startswith(f"lockstep: {line}")
    assert "hush" not in printed, "a password must not be printed"


def test_every_problem_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LOCKSTEP_PORT", "LOCKSTEP_POOL_SIZE", "REDIS_URL"):
        monkeypatch.setenv(name, "nonsense")
    assert len(problems(capsys)) == 3


def test_settings_only_of_the_suite_are_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_TEST_BARRIER", "commit")
    load_settings()


def test_every_setting_is_described_and_has_a_name_of_its_own() -> None:
    names = [environment_name(field) for field in Settings.model_fields]
    assert len(set(names)) == len(names)
    assert all(field.description for field in Settings.model_fields.values())
    assert {name for name in names if not name.startswith(PREFIX)} == {
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
    }
