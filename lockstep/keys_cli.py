"""`lockstep keys`: the keys that sign access tokens."""

from typing import Annotated

import typer

from app.config import load_settings
from lockstep.telling import plainly

keys = typer.Typer(help="The keys that sign access tokens.", no_args_is_help=True)


@keys.command("list")
@plainly
def list_keys() -> None:
    """Show which key signs, which is next, which only verify."""
    from lockstep import keys_command  # noqa: PLC0415

    keys_command.show(load_settings())


@keys.command("rotate")
@plainly
def rotate_keys() -> None:
    """Sign with the next key from now on. Tokens of the one before stay good until they expire."""
    from lockstep import keys_command  # noqa: PLC0415

    keys_command.rotate(load_settings())


@keys.command("remove")
@plainly
def remove_key(kid: Annotated[str, typer.Argument(help="A key that `lockstep keys list` shows.")]) -> None:
    """Drop a key that others may have: all access tokens that it signed stop working, refresh tokens do not."""
    from lockstep import keys_command  # noqa: PLC0415

    keys_command.remove(load_settings(), kid)
