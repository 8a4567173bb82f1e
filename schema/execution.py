"""Runs GraphQL operations over the Strawberry schema: every door calls this, and nothing else runs them.

graphql-core's steps are called one by one, rather than through `strawberry.Schema.execute`, because we need
what lies between them: a request error told from a field error before any connection is taken, a fresh
context for every single event of a subscription, and errors masked in one place. Strawberry's schema
extensions and operation directives would be skipped by that, so a schema that has any is refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Hashable
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import Any, cast

import orjson
import strawberry
import structlog
from graphql import (
    ExecutionResult,
    OperationType,
    create_source_event_stream,
)
from graphql.execution import Executor

from app.errors import Busy, TimedOut, Unavailable
from app.foreseeing import Foreseen
from app.metrics import REQUESTS
from schema.answers import (
    INTERNAL,
    Answer,
    Refused,
    error_json,
    failure,
)
from schema.callers import Caller
from schema.compiled import CompiledOperations
from schema.costs import CostRules
from schema.documents import DocumentLimits, Documents
from schema.kept.keeper import Found, Keeper, Question
from schema.persisted import PersistedQueries, Unsupported, check_fixed
from schema.preparation import Preparation, Prepared
from schema.requests import GraphQLRequest
from schema.secrecy import hide
from schema.sessions import Context, OpenContext, OpenSession, Session, Transport
from schema.sharing import Shareable, SharedAnswers
from schema.spending import spent_cost

log = structlog.get_logger(__name__)

COLLECTED = 1000
"""What an operation may cost whose statements go to the database together (see `app.collecting`): few rows."""


class GraphQLService:
    """One schema over one application.

    `open_context(application, session)` gives the context of ONE execution: a query, a mutation, the start of
    a subscription, or a single event of one. `open_session` makes what the executions of a socket share.
    """

    def __init__(
        self,
        application: Any,
        schema: strawberry.Schema,
        *,
        open_context: OpenContext,
        open_session: OpenSession,
        limits: DocumentLimits | None = None,
        introspection: bool = True,
        suggestions: bool = True,
        costs: CostRules | None = None,
        persisted: PersistedQueries | None = None,
        compiled: bool = True,
        keeper: Keeper | None = None,
        foreseen: Foreseen | None = None,
    ) -> None:
        if schema.extensions or schema.directives:
            raise ValueError("Schema extensions and directives would not run here: use field extensions.")
        self.application = application
        self.schema = schema
        self._open_context = open_context
        self._open_session = open_session
        self._shared = SharedAnswers()
        self._keeper = keeper if compiled else None
        self._compiled = CompiledOperations(schema) if compiled else None
        self._foreseen = foreseen
        self._costs = costs or CostRules()
        persisted = persisted or Unsupported()
        documents = Documents(
            schema,
            limits or DocumentLimits(),
            introspection=introspection,
            suggestions=suggestions,
            costs=self._costs,
        )
        check_fixed(persisted, documents.read)
        self._preparation = Preparation(schema, documents, persisted, self._costs, suggestions=suggestions)

    async def sign_in(
        self, token: str | None, request_id: str, transport: Transport, caller: Caller | None = None
    ) -> Session:
        """The session of a token's owner, or of nobody. Raises `ClientError` for an invalid token."""
        viewer = None if token is None else await self.application.authenticate(token)
        return self._session(token, viewer, request_id, transport, caller)

    def sign_in_now(
        self, token: str | None, request_id: str, transport: Transport, caller: Caller | None = None
    ) -> Session | None:
        """The same where nothing need be looked up for it; None where it must. Raises `ClientError`."""
        viewer = None if token is None else self.application.authenticate_now(token)
        if token is not None and viewer is None:
            return None
        return self._session(token, viewer, request_id, transport, caller)

    def _session(
        self, token: str | None, viewer: Any, request_id: str, transport: Transport, caller: Caller | None
    ) -> Session:
        return self._open_session(
            self.application, request_id=request_id, transport=transport, token=token, viewer=viewer,
            expires_at=None if viewer is None else viewer.expires_at, caller=caller or Caller(),
        )  # fmt: skip

    def recall(self, body: bytes) -> Prepared | None:
        """The operation that was prepared of the same bytes before, if that is known."""
        return self._preparation.recall(body)

    def prepare(self, request: GraphQLRequest, body: bytes | None = None) -> Prepared:
        """Everything that can be judged without running anything. Raises `Refused` and `ClientError`.

        `body`: the bytes that the request was read of, to `recall` it by.
        """
        try:
            prepared = self._preparation.prepare(request)
        except Refused as refusal:
            raise _without_secrets(refusal, request) from None
        if body is not None:
            self._preparation.keep(body, prepared)
        return prepared

    async def execute(
        self,
        prepared: Prepared,
        session: Session,
        *,
        tagged: bool = False,
        known: str = "",
        seconds: float | None = None,
    ) -> Answer:
        """Runs a query or mutation. Raises nothing but cancellation: every failure is in the answer.

        `tagged`: the answer gets a tag if it can; `known`: the tags of answers that the client has. `seconds`: for
        which it may run.
        """
        began = time.perf_counter()
        question = None
        if self._keeper is not None:
            question = self._keeper.question(prepared, cast(Any, session), tagged=tagged, known=known)
        answer = None
        if self._keeper is not None and question is not None:
            answer = await self._keeper.find(question, prepared)
        if answer is None and seconds is None:
            answer = await self._answer(prepared, question, session)
        elif answer is None:
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._answer(prepared, question, session)
            except TimeoutError:
                answer = failure(TimedOut(), session.request_id)
        _count(session, answer)
        _tell(prepared, session, answer, began)
        return answer

    async def _answer(self, prepared: Prepared, question: Question | None, session: Session) -> Answer:
        answer, found = await self._execute(prepared, None, session, question)
        if answer.executed:
            answer.spent = spent_cost(prepared, answer)
            told = {"requested": prepared.cost, "limit": self._costs.limit, "spent": answer.spent}
            answer.extensions["cost"] = told
        if found is not None and self._keeper is not None:
            try:
                self._keeper.keep(found, prepared, answer)
            except TypeError:
                answer.tag = None  # it cannot be encoded, which is told where it is tried again
        return answer

    async def subscribe(self, prepared: Prepared, session: Session) -> AsyncGenerator[Answer, None]:
        """Runs a subscription: `start`, then `answers`. An answer with `executed` False ends the stream."""
        source = await self.start(prepared, session)
        if isinstance(source, Answer):
            yield source
            return
        async with aclosing(self.answers(prepared, source, session)) as answers:
            async for answer in answers:
                yield answer

    async def start(self, prepared: Prepared, session: Session) -> AsyncIterable[Any] | Answer:
        """Begins a subscription: its source, or the answer that says why there is none.

        The context of the start is closed once the resolver has returned its source: a resolver that needs the
        context reads from it in a coroutine, and returns what does not.
        """
        try:
            source = await self._start(prepared.executor, session)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            source = failure(error, session.request_id)
        _count(session, source if isinstance(source, Answer) else None)
        return source

    def start_again(self, source: Shareable, session: Session) -> Shareable | Answer:
        """Begins a subscription that is equal to another in everything but whose it is: `start` without GraphQL."""
        try:
            # Nothing is read for it, so there is nothing to close.
            again: Shareable | Answer = source.again(self._open_context(self.application, session))
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            again = failure(error, session.request_id)
        _count(session, again if isinstance(again, Answer) else None)
        return again

    async def answers(
        self, prepared: Prepared, source: AsyncIterable[Any], session: Session
    ) -> AsyncGenerator[Answer, None]:
        """One answer for each event of a source, which is closed when this is."""
        group = self.group(prepared)
        events = aiter(source)
        try:
            while True:
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
                except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
                    yield failure(error, session.request_id)
                    return
                answer = await self.tell(prepared, group, event, session)
                yield answer
                if not answer.executed:
                    return
        finally:
            await _close(events, session)

    async def _start(self, executor: Executor[Any], session: Session) -> AsyncIterable[Any] | Answer:
        async with self._open_context(self.application, session) as context:
            starting = create_source_event_stream(_with_context(executor, context))
            stream = await starting if isawaitable(starting) else starting
        if isinstance(stream, ExecutionResult):
            return Answer(errors=_errors_json(stream, session))
        return stream

    def group(self, prepared: Prepared) -> Hashable | None:
        """What a subscription has in common with those that get the same answers; None if there are no such."""
        request, name = prepared.request, prepared.operation.name
        sharing = prepared.document.sharing(prepared.operation)
        return sharing.group(request.query, name.value if name else None, request.variables)

    async def tell(self, prepared: Prepared, group: Hashable | None, event: Any, session: Session) -> Answer:
        """The answer for one event: once for all of a group, unless the event is one subscription's own."""
        frame = getattr(event, "share_key", None)
        if group is None or frame is None:
            return await self._frame(prepared, event, session)
        return await self._shared.get((group, frame), partial(self._frame, prepared, event, session))

    async def _execute(
        self, prepared: Prepared, event: Any, session: Session, question: Question | None = None
    ) -> tuple[Answer, Found | None]:
        found = None
        try:
            async with self._open_context(self.application, session) as context:
                foresee = event is None and prepared.kind is OperationType.QUERY
                result = await self._run(prepared, event, context, session if foresee else None)
                if question is not None and self._keeper is not None:
                    found = await self._keeper.note(question, cast(Any, context), not result.errors)
                extensions = await context.extensions()
            objects = getattr(context, "objects", None)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            answer = failure(error, session.request_id)
            answer.lost = _is_lost(error)
            return answer, None
        answer = Answer(result.data, _errors_json(result, session), extensions, executed=True)
        answer.objects = objects
        answer.lost = any(_is_lost(error.original_error) for error in result.errors or ())
        return answer, found

    async def _frame(self, prepared: Prepared, event: Any, session: Session) -> Answer:
        answer, _ = await self._execute(prepared, event, session)
        if answer.lost:
            # A request would be sent again; nobody can ask for a frame again. It only reads, by another session now.
            answer, _ = await self._execute(prepared, event, session)
        return answer

    async def _run(
        self, prepared: Prepared, event: Any, context: Context, session: Session | None
    ) -> ExecutionResult:
        """By the compiled operation if there is one; the answer is the same without.

        ``session``: whose, where what is read may be foreseen.
        """
        bare = prepared.bare(context)
        operation = None if self._compiled is None else self._compiled.find(prepared.document, bare)
        if operation is not None:
            bare.root_value = event
            together = prepared.cost <= COLLECTED
            viewer = getattr(session, "viewer", None)
            if self._foreseen is None or not together or viewer is None:
                return await operation.run(bare, together=together)
            question = (operation, viewer.user_id, orjson.dumps(prepared.request.variables))
            foresight = self._foreseen.of(question)
            answered = await operation.run(bare, foresight=foresight)
            self._foreseen.learn(question, foresight.later)
            return answered
        executor = prepared.executor
        if event is None:
            executor.context_value = context  # an operation prepared is run once
        else:
            executor = _with_context(executor.build_per_event_executor(event), context)
        execution = executor.execute_operation()
        result = await execution if isawaitable(execution) else execution
        assert isinstance(result, ExecutionResult), "@defer and @stream are not served"
        return result


