"""What is wrong with a query's text, and where."""

from __future__ import annotations

import strawberry

from app.query_language.syntax import Fault


def utf16_units(text: str, characters: int) -> int:
    """How many UTF-16 code units so many characters of a text take."""
    return len(text[:characters].encode("utf-16-le")) // 2


@strawberry.type(
    description="Something wrong in a query's text. Places are in UTF-16 code units, as browsers count."
)
class QueryError:
    code: str = strawberry.field(description="For a program: `UNKNOWN_FIELD`, `UNKNOWN_NAME` …")
    message: str = strawberry.field(description="For a person to read; says what to do.")
    start: int = strawberry.field(description="Where it begins.")
    end: int = strawberry.field(description="Where it ends.")
    meant: list[str] = strawberry.field(description="What may have been meant, of what you see.")

    @classmethod
    def of(cls, fault: Fault, text: str) -> QueryError:
        return cls(
            code=fault.code, message=fault.message, meant=list(fault.meant),
            start=utf16_units(text, fault.start), end=utf16_units(text, fault.end),
        )  # fmt: skip
