"""Everything that is sent to a person is searched for what they may not know."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

import httpx

_ENCODED = re.compile(rb"[A-Za-z0-9_+/-]{12,}")


def opened(content: bytes) -> bytes:
    """The content, and after it what its words say that are base64: cursors and ids."""
    found = [content]
    for word in set(_ENCODED.findall(content)):
        try:
            found.append(
                base64.urlsafe_b64decode(
                    word.replace(b"+", b"-").replace(b"/", b"_") + b"=" * (-len(word) % 4)
                )
            )
        except (ValueError, binascii.Error):
            continue
    return b"\n".join(found)


@dataclass
class Watch:
    """The words that nothing sent to a person may hold; what was found is kept with the place it was found in."""

    person: str
    words: tuple[bytes, ...]
    found: list[str] = field(default_factory=list)
    answers: int = 0

    def read(self, content: bytes, about: str = "") -> None:
        """Searches what was sent."""
        self.answers += 1
        told = opened(content)
        for word in self.words:
            if word in told:
                place = max(told.find(word), 0)
                self.found.append(
                    f"{self.person}: {word!r} in {about}: …{told[max(0, place - 200) : place + 80]!r}…"
                )

    async def hear(self, response: httpx.Response) -> None:
        """Reads an answer, its headers too; for the hooks of httpx."""
        if "text/event-stream" in response.headers.get(
            "content-type", ""
        ) or "multipart" in response.headers.get("content-type", ""):
            return
        await response.aread()
        headers = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        self.read(
            headers + b"\n" + response.content,
            str(
                response.request.content[:200] if response.request.method == "POST" else response.request.url
            ),
        )

    def check(self) -> None:
        """Fails if anything was found."""
        assert not self.found, "\n\n".join(self.found[:5])
