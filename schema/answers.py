"""What goes back to a client: data, errors with codes, extensions; and where bugs are masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import structlog
from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from app.errors import ClientError, Refusal
from schema.kept.shelf import Kept

log = structlog.get_logger(__name__)

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
OPERATION_UNKNOWN: Final = "OPERATION_RESOLUTION_FAILURE"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
TOO_COSTLY: Final = "QUERY_TOO_COSTLY"
INTERNAL: Final = "INTERNAL_SERVER_ERROR"

MAX_MESSAGE: Final = 1000  # characters

ErrorJson = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """One GraphQL response.

    `executed` is False for a request error: nothing ran, and the response has no `data` entry at all
    (GraphQL specification, "Response format"). `errors` are ready for JSON, each with `extensions.code`.
    `objects`: how many it holds, if they were counted; `spent`: what it did cost. `kept`: the whole response as it is
    kept for others; `tag`: by which a client may know
    that it has it (an ETag), and `unchanged`: that it does, so that nothing need be sent. `lost`: a session of the
    database that ended in the middle kept some of it from being read.
    """

    data: dict[str, Any] | None = None
    errors: list[ErrorJson] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    executed: bool = False
    objects: int | None = None
    spent: int | None = None
    kept: Kept | None = None
    tag: str | None = None
    unchanged: bool = False
    lost: bool = False

    @property
    def code(self) -> str | None:
        """The first error's code."""
        return self.errors[0]["extensions"]["code"] if self.errors else None

    def json(self) -> bytes:
        """The response as UTF-8 JSON, errors first, as the GraphQL specification recommends.

        Raises `TypeError` for values that JSON cannot hold.
        """
        if self.kept is not None:
            return self.kept.content
        response: dict[str, Any] = {}
        if self.errors:
            response["errors"] = self.errors
        if self.executed:
            response["data"] = self.data
        if self.extensions:
            response["extensions"] = self.extensions
        return orjson.dumps(response)


class Refused(Exception):
    """A request error: raised before anything of the operation ran, with the answer to give."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


def refused(errors: Sequence[GraphQLError], code: str) -> Refused:
    """A refusal for what graphql-core says of a document or its variables: messages meant for clients."""
    return Refused(Answer(errors=[_client_error(error, code) for error in errors]))


def failure(error: BaseException, request_id: str) -> Answer:
    """The answer when nothing could be executed: a `ClientError` as it is, all else masked and logged."""
    if isinstance(error, Refused):
        return error.answer
    return Answer(errors=[error_json(GraphQLError(str(error), cause=error), request_id)])


def error_json(error: GraphQLError, request_id: str) -> ErrorJson:
    """An error raised while executing, for the client.

    Shown: `ClientError` and `Refusal` with their codes, arguments that cannot be read, and errors that carry
    a code of their own. All else is a bug: the client gets the request id, the log gets the traceback.
    """
    cause = _cause(error)
    if isinstance(cause, ClientError):
        return _error(error, cause.message, {**cause.extensions, "code": cause.code})
    if isinstance(cause, Refusal):
        return _error(error, cause.message, {"code": cause.code})
    if isinstance(cause, GraphQLError):
        if cause.extensions and "code" in cause.extensions:
            return _error(error, cause.message, dict(cause.extensions))
        # graphql-core blames a node of the document for what the client sent, and none for what we returned.
        if cause.nodes or isinstance(cause, StrawberryInputCoercionError):
            return _error(error, cause.message, {"code": BAD_USER_INPUT})
    log.error("unhandled exception", request_id=request_id, path=error.path, exc_info=cause)
    return _error(error, "Internal server error", {"code": INTERNAL, "requestId": request_id})


def encode(answer: Answer, request_id: str) -> bytes:
    """The answer's JSON; a value that cannot be encoded is a bug, and answered like one."""
    try:
        return answer.json()
    except TypeError as error:
        masked = failure(error, request_id)
        masked.executed = answer.executed
        return masked.json()


def _client_error(error: GraphQLError, code: str) -> ErrorJson:
    cause = _cause(error)
    if isinstance(cause, ClientError):
        return _error(error, cause.message, {**cause.extensions, "code": cause.code})
    return _error(error, error.message, {"code": code})


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and isinstance(cause.cause, BaseException):
        cause = cause.cause
    return cause


def _error(error: GraphQLError, message: str, extensions: dict[str, Any]) -> ErrorJson:
    # Messages quote what the client sent, whatever its length.
    formatted: ErrorJson = {
        "message": message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…"
    }
    if error.locations:
        formatted["locations"] = [place.formatted for place in error.locations]
    if error.path:
        formatted["path"] = error.path
    formatted["extensions"] = extensions
    return formatted
