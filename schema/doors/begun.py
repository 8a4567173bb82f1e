"""Subscriptions that were begun lately: who comes with an equal one need not be prepared for again, and an equal
message need not be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import orjson

from schema.doors.messages import Subscribe
from schema.preparation import Prepared
from schema.requests import GraphQLRequest
from schema.sharing import Shareable

KEPT: Final = 1024
LONGEST: Final = 10_000
"""Of a document, in characters: so all that is kept is bounded."""

Key = tuple[str, str | None, bytes]


@dataclass(frozen=True, slots=True)
class Begun:
    """A subscription whose source is the same for all who send it, but for whose it is."""

    prepared: Prepared
    source: Shareable
    group: Hashable


class BegunLately:
    """By the whole request: document, operation and variables. Only those that may be shared are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Begun] = OrderedDict()
        self._read: OrderedDict[str, tuple[Subscribe, Begun]] = OrderedDict()

    def heard(self, text: str | None) -> tuple[Subscribe, Begun] | None:
        """What an equal message was read as, and the equal subscription."""
        return None if text is None else self._read.get(text)

    def hear(self, text: str | None, message: Subscribe) -> Begun | None:
        """The equal subscription, if there is one; then this message is known from now on."""
        known = self.find(message.request)
        if known is not None and text is not None and len(text) <= LONGEST:
            self._read[text] = message, known
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        return known

    def find(self, request: GraphQLRequest) -> Begun | None:
        """The equal one, if there is one."""
        key = _key(request)
        found = None if key is None else self._kept.get(key)
        if key is not None and found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, request: GraphQLRequest, prepared: Prepared, source: Shareable, group: Hashable) -> None:
        """For others who come with the same request, as it was sent."""
        key = _key(request)
        if key is None or key in self._kept:
            return
        self._kept[key] = Begun(prepared, source, group)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _key(request: GraphQLRequest) -> Key | None:
    if request.extensions or request.document_id or not 0 < len(request.query) <= LONGEST:
        return None
    variables = orjson.dumps(request.variables)
    return (request.query, request.operation_name, variables) if len(variables) <= LONGEST else None
