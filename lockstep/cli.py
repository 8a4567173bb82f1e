"""The command line. Each command is a few lines here and a module beside this one."""

import asyncio
import difflib
import os
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from app.config import environment_name, listed_settings, load_settings
from lockstep.keys_cli import keys
from lockstep.telling import fail, need, plainly

cli = typer.Typer(
    help="Lockstep: everyone's view stays the same while many people edit at once.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold passwords
    add_completion=False,
)

Host = Annotated[str | None, typer.Option(help="Address to listen on (LOCKSTEP_HOST).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (LOCKSTEP_PORT).")]
Workers = Annotated[int | None, typer.Option(help="Server processes sharing the port (LOCKSTEP_WORKERS).")]


@cli.command()
@plainly
def dev(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    until_parent_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run everything on this machine: a database, Redis, a demo workspace and the service."""
    from lockstep import dev as development  # noqa: PLC0415

    if until_parent_ends:
        development.end_with(os.getppid())
    log_format = None if os.environ.get("LOCKSTEP_LOG_FORMAT") else "console"
    development.run(load_settings(host=host, port=port, workers=workers, log_format=log_format))


@cli.command()
@plainly
def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    until_parent_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve with the database and the Redis given by DATABASE_URL and REDIS_URL; a process per core unless told."""
    from lockstep import serve as service  # noqa: PLC0415

    if until_parent_ends:
        from lockstep.dev import end_with  # noqa: PLC0415

        end_with(os.getppid())
    given = load_settings(host=host, port=port, workers=workers)
    if "workers" not in given.model_fields_set:
        # A process can keep one core busy, and no more.
        given = given.model_copy(update={"workers": service.cores()})
    need(given, "database_url", "redis_url")
    service.refuse_old_schema(given)
    with service.listen(given) as listener:
        named = given.model_copy(update={"port": listener.getsockname()[1]})
        service.serve(named, listener, lambda: print(f"lockstep: {named.base_url}/graphql", flush=True))


@cli.command()
@plainly
def migrate(
    check: Annotated[
        bool,
        typer.Option(
            help="Only see, on a new database, whether migrations and models agree; status 1 if not."
        ),
    ] = False,
) -> None:
    """Bring the database's schema up to date, as its owner (DATABASE_OWNER_URL)."""
    from app import migrations  # noqa: PLC0415
    from lockstep.backing import any_servers  # noqa: PLC0415
    from lockstep.embedded import temporary_servers  # noqa: PLC0415

    given = load_settings()
    if check:
        with temporary_servers() as servers:
            migrations.migrate(servers.owner_url)
            differences = migrations.drift(servers.owner_url)
        for difference in differences:
            print(difference)
        if differences:
            raise fail("migrations and models differ: write a migration")
    elif given.database_owner_url:
        migrations.migrate(given.database_owner_url)
    else:
        if given.database_url:
            need(given, "database_owner_url")
        with any_servers(given) as named:
            migrations.migrate(named.database_owner_url)


@cli.command()
def schema(
    check: Annotated[
        Path | None, typer.Option(help="Compare with this file; status 1 if it differs.")
    ] = None,
) -> None:
    """Print the GraphQL schema (SDL)."""
    from schema import schema as built  # noqa: PLC0415

    text = built.as_str().rstrip() + "\n"
    if check is None:
        print(text, end="")
        return
    kept = check.read_text() if check.exists() else ""
    if text != kept:
        lines = difflib.unified_diff(
            kept.splitlines(), text.splitlines(), str(check), "the schema", lineterm=""
        )
        print("\n".join(lines))
        raise fail(f"the schema is not the one in {check}; if that is meant, run `make schema`")


@cli.command()
def settings() -> None:
    """List the settings: environment variable, default, meaning."""
    table = Table(Column("variable", no_wrap=True), "default", "meaning")
    for name, field in listed_settings().items():
        default = "" if field.default in (None, ()) else str(field.default)
        table.add_row(environment_name(name), default, field.description)
    Console().print(table)


@cli.command()
@plainly
def erase_person(
    email: Annotated[str, typer.Option(help="Whose account: the e-mail address they sign in with.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it: it cannot be undone.")] = False,
) -> None:
    """Erase someone's account, as `accountErase` does: their name leaves history, what they did stays."""
    from lockstep import privacy_commands  # noqa: PLC0415

    given = load_settings()
    need(given, "database_url")
    if not yes:
        raise fail(f"this erases the account of {email} for good; say --yes", 2)
    print(asyncio.run(privacy_commands.erase(given, email)))


@cli.command()
@plainly
def redact(
    task: Annotated[str | None, typer.Option(help="A task's id, as the API gives it.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="Of a task: title, sections.<name> or fields.<name>; may be given again."),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="A comment's id.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit log.")] = "",
) -> None:
    """Take typed text out of a task or comment and all its history, as the tables' owner (DATABASE_OWNER_URL)."""
    from lockstep import privacy_commands  # noqa: PLC0415

    given = load_settings()
    need(given, "database_owner_url")
    if (task is None) == (comment is None) or (task is not None) != bool(field):
        raise fail("say --task with at least one --field, or --comment", 2)
    print(asyncio.run(privacy_commands.redact(given, task or comment or "", field or ["body"], reason)))


@cli.command()
@plainly
def token(email: Annotated[str, typer.Option(help="Whose: the e-mail address they sign in with.")]) -> None:
    """Print an access token, for scripts on the machine that owns the database."""
    from lockstep.backing import any_servers  # noqa: PLC0415
    from lockstep.token_command import issue  # noqa: PLC0415

    settings = load_settings()
    if not settings.database_url and not settings.data_dir.is_dir():
        raise fail(f"there is no {settings.data_dir} here: run `make dev` first, or set LOCKSTEP_DATA_DIR", 2)
    with any_servers(settings) as named:
        print(asyncio.run(issue(named, email)))


@cli.command()
@plainly
def replay(
    file: Annotated[Path, typer.Argument(help="A history: JSON Lines, one edit a line, in order of time.")],
    clients: Annotated[int, typer.Option(min=1, max=500, help="How many clients work at once.")] = 32,
    drop_sockets: Annotated[bool, typer.Option(help="Cut clients' connections while they work.")] = False,
    restart_redis: Annotated[bool, typer.Option(help="Kill and start Redis while they work.")] = False,
    kill_server: Annotated[bool, typer.Option(help="Kill and start a server while they work.")] = False,
    seed: Annotated[int, typer.Option(help="Who sends what, and what is stale.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many lines.")] = None,
    refusals: Annotated[Path | None, typer.Option(help="Write every refusal here, as JSON Lines.")] = None,
) -> None:
    """Replay a history through the public API with many clients, and see that all end with the same board.

    Two server processes and, unless DATABASE_URL and REDIS_URL are given, a temporary database and Redis. Ends
    with status 1 if anything differs, is missing or doubled.
    """
    from lockstep import replay_command  # noqa: PLC0415
    from lockstep.replay.faults import Asked  # noqa: PLC0415

    asked = Asked(drop_sockets, restart_redis, kill_server)
    given = load_settings()
    raise typer.Exit(
        replay_command.run(
            given, file, clients=clients, asked=asked, seed=seed, limit=limit, refusals=refusals
        )
    )


@cli.command("import")
@plainly
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="An export, a tracker's JSON Lines or a GitHub archive; told by its contents."),
    ],
    project: Annotated[
        str | None,
        typer.Option(
            help="The project's key, such as ENG; it is made if it is not there. An export has its own."
        ),
    ] = None,
    workspace: Annotated[
        str | None, typer.Option(help="The workspace's name or id, where there are several.")
    ] = None,
    acting: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="Who imports; by default the workspace's owner."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="WHAT=COLUMN", help="Of CSV: which column is the title, the status …"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Only say what would be done and what cannot be kept.")
    ] = False,
) -> None:
    """Bring a tracker's issues into a project. Run it again at any time: it adds what is new."""
    from lockstep.backing import any_servers  # noqa: PLC0415
    from lockstep.import_command import run_import  # noqa: PLC0415

    with any_servers(load_settings()) as named:
        run_import(
            named, file, project, workspace=workspace, email=acting, columns=columns or (), dry_run=dry_run
        )


cli.add_typer(keys, name="keys")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """The entry point of `lockstep`. SIGTERM ends a command as Ctrl-C does: in order."""
    signal.signal(signal.SIGTERM, _stop)
    cli(prog_name="lockstep")
