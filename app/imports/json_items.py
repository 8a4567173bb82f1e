"""Items of the arrays in one large JSON object, read one at a time: the file is never whole in memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from app.imports.encodings import not_utf8, told_of
from app.imports.values import LONGEST_PIECE

CHUNK = 1 << 16
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER = tuple(", ]}:\t\r\n")
_DECODER = json.JSONDecoder()


class Item(NamedTuple):
    """A value of the top-level object, or one item of an array in it (``place`` counts from 0)."""

    key: str
    place: int | None
    value: Any
    line: int


class MalformedJson(ValueError):
    """The file is not one JSON object; ``line`` is where that shows."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


class ItemReader:
    """Reads ``{"key": [item, item, …], "other": value}``. ``at`` is how far it is, in bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._place = 0
        self._ended = False
        self.at = 0
        self.line = 1

    def items(self) -> Iterator[Item]:
        """Everything in the order of the file; raises ``MalformedJson`` where it stops making sense."""
        try:
            with self._file:
                self._expect("{")
                if self._peek() == "}":
                    return
                while True:
                    key, _ = self._value()
                    self._expect(":")
                    yield from self._entry(str(key))
                    if self._take() == "}":
                        return
        except UnicodeDecodeError as fault:
            line, why = not_utf8(self._path) or (self.line, told_of(fault))
            raise MalformedJson(line, why) from fault

    def _entry(self, key: str) -> Iterator[Item]:
        if self._peek() != "[":
            value, line = self._value()
            yield Item(key, None, value, line)
            return
        self._expect("[")
        if self._peek() == "]":
            self._take()
            return
        index = 0
        while True:
            value, line = self._value()
            yield Item(key, index, value, line)
            index += 1
            if self._take() == "]":
                return

    def _more(self, size: int = 0) -> bool:
        data = self._file.read(max(size, CHUNK))
        self.at += len(data)
        text = self._decode.decode(data, final=not data)
        # What was read is cut off here alone: for each item it would be copied as often as it has items.
        self._text, self._place = self._text[self._place :] + text, 0
        self._ended = not data
        return bool(data)

    def _peek(self) -> str:
        while True:
            space = _SPACE.match(self._text, self._place)
            self._drop(space.end() if space else self._place)
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def _take(self) -> str:
        """A comma or a closing bracket."""
        found = self._peek()
        if found not in (",", "}", "]"):
            raise MalformedJson(self.line, "a comma or a closing bracket was expected")
        self._drop(self._place + 1)
        return found

    def _expect(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise MalformedJson(self.line, f"{wanted!r} was expected")
        self._drop(self._place + 1)

    def _value(self) -> tuple[Any, int]:
        self._peek()
        line = self.line
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except RecursionError as fault:
                raise MalformedJson(line, "it is nested too deeply") from fault
            except json.JSONDecodeError as fault:
                if len(self._text) - self._place > LONGEST_PIECE:
                    raise MalformedJson(
                        line, f"an item has more than {LONGEST_PIECE >> 20} MiB, or is no JSON"
                    ) from fault
                # Half an item looks like a fault; doubling what is read keeps a long one cheap.
                if not self._more(len(self._text) - self._place):
                    raise MalformedJson(line, fault.msg) from fault
                continue
            except ValueError as fault:  # a whole number of thousands of digits
                raise MalformedJson(line, "it has a number that cannot be read") from fault
            # A number that ends near the chunk's end ("1", "1.", "1e-") may go on in the next one.
            if self._text[end : end + 1] not in _AFTER and not self._ended and self._more():
                continue
            self._drop(end)
            return value, line

    def _drop(self, end: int) -> None:
        """Go on at this place of what was read."""
        self.line += self._text.count("\n", self._place, end)
        self._place = end
