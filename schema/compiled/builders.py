"""Functions that build the objects of an answer, one for each list of response names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Build = Callable[..., list[dict[str, Any]]]
"""``(column, column, …) -> one dict for each row``."""


@lru_cache(maxsize=10_000)
def builder(names: tuple[str, ...]) -> Build:
    """The builder of objects with these names in this order: a comprehension over a dict display, compiled once.

    `dict(zip(names, values))` would take three times as long. Names are GraphQL's, letters, digits and underscores;
    written as literals they could not get out of their quotes even if they were not.
    """
    if not names:
        return (
            lambda *columns: []
        )  # of fragments on other types nothing is left; `Selection` makes those by itself
    values = [f"v{number}" for number in range(len(names))]
    display = ", ".join(f"{name!r}: {value}" for name, value in zip(names, values, strict=True))
    if len(names) == 1:
        text = f"lambda column: [{{{display}}} for {values[0]} in column]"
    else:
        text = f"lambda *columns: [{{{display}}} for {', '.join(values)} in zip(*columns)]"
    build: Build = eval(compile(text, "<builder>", "eval"), {"__builtins__": {}, "zip": zip})  # noqa: S307
    return build
