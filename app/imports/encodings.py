"""Files that are not UTF-8: where that shows, and what to do about it."""

from __future__ import annotations

import codecs
from pathlib import Path

CHUNK = 1 << 16

SAVE_AS = "Save the file as UTF-8 (in a spreadsheet: as CSV UTF-8), and import that."

_MARKS = {
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
}
"""What files begin with that are something else. (That of UTF-32 begins with one of these.)"""


def not_utf8(path: Path) -> tuple[int, str] | None:
    """The line of the first byte that is no UTF-8, and what to tell; None if there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    at, line = 0, 1
    with path.open("rb") as file:
        while True:
            begun = len(decoder.getstate()[0])
            data = file.read(CHUNK)
            try:
                decoder.decode(data, final=not data)
            except UnicodeDecodeError as fault:
                line += fault.object[: fault.start].count(b"\n")
                return line, told_of(fault, at - begun) + _looks_like(path)
            line += data.count(b"\n")
            at += len(data)
            if not data:
                return None


def told_of(fault: UnicodeDecodeError, before: int = 0, *, of: str = "the file") -> str:
    """What to tell of bytes that come after so many others ``of`` something."""
    byte = f"0x{fault.object[fault.start]:02X}"
    return f"it is not UTF-8: byte {before + fault.start + 1:,} of {of} is {byte}. {SAVE_AS}"


def _looks_like(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(4)
    found = next((name for mark, name in _MARKS.items() if first.startswith(mark)), None)
    return f" It looks like {found}." if found else ""
