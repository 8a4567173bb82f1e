"""`lockstep dev`: everything on one machine, from nothing."""

import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.config import Settings
from lockstep.backing import check_given, own_servers, say
from lockstep.embedded import check_unused
from lockstep.serve import listen, serve

DEMO_OWNER = "owner@demo.example"
LOOK_AT_PARENT_SECONDS = 0.5


def run(settings: Settings) -> None:
    """Starts the servers that are not given, migrates, makes the demo workspace, and serves until Ctrl-C."""
    if not check_given(settings):
        check_unused(settings.data_dir)  # else a second start would only say that the port is taken
    with listen(settings) as listener, own_servers(settings) as with_servers:
        named = _named(with_servers, listener.getsockname()[1])
        if named.database_owner_url:
            from app.migrations import migrate  # noqa: PLC0415 (slow to import; `--help` does not wait for it)

            migrate(named.database_owner_url)
        else:
            say("DATABASE_OWNER_URL is not set: the database is taken as it is")
        password = _demo_password(named.data_dir)
        seeded = _seed(named, password)
        serve(named, listener, lambda: _announce(named, password if seeded else None))
        say("stopping" if named.database_url == settings.database_url else "stopping the database")
    say("stopped")


def _named(settings: Settings, port: int) -> Settings:
    """The settings to serve with: the port that was taken, and a folder for mails if no server takes them."""
    folder = settings.mail_dir or (None if settings.smtp_url else settings.data_dir / "mail")
    return settings.model_copy(update={"port": port, "mail_dir": folder})


def end_with(parent: int) -> None:
    """Sends this process SIGTERM when `parent`, the make that runs it, is gone, even by SIGKILL."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_AT_PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="end-with-parent", daemon=True).start()


def _seed(settings: Settings, password: str) -> bool:
    """Makes the demo workspace if there is none; says whether the demo owner can sign in with `password`."""
    try:
        from app.demo import seed  # noqa: PLC0415
    except ImportError:
        return False
    return bool(seed(settings, DEMO_OWNER, password))


def _demo_password(data_dir: Path) -> str:
    """The demo owner's password, made once for each data folder: no machine has one that others know."""
    path = data_dir / "demo-password"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return path.read_text().strip()


def _announce(settings: Settings, password: str | None) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("GraphiQL and GraphQL", f"[bold]{settings.base_url}/graphql[/bold]")
    table.add_row("Live (WebSocket)", f"{settings.base_url.replace('http', 'ws', 1)}/graphql")
    if password:
        table.add_row("Sign in as", f"{DEMO_OWNER}, password [bold]{password}[/bold]")
        table.add_row("A token for scripts", f"{_command()} token --email {DEMO_OWNER}")
    if settings.mail_dir:
        table.add_row("Mails are written to", str(settings.mail_dir))
    table.add_row("Stop", "Ctrl-C")
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold green]Lockstep is running[/bold green]")
    console.print(table)
    console.print()
    sys.stdout.flush()


def _command() -> str:
    local = Path(sys.prefix, "bin", "lockstep")
    try:
        return str(local.relative_to(Path.cwd()))
    except ValueError:
        return "lockstep"