async def _close(source: AsyncIterator[Any], session: Session) -> None:
    close = getattr(source, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception as error:
        log.exception("closing an event source failed", request_id=session.request_id, exc_info=error)


def _without_secrets(refusal: Refused, request: GraphQLRequest) -> Refused:
    # The refusal of a document is remembered with it, for others who send it: it is not changed.
    errors = refusal.answer.errors
    messages = hide([error["message"] for error in errors], request.query, request.variables)
    errors = [{**error, "message": message} for error, message in zip(errors, messages, strict=True)]
    return Refused(replace(refusal.answer, errors=errors))


def _with_context(executor: Executor[Any], context: Context) -> Executor[Any]:
    running = copy(executor)
    running.context_value = context
    return running


def _errors_json(result: ExecutionResult, session: Session) -> list[dict[str, Any]]:
    return [error_json(error, session.request_id) for error in result.errors or ()]


def _is_lost(fault: BaseException | None) -> bool:
    return isinstance(fault, Unavailable) and not isinstance(fault, Busy)


def _count(session: Session, answer: Answer | None) -> None:
    outcome = "ok"
    if answer is not None and answer.errors:
        outcome = "failed" if answer.code == INTERNAL else "errors" if answer.executed else "refused"
    REQUESTS.labels(session.transport, outcome).inc()


def _tell(prepared: Prepared, session: Session, answer: Answer, began: float) -> None:
    """One line for each operation, by which its request id can be found."""
    if not log.is_enabled_for(logging.INFO):
        return
    name = prepared.operation.name
    log.info(
        "operation",
        request_id=session.request_id,
        kind=prepared.kind.value,
        name=name.value if name else None,
        code=answer.code,
        ms=round((time.perf_counter() - began) * 1000, 1),
    )
