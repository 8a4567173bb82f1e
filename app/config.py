"""Settings: what the environment says, checked once at the start.

Three names are the usual ones of the platforms that give them (`DATABASE_URL`, `DATABASE_OWNER_URL`,
`REDIS_URL`); all others begin with `LOCKSTEP_`. A wrong value, or a name that is not a setting, ends the
process before it opens anything.
"""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from app.addresses import PostgresUrl, RedisUrl, SmtpUrl, WebUrl, split
from app.bounds import Bounds

PREFIX = "LOCKSTEP_"
# Read by the test suite alone, never by a running service.
TEST_PREFIX = "LOCKSTEP_TEST_"
# Settings whose values are, or may hold, a secret. tests/secrets asks for each.
SECRET_NAMES = ("_URL", "_TOKEN", "_SECRET", "_KEY", "_PASSWORD", "_PROVIDERS")
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(Bounds):
    """One process's settings; they do not change while it runs. Tests give fields by name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, populate_by_name=True, frozen=True, extra="forbid"
    )

    database_url: PostgresUrl = Field(
        "",
        validation_alias="DATABASE_URL",
        description="PostgreSQL as the service's restricted role. Empty: `lockstep dev` starts its own.",
    )
    database_owner_url: PostgresUrl = Field(
        "",
        validation_alias="DATABASE_OWNER_URL",
        description="PostgreSQL as the role that owns the tables; only migrations use it.",
    )
    redis_url: RedisUrl = Field(
        "",
        validation_alias="REDIS_URL",
        description="Redis, or any server of its protocol. Empty: `lockstep dev` starts its own.",
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=128,
        description="Server processes that share the port; not given, `lockstep serve` starts one for each core.",
    )
    public_url: WebUrl = Field("", description="Where clients reach this service, if not at host and port.")
    data_dir: Path = Field(
        Path(".lockstep"), description="Folder of the embedded servers and the signing key."
    )
    web_dir: Path = Field(PROJECT_ROOT / "web" / "dist", description="Folder of the built browser pages.")
    drain_seconds: float = Field(
        10, ge=0, le=600, description="How long a stopping process waits for requests under way."
    )

    access_token_seconds: int = Field(3600, ge=1, le=86400, description="Life of an access token.")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Life of a refresh token.")
    signing_key_file: Path | None = Field(
        None, description="Private keys (JWK set) that sign access tokens; made in the data folder if absent."
    )

    token_issuer: str = Field("lockstep", min_length=1, description="`iss` of access tokens.")
    token_audience: str = Field("lockstep", min_length=1, description="`aud` of access tokens.")
    refresh_cookie: Literal["off", "strict", "lax"] = Field(
        "off",
        description="Browsers get refresh tokens as a cookie of this SameSite; off: in the answer, as all do.",
    )
    confirm_email: bool = Field(
        False,
        description="An account is made only when its address is confirmed; sign-up tells nobody who has one.",
    )
    argon2_time_cost: int = Field(3, ge=1, le=100, description="Passes of a password hash.")
    argon2_memory_kib: int = Field(
        65_536, ge=64, le=1 << 22, description="Memory of a password hash, in KiB."
    )
    argon2_parallelism: int = Field(4, ge=1, le=64, description="Lanes of a password hash.")
    password_hashes: int = Field(
        2,
        ge=1,
        le=256,
        description="Password hashes made at once in a process; 64 more may wait, others are refused.",
    )

    smtp_url: SmtpUrl = Field(
        "",
        description="Mail server: smtp://host:25, smtp://user:word@host:587 (STARTTLS) or smtps://. Empty: no mail.",
    )
    mail_from: str = Field(
        "Lockstep <lockstep@localhost>", description="Sender of mails: an address, or `Name <address>`."
    )
    mail_dir: Path | None = Field(
        None,
        description="Without a mail server: folder to write mails into (`lockstep dev` has one in the data folder).",
    )
    web_url: WebUrl = Field(
        "", description="The front end, where links in mails lead. Empty: mails hold codes to paste."
    )

    oidc_providers_file: Path | None = Field(
        None, description="JSON file of sign-in providers (OpenID Connect), with their secrets; see oidc.md."
    )
    oidc_new_accounts: bool = Field(
        True,
        description="Make an account for whom a provider vouches for, if there is none with the address.",
    )

    invitations_any_address: bool = Field(
        False, description="Let an invitation be accepted with another address than the invited one."
    )

    pool_size: int = Field(10, ge=1, le=1000, description="PostgreSQL connections per process.")
    prepared_statements: bool = Field(
        True, description="Off for a PgBouncer in transaction mode without `max_prepared_statements`."
    )

    hsts_days: int = Field(
        365,
        ge=0,
        le=3650,
        description="How long browsers shall insist on https, if the public address is https; 0 says nothing.",
    )
    metrics_token: str = Field(
        "",
        description="What `/metrics` asks for as `Authorization: Bearer …`. Empty: open to all who reach it.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["json", "console"] = Field("json", description="JSON lines, or colours for people.")

    lanes: bool = Field(
        True, description="Commit edits of one project together under load; off commits each by itself."
    )
    compiled: bool = Field(
        True, description="Run operations from compiled plans; off runs them field by field, for diagnosis."
    )
    kept_bytes: int = Field(
        67_108_864,
        ge=0,
        description="Bytes of answers that a process keeps for while nothing behind them changes; 0: none.",
    )
    kept_rows: int = Field(
        50_000,
        ge=0,
        description="Rows of people and of words (labels, say) that a process keeps while they stay the same; 0: none.",
    )
    foreseen_questions: int = Field(
        2000,
        ge=0,
        description="Questions of which a process knows what they read, to read it at once when asked again; 0: none.",
    )
    graphiql: bool = Field(True, description="Serve GraphiQL to browsers that open /graphql.")
    introspection: bool = Field(True, description="Answer introspection queries.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins besides our own that may call from a browser; separated by commas."
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, le=1 << 30, description="Largest request body accepted.")
    field_suggestions: bool = Field(True, description="Say `did you mean` where a document errs.")
    max_depth: int = Field(20, ge=1, le=200, description="Fields within fields of a document.")
    max_aliases: int = Field(200, ge=0, le=100_000, description="Aliases in a document.")
    max_root_fields: int = Field(50, ge=1, le=10_000, description="Fields on an operation's outermost level.")
    max_directives: int = Field(100, ge=0, le=10_000, description="Directives in a document.")
    max_tokens: int = Field(10_000, ge=10, le=1_000_000, description="Lexical tokens of a document.")
    max_cost: int = Field(
        50_000,
        ge=1,
        le=1 << 31,
        description="Cost of an operation: what it may answer with and looks through.",
    )
    max_batch: int = Field(0, ge=0, le=100, description="Requests in one HTTP body; 0 refuses batches.")
    persisted_queries: int = Field(
        1_000_000,
        ge=0,
        le=1 << 30,
        description="Characters of documents kept by their hash (APQ); 0 keeps none.",
    )
    trusted_documents: Path | None = Field(
        None, description="File of registered documents (JSON); no others are run then."
    )

    subscription_queue: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Events kept for a slow subscriber before it must resynchronise.",
    )
    search_indexing: bool = Field(
        True, description="Whether this process keeps the search index; one process of all is enough."
    )
    heartbeat_seconds: float = Field(15, gt=0, le=300, description="Longest silence on a live stream.")
    compare_interval_ms: int = Field(
        500,
        ge=10,
        le=1000,
        description="How often heads and access of followed scopes are read from PostgreSQL.",
    )
    checkpoint_seconds: float = Field(
        10,
        gt=0,
        le=3600,
        description="How often it is looked for logs that need a checkpoint for reading the past.",
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = split(origin, ("http", "https"))
            if not parts.hostname or parts.path or parts.query:
                raise ValueError(
                    "an origin is a scheme and a host, without a path: https://board.example.org"
                )
        return origins

    @field_validator("oidc_providers_file", "trusted_documents")
    @classmethod
    def _check_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("is not a file")
        return path

    @field_validator("mail_from")
    @classmethod
    def _check_sender(cls, sender: str) -> str:
        if "@" not in parseaddr(sender)[1] or any(letter in sender for letter in "\r\n"):
            raise ValueError("is not an address: Lockstep <lockstep@example.org>")
        return sender

    @field_validator("host")
    @classmethod
    def _check_host(cls, host: str) -> str:
        if not host or any(letter.isspace() or letter in "/:@" for letter in host):
            try:
                ip_address(host)
            except ValueError:
                raise ValueError("is not a host name or an address") from None
        return host

    @property
    def keys_path(self) -> Path:
        """Where the signing keys are."""
        return self.signing_key_file or self.data_dir / "signing-key.json"

    @property
    def base_url(self) -> str:
        """The address to show to people, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


