"""Which media type a client wants. Source: RFC 9110, section 12.5.1; GraphQL over HTTP, "Accept"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

# One element of a list, in which commas and semicolons may stand between quotes.
ELEMENT = re.compile(r'(?:[^",]|"(?:\\.|[^"\\])*")+')
PARAMETER = re.compile(r';\s*([^\s;="]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;"]*)')
QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of `Accept`: `text/html`, `text/*` or `*/*`; `place` is its position in the header."""

    name: str
    quality: float
    place: int
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def precision(self) -> int:
        """2 for a whole name, 1 for a family, 0 for anything."""
        return 0 if self.name == "*/*" else 1 if self.name.endswith("/*") else 2

    def covers(self, media_type: str) -> bool:
        """Whether the range includes the type."""
        return self.name in (media_type, media_type.partition("/")[0] + "/*", "*/*")


@dataclass(frozen=True, slots=True)
class Preference:
    """How much a type is wanted, and whether the client called it by its whole name."""

    media_type: str
    quality: float
    named: bool
    place: int


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """A `Content-Type`, or an element of `Accept`: the lower-case name, and its parameters without quotes."""
    name, _, _ = header.partition(";")
    parameters = {key.lower(): value.strip('"') for key, value in PARAMETER.findall(header)}
    return name.strip().lower(), parameters


def is_utf8(parameters: dict[str, str]) -> bool:
    """Whether a media type's charset, UTF-8 if not given, is one we speak."""
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def read_accept(header: str) -> Iterator[MediaRange]:
    """The ranges of an `Accept` header. What is malformed, or asks for another charset, is passed over."""
    for place, element in enumerate(ELEMENT.findall(header)):
        name, parameters = media_type(element)
        quality = parameters.get("q", "1")
        if "/" in name and QUALITY.fullmatch(quality) and is_utf8(parameters):
            yield MediaRange(name, float(quality), place, parameters)


def preferences(header: str, offered: tuple[str, ...]) -> list[Preference]:
    """The acceptable ones of the offered types, the most wanted first.

    Between equals a type called by its name goes before one that a wildcard includes, then the header's order
    counts, then ours.
    """
    ranges = list(read_accept(header))
    found = []
    for offer in offered:
        covering = [candidate for candidate in ranges if candidate.covers(offer)]
        if not covering:
            continue
        best = max(covering, key=lambda candidate: candidate.precision)
        if best.quality > 0:
            found.append(Preference(offer, best.quality, best.precision == 2, best.place))
    return sorted(found, key=lambda wanted: (-wanted.quality, not wanted.named, wanted.place))


def wants_page(accept: str | None) -> bool:
    """Whether a browser asks: HTML by name, and before any JSON."""
    if not accept:
        return False
    wanted = preferences(accept, (JSON, GRAPHQL_RESPONSE, HTML))
    return bool(wanted) and wanted[0].media_type == HTML and wanted[0].named
