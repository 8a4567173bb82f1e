"""The first byte of a file that is no UTF-8."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from app.imports import encodings
from app.imports.encodings import not_utf8


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 1 << 16])
def test_the_first_byte_is_found_however_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(encodings, "CHUNK", chunk)
    path = tmp_path / "file"
    for content, place in (
        (b"", None), ("é\n🙂\n\u20ac".encode(), None), (b"a\n\xe9b", (2, "byte 3 of", "0xE9")),
        ("🙂\n🙂\n".encode()[:-2], (2, "byte 6 of", "0xF0")), (b"\xff\xfea\0", (1, "byte 1 of", "UTF-16")),
        (gzip.compress(b"a"), (1, "byte 2 of", "gzip")), ("é".encode() * 9 + b"\n\n\x80", (3, "byte 21 of", "0x80")),
    ):  # fmt: skip
        path.write_bytes(content)
        found = not_utf8(path)
        if place is None:
            assert found is None, content
            continue
        assert found is not None, content
        line, *told = place
        assert found[0] == line
        assert all(part in found[1] for part in told), found
