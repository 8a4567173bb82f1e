"""How every mutation is declared and run: one input, one payload, refusals as its `errors`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.extensions import FieldExtension

from app import metrics
from app.errors import Refusal, Refusals, VersionConflict
from app.outcomes import Outcome
from app.work import Action
from schema.edges import Info
from schema.errors import UserError, user_error
from schema.inputs import given
from schema.limits.throttles import Proof, Throttled
from schema.positions import Position
from schema.token_scopes import check_mutation

ResolverT = TypeVar("ResolverT", bound=Callable[..., Any])


PayloadT = TypeVar("PayloadT", bound="Payload")


@strawberry.interface(description="What every mutation answers.")
class Payload:
    positions: list[Position] = strawberry.field(
        default_factory=list,
        description="Where the log stands with this change in it: your own echo on the live stream has this `seq`.",
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it was not done; empty when it was."
    )


class RefusalsAsErrors(FieldExtension):
    """Turns what the domain refused into a payload with `errors`; bugs and request errors pass."""

    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except Refusals as several:
            errors = [user_error(refusal, str(index)) for index, refusal in several.items]
        except Refusal as refusal:
            if isinstance(refusal, VersionConflict):
                metrics.CONFLICTS.inc()
            errors = [user_error(refusal)]
        payload: Any = info._field.resolve_type()  # noqa: SLF001 (Strawberry tells a field's type nowhere else)
        return payload(errors=errors)


class WithinScopes(FieldExtension):
    """Refuses what the caller's access token is not for, before anything else is done or counted."""

    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        check_mutation(info.context.session.viewer, info.field_name)
        return await next_(source, info, **kwargs)


def mutation(description: str, *, proof: Proof | None = None) -> Callable[[ResolverT], ResolverT]:
    """Declare a mutation; its resolver takes ``info`` and one ``input``, and returns a ``Payload``.

    ``proof``: it proves who somebody is, and attempts are counted by it.
    """
    extensions: list[FieldExtension] = [RefusalsAsErrors()]
    if proof is not None:
        extensions.append(Throttled(proof))
    extensions.append(WithinScopes())  # the last one runs first
    declared: Callable[[ResolverT], ResolverT] = strawberry.mutation(
        description=description, extensions=extensions
    )
    return declared


async def write(
    info: Info, input: Any, action: Action, *, secrets: tuple[str, ...] = (), trial: bool = False
) -> Outcome:
    """Run a mutation's action under the input's ``clientMutationId``, if it has one.

    ``secrets`` are fields that are kept in no form, so not in the hash that tells another input either. ``trial``: it
    writes nothing, so sending it again is answered anew, and its key is still free for what is meant.
    """
    key = None if trial else given(getattr(input, "client_mutation_id", None))
    arguments: dict[str, Any] | None = None
    if key is not None:  # else nobody asks what it came with
        arguments = strawberry.asdict(input)
        for name in (*secrets, "client_mutation_id"):
            del arguments[name]
    return await info.context.write(action, info.field_name, arguments, key)


async def written(info: Info, input: Any, action: Action, payload: type[PayloadT], **told: Any) -> PayloadT:
    """Run an action; its payload has what else is ``told`` and, of its own fields, those that the outcome names."""
    outcome = await write(info, input, action)
    named = (one.name for one in fields(payload) if one.name in outcome.result)
    keys: Any = {name: UUID(outcome.result[name]) for name in named}
    return payload(**keys, **told, positions=positions_of(outcome))


def positions_of(outcome: Outcome) -> list[Position]:
    """An outcome's positions as the schema shows them."""
    return [Position.of(position) for position in outcome.positions]
