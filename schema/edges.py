"""Edges: declared once as a batch function, from which the resolver and its dataloader are derived."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import strawberry

from schema.context import Batch, Context
from schema.dependence import LOGGED, Dependence

ResolverT = TypeVar("ResolverT", bound=Callable[..., Any])

Info = strawberry.Info[Context, Any]

READS = "reads"
PASSED_ON = "passed on"
"""Keys of a field's metadata."""

_FIXED = ("context", "parents", "columns")


def edge(
    batch: Batch,
    description: str,
    *,
    dependence: Dependence = Dependence.VIEWER,
    reads: Sequence[str] | None = None,
    logged: bool = False,
    deprecation_reason: str | None = None,
) -> Any:
    """A field whose values come from ``batch(context, parents, columns, **arguments)``, one value per parent.

    The field's type is the class attribute's annotation; its arguments are the batch's further parameters.
    ``dependence`` says whether everybody who may read the scope gets the same value. ``reads`` names the columns that
    the batch reads of the parents; if all fields of a selection say theirs, no others are fetched.

    ``logged`` says that whatever changes a value of this field, or a column of a row that it leads to, leaves an event
    in the log of the parent's project, of its workspace, or of its directory (or moves the workspace's access stamp).
    What is read of other projects is looked up by ``context.projects``. Answers of such fields are kept until one of
    those logs moves; those of others are not kept.

    A batch may have a function ``at_hand(context, parents, columns)``: the values, if they are known without reading
    (else None). It is asked where the values' columns are all that is selected of them. And it may have a function
    ``kept(context, parents)``: the values, if they are kept as they are in the execution's snapshot (else None).
    """
    signature = inspect.signature(batch)
    names = list(signature.parameters)
    if tuple(names[:3]) != _FIXED:
        raise TypeError(f"{batch.__qualname__} must begin with {_FIXED}")

    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        nodes = info._raw_info.field_nodes  # noqa: SLF001 (which place in the document asks)
        arguments = {name: value for name, value in arguments.items() if value is not strawberry.UNSET}
        return await info.context.load(batch, root, nodes[0] if nodes else None, arguments)

    _borrow(resolve, batch, [signature.parameters[name] for name in names[3:]])
    resolve.batch = batch  # type: ignore[attr-defined]
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecation_reason,
        metadata={"dependence": dependence, READS: reads, LOGGED: logged},
    )


def derived(resolver: Callable[..., Any], description: str, *, reads: Sequence[str]) -> Any:
    """A field that a plain function makes of the row; ``reads`` names the columns that it reads.

    One that looks at the clock calls ``app.keeping.note(Noted.TIME)``: else its answers would be kept.
    """
    return strawberry.field(resolver=resolver, description=description, metadata={READS: reads})


def passed_on(description: str, resolver: Any = None) -> Any:
    """A field between an edge and its rows, such as ``nodes``: the columns that are read below it are the rows'."""
    declared: Any = strawberry.field(resolver=resolver, description=description, metadata={PASSED_ON: True})
    return declared


def batch_of(resolver: Any) -> Batch | None:
    """The batch function that an edge's resolver calls; None for any other resolver."""
    return getattr(resolver, "batch", None)


def _borrow(resolve: Callable[..., Any], batch: Batch, parameters: list[inspect.Parameter]) -> None:
    """Give a resolver the batch's arguments, as Strawberry reads them."""
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [inspect.Parameter("root", positional), inspect.Parameter("info", positional, annotation=Info)]
    given = [
        # A missing argument is UNSET rather than null, so that the SDL has no `= null` on every one.
        parameter.replace(
            kind=inspect.Parameter.KEYWORD_ONLY,
            default=strawberry.UNSET if parameter.default is None else parameter.default,
        )
        for parameter in parameters
    ]
    resolve.__signature__ = inspect.Signature([*first, *given])  # type: ignore[attr-defined]
    resolve.__annotations__ = {
        "info": Info,
        **{parameter.name: parameter.annotation for parameter in parameters},
    }
    resolve.__module__ = batch.__module__
    resolve.__name__ = batch.__name__
    resolve.__qualname__ = batch.__qualname__


def column(description: str, *, name: str | None = None, deprecation_reason: str | None = None) -> Any:
    """A field that is an attribute of the row."""
    return strawberry.field(description=description, name=name, deprecation_reason=deprecation_reason)


def root_field(
    description: str, *, dependence: Dependence = Dependence.VIEWER, logged: bool = False
) -> Callable[[ResolverT], ResolverT]:
    """Declare a field of the query root; its resolver is a method that takes ``info``.

    ``dependence`` and ``logged`` as of ``edge``; the projects that matter are those that it looks up by the context.
    """
    declared: Callable[[ResolverT], ResolverT] = strawberry.field(
        description=description, metadata={"dependence": dependence, LOGGED: logged}
    )
    return declared
