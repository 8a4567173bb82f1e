"""How rows are written: CSV that a spreadsheet cannot be tricked by, and JSON Lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import orjson

# A spreadsheet takes a cell that begins so for a formula. Source: OWASP, "CSV Injection".
# One that already has quotes before it gets one more: an import takes one off, and has what was there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def safe_cell(value: Any) -> str:
    """A value as a cell: objects as JSON, and nothing that a spreadsheet would run (a quote goes before it)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_text(value)
    return f"'{text}" if _FORMULA.match(text) else text


def csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as CSV. Source: RFC 4180."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows([safe_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def json_line(row: dict[str, Any]) -> bytes:
    """One object on one line."""
    return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)


def json_text(value: Any) -> str:
    """A value as JSON."""
    return orjson.dumps(value, default=str).decode()
