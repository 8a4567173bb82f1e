"""Where callers are, and how much each has open."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, ExitStack

from starlette.datastructures import Headers
from starlette.types import Scope

from app.limits.addresses import client_address
from app.limits.limiter import Limits
from app.limits.presence import Place, Presence
from schema.admission import Visit
from schema.answers import Answer
from schema.callers import Caller
from schema.doors.limits import DoorLimits


class Places:
    """What the HTTP and the WebSocket door share about callers. `rates`: None charges nobody."""

    def __init__(self, limits: DoorLimits, rates: Limits | None = None) -> None:
        self._limits = limits
        self._rates = rates
        self._presence = Presence()

    def seen(self, scope: Scope) -> Scope:
        """The scope with its client as far as trusted proxies tell."""
        if not self._limits.proxies:
            return scope
        told = ", ".join(Headers(raw=list(scope["headers"])).getlist(self._limits.proxy_header))
        peer = scope["client"][0] if scope.get("client") else None
        address = client_address(peer, told, self._limits.proxies, self._limits.proxy_header)
        return {**scope, "client": (address, 0)}

    def visit(self, caller: Caller) -> Visit:
        """A request or a socket of this caller."""
        return Visit(self._rates, caller)

    def socket_from(self, visit: Visit) -> Place:
        """A socket more from an address. Raises a `ClientError` of code LIMIT_REACHED."""
        return self._presence.take("sockets", f"from {visit.address}", self._limits.address_sockets)

    def socket_of(self, visit: Visit) -> Place:
        """A socket more of a person; who is none is bounded by their address. Raises LIMIT_REACHED."""
        most = self._limits.user_sockets if visit.is_person else self._limits.address_sockets
        return self._presence.take("sockets", visit.payer, most)

    def subscription_of(self, visit: Visit) -> Place:
        """A subscription more of a person or an address. Raises LIMIT_REACHED."""
        return self._presence.take("subscriptions", visit.payer, self._limits.user_subscriptions)

    def file_of(self, visit: Visit) -> AbstractContextManager[None]:
        """One export or import more of a person, until it is over. Raises LIMIT_REACHED."""
        return self._presence.held("files", visit.payer, self._limits.user_files)

    def give_back(self, place: Place) -> None:
        """One less."""
        self._presence.give_back(place)

    def streaming(self, answers: AsyncGenerator[Answer, None], visit: Visit) -> Held:
        """A subscription over plain HTTP, which counts until it is closed. Raises LIMIT_REACHED."""
        with ExitStack() as stack:
            stack.enter_context(self._presence.held("streams", visit.payer, self._limits.user_streams))
            stack.callback(self.give_back, self.subscription_of(visit))
            return Held(answers, stack.pop_all())


class Held:
    """Answers that count as open until they are closed, begun or not: a generator's own end runs only if begun."""

    def __init__(self, answers: AsyncGenerator[Answer, None], held: ExitStack) -> None:
        self._answers = answers
        self._held = held

    def __aiter__(self) -> Held:
        return self

    async def __anext__(self) -> Answer:
        return await anext(self._answers)

    async def aclose(self) -> None:
        """Closes the answers, and counts them no more."""
        with self._held:
            await self._answers.aclose()
