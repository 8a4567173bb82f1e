"""Operations that a client names instead of sending: automatic persisted queries, and trusted documents.

Automatic persisted queries are Apollo's (https://www.apollographql.com/docs/apollo-server/performance/apq): a client
sends the SHA-256 of its document, and the document beside it if we answer that we do not know it. Trusted documents
are a file made when the front end was built; nothing else is run then. Formats known: `{"<id>": "<document>"}`
(relay-compiler, graphql-codegen) and Apollo's persisted query manifest. A request names a document by
`extensions.persistedQuery.sha256Hash`, or by `documentId`, as the draft on persisted documents of GraphQL over HTTP has
it (with or without its `sha256:`).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from app.config import Settings
from app.errors import ClientError
from schema.answers import Refused
from schema.requests import BadRequest, GraphQLRequest


class PersistedQueries(Protocol):
    """Which documents may be named, and which may be sent."""

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its document. Raises `ClientError` if that is not known or not allowed."""

    def remember(self, request: GraphQLRequest) -> None:
        """Called with what `resolve` gave, once the document is known to be valid."""

    def fixed(self) -> Iterable[tuple[str, str]]:
        """The documents that must be valid from the start, with their names."""


def named(request: GraphQLRequest) -> str | None:
    """The name that a request gives its document, without its `sha256:`. Raises `BadRequest`."""
    found: Any = request.document_id
    told = request.extensions.get("persistedQuery")
    if told is not None:
        if (
            not isinstance(told, dict)
            or told.get("version") != 1
            or not isinstance(told.get("sha256Hash"), str)
        ):
            raise BadRequest("`extensions.persistedQuery` must hold `version: 1` and `sha256Hash`, a string.")
        found = told["sha256Hash"]
    return None if found is None else str(found).removeprefix("sha256:")


class Unsupported:
    """Documents are sent whole."""

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request as it is, if it has a document."""
        if named(request) is not None and not request.query:
            raise ClientError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        return request

    def remember(self, request: GraphQLRequest) -> None:
        """Nothing."""

    def fixed(self) -> Iterable[tuple[str, str]]:
        """None."""
        return ()


class AutomaticQueries:
    """Documents by their SHA-256, the least recently used leave first. Each process has its own; a client that
    meets another one sends its document once more.
    """

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with the document of its hash."""
        name = named(request)
        if name is None:
            return request
        if not request.query:
            text = self._kept.get(name)
            if text is None:
                raise ClientError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            self._kept.move_to_end(name)
            return replace(request, query=text)
        if hashlib.sha256(request.query.encode()).hexdigest() != name:
            raise BadRequest("`sha256Hash` is not the SHA-256 of `query`, in hexadecimal.")
        return request

    def remember(self, request: GraphQLRequest) -> None:
        """Keeps the document if the client gave its hash."""
        name = named(request)
        # One huge document must not drive out all others.
        if name is None or name in self._kept or len(request.query) > self._characters // 20:
            return
        self._kept[name] = request.query
        self._size += len(request.query)
        while self._size > self._characters:
            _, leaving = self._kept.popitem(last=False)
            self._size -= len(leaving)

    def fixed(self) -> Iterable[tuple[str, str]]:
        """None."""
        return ()


class TrustedDocuments:
    """Only these documents, whether named or sent whole."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self.documents = {name.removeprefix("sha256:"): text for name, text in documents.items()}
        self._texts = set(self.documents.values())

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its document."""
        name = named(request)
        text = request.query if name is None else self.documents.get(name)
        if text is None:
            raise ClientError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        if text not in self._texts or request.query not in ("", text):
            raise ClientError("DOCUMENT_NOT_TRUSTED", "This service runs registered operations only.")
        return request if request.query else replace(request, query=text)

    def remember(self, request: GraphQLRequest) -> None:
        """Nothing: the file is all there is."""

    def fixed(self) -> Iterable[tuple[str, str]]:
        """All of them."""
        return self.documents.items()


def check_fixed(persisted: PersistedQueries, read: Callable[[str], object]) -> None:
    """Raises `ValueError` naming the first of the fixed documents that `read` refuses."""
    for name, text in persisted.fixed():
        try:
            read(text)
        except Refused as refusal:
            problem = refusal.answer.errors[0]["message"]
            raise ValueError(f"trusted document {name}: {problem}") from None


def read_trusted_documents(path: Path) -> TrustedDocuments:
    """The documents of a file. Raises `ValueError` saying what is wrong with it, `OSError` if it is not to be read."""
    try:
        value = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("operations"), list):
        value = {
            operation.get("id"): operation.get("body")
            for operation in value["operations"]
            if isinstance(operation, dict)
        }
    if not isinstance(value, dict) or not all(
        isinstance(name, str) and isinstance(text, str) for name, text in value.items()
    ):
        raise ValueError(f"{path} must hold an object of ids and documents, or Apollo's manifest.")
    return TrustedDocuments(value)


def persisted_queries(settings: Settings) -> PersistedQueries:
    """What the settings say. Raises `ValueError` and `OSError` for a file of trusted documents that is none."""
    if settings.trusted_documents is not None:
        return read_trusted_documents(settings.trusted_documents)
    return AutomaticQueries(settings.persisted_queries) if settings.persisted_queries else Unsupported()
