"""What inputs share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry import UNSET

KEY = (
    "A UUID that you made for this edit. Sent again with the same input it has no further effect and gives the "
    "same answer, so a request whose answer was lost can be repeated."
)
VERSION = "The version that you edited, as you saw it."
POLICY = "What to do if it changed since; the project's default if left out."


def key_field() -> Any:
    """The ``clientMutationId`` of an input."""
    return strawberry.field(default=UNSET, description=KEY)


def optional(description: str, *, name: str | None = None) -> Any:
    """A field that may be left out, which is not the same as null."""
    return strawberry.field(default=UNSET, description=description, name=name)


def given(value: Any) -> Any:
    """A value, or None where it was left out."""
    return None if value is UNSET else value


def present(input: Any, *names: str) -> dict[str, Any]:
    """Those of an input's fields that were sent, null or not."""
    return {name: getattr(input, name) for name in names if getattr(input, name) is not UNSET}


@strawberry.input
class Versioned:
    """What an input begins with that edits a version of something: it says what, and nothing else if it deletes it."""

    id: strawberry.ID
    expected_version: int = strawberry.field(description=VERSION)
    client_mutation_id: UUID | None = key_field()


Key = UUID | None
