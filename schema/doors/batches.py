"""Running what was admitted: one operation, or several sent in one body."""

from __future__ import annotations

from graphql import OperationType

from app.errors import ClientError
from schema.admission import Visit, as_refused
from schema.answers import TOO_COSTLY, Answer, failure
from schema.doors.limits import DoorLimits
from schema.execution import GraphQLService
from schema.preparation import Prepared
from schema.requests import BadRequest, GraphQLRequest
from schema.sessions import Session


async def run_admitted(
    service: GraphQLService,
    limits: DoorLimits,
    prepared: Prepared,
    session: Session,
    visit: Visit,
    *,
    tagged: bool = False,
    known: str = "",
) -> Answer:
    """Charges for a query or mutation, runs it, and charges what it did cost. Raises `RateLimited`.

    `tagged`, `known`: see `GraphQLService.execute`.
    """
    admission = visit.admit_now(prepared) or await visit.admit(prepared)
    # A mutation is bounded up to its commit, by the unit of work: what was done must not be called late.
    seconds = limits.request_seconds if prepared.kind is OperationType.QUERY else None
    executed = await service.execute(prepared, session, tagged=tagged, known=known, seconds=seconds)
    answer = as_refused(prepared, executed)
    visit.settle(admission, answer)
    return answer


class Batch:
    """Requests of one body: they run one after the other, and one's failure is its own.

    Each counts as a request of its own, and their costs are bounded together too.
    """

    def __init__(self, service: GraphQLService, limits: DoorLimits, session: Session, visit: Visit) -> None:
        self._service = service
        self._session = session
        self._visit = visit
        self._limits = limits
        self._left = limits.batch_cost

    async def run(self, requests: list[GraphQLRequest]) -> list[Answer]:
        """The answers, in order."""
        return [await self._item(request) for request in requests]

    async def _item(self, request: GraphQLRequest) -> Answer:
        visit = self._visit.next()
        try:
            prepared = self._prepare(request)
            return await run_admitted(self._service, self._limits, prepared, self._session, visit)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            return failure(await visit.charged(error), self._session.request_id)
        finally:
            self._visit.take_over(visit)

    def _prepare(self, request: GraphQLRequest) -> Prepared:
        prepared = self._service.prepare(request)
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise BadRequest("A subscription cannot be part of a batch.")
        if prepared.cost > self._left:
            message = f"The operations of this batch would cost more than {self._limits.batch_cost} together."
            told = {"requested": prepared.cost, "limit": self._left, "path": []}
            raise ClientError(TOO_COSTLY, message, cost=told)
        self._left -= prepared.cost
        return prepared
