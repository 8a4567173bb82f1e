"""What commands tell the person at the terminal when something is amiss: one line, and an exit status."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from app.config import Settings
from lockstep.embedded import ServersError

P = ParamSpec("P")
R = TypeVar("R")


def fail(message: str, status: int = 1) -> typer.Exit:
    """Prints one line for the person at the terminal; to be raised."""
    print(f"lockstep: {message}", file=sys.stderr)
    return typer.Exit(status)


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turns the troubles a person can do something about into one line and exit status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ServersError as error:
            raise fail(str(error)) from None

    return run


def need(given: Settings, *fields: str) -> None:
    """Ends with status 2 unless all these settings are given."""
    missing = [field.upper() for field in fields if not getattr(given, field)]
    if missing:
        raise fail(f"{' and '.join(missing)} not set; `lockstep dev` starts servers of its own", 2)