def load_settings(**given: object) -> Settings:
    """The environment's settings, `given` ones (a command's options) first; `None` means "not given".

    Prints one line per problem to standard error and exits with status 2 if there is any.
    """
    values = {name: value for name, value in given.items() if value is not None}
    problems = list(_unknown_names(os.environ))
    settings: Settings | None = None
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        problems += _lines(error)
    if problems or settings is None:
        for problem in problems:
            print(f"lockstep: {problem}", file=sys.stderr)
        raise SystemExit(2)
    return settings


def listed_settings() -> dict[str, FieldInfo]:
    """All settings in the order in which people read them: bounds last."""
    fields = Settings.model_fields
    return dict(sorted(fields.items(), key=lambda field: field[0] in Bounds.model_fields))


def environment_name(field: str) -> str:
    """The environment variable of a field: `port` is `LOCKSTEP_PORT`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def _unknown_names(environment: Mapping[str, str]) -> Iterator[str]:
    known = {environment_name(field) for field in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(TEST_PREFIX):
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _lines(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        place = str(problem["loc"][0]) if problem["loc"] else "settings"
        name = environment_name(place) if place in Settings.model_fields else place
        message = problem["msg"].removeprefix("Value error, ")
        # What may hold a password is never printed back.
        value = "" if name.endswith(SECRET_NAMES) else f" (it is {str(problem['input'])!r})"
        yield f"{name}: {message[:1].lower()}{message[1:]}{value}"
