"""Statements that do not need one another's rows go to the database together, in one round trip.

Whoever reads on a collecting reader asks for rows by `Wanted`, which is handed up to whoever drives: `Together` runs
several coroutines until each of them waits for rows and hands up what all of them want; a `Collector`, outermost, has
it fetched, and gives each its own. No tasks are made for it: an execution stays on the one it runs on.

Several statements are one whose columns are arrays of records, each with the rows of one of them. It is made when the
same ones have met before, so that nothing is planned for what is asked once. It does not pay for hundreds of rows, of
which PostgreSQL takes longer to make arrays than it takes to answer again.
"""

from __future__ import annotations

import re
from collections import OrderedDict, namedtuple
from collections.abc import Awaitable, Callable, Coroutine, Generator, Hashable, Sequence
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
Names = tuple[str, ...]

LONG = 100
"""Characters or bytes; a longer text that several statements are given, or more keys, are sent once."""
_SHARED = (str, bytes)
MOST_KNOWN = 2000
MET_BEFORE = 1
"""How often statements must have met before they are made one."""


class Wanted:
    """Rows that somebody waits for."""

    __slots__ = ("arguments", "reader", "record_class", "text")

    def __init__(self, reader: Any, text: str, arguments: list[Any], record_class: type[Any]) -> None:
        self.reader = reader
        self.text = text
        self.arguments = arguments
        self.record_class = record_class

    def __await__(self) -> Generator[Any, Any, list[Any]]:
        (answer,) = yield [self]
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


class Together:
    """Awaitable: the results of coroutines that are run side by side, one step after the other."""

    def __init__(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> None:
        self._coroutines = coroutines
        self._results: list[Any] = [None] * len(coroutines)
        self._wanting: dict[int, list[Wanted]] = {}
        self._waiting: dict[int, Any] = {}

    def __await__(self) -> Generator[Any, Any, list[Any]]:
        step = self._step
        try:
            for index in range(len(self._coroutines)):
                step(index, None)
            while self._wanting or self._waiting:
                if self._wanting:
                    wanting, self._wanting = self._wanting, {}
                    answers = iter((yield list(chain.from_iterable(wanting.values()))))
                    for index, wants in wanting.items():
                        step(index, [next(answers)] if len(wants) == 1 else list(islice(answers, len(wants))))
                else:
                    # Rows first: whoever waits for something else may wait for one of these.
                    yield from self._wait()
            return self._results
        finally:
            for coroutine in self._coroutines:
                coroutine.close()

    def _wait(self) -> Generator[Any, Any, None]:
        """Until one of those goes on that wait for something else than rows."""
        ready = [index for index, future in self._waiting.items() if future is None or future.done()]
        if not ready:
            try:
                yield self._first()
            except BaseException as error:  # noqa: BLE001 -- whoever waits is told; it ends all, if one of them does
                for index, future in list(self._waiting.items()):
                    future.cancel()
                    del self._waiting[index]
                    self._step(index, error, self._coroutines[index].throw)
                return
        elif any(self._waiting[index] is None for index in ready):
            yield None  # the others of this process have their turn, too
        for index in ready:
            del self._waiting[index]
            self._step(index, None)

    def _first(self) -> Any:
        """A future that is done when the first of theirs is."""
        futures = list(self._waiting.values())
        if len(futures) == 1:
            return futures[0]
        first = futures[0].get_loop().create_future()
        first._asyncio_future_blocking = True  # noqa: SLF001 -- as `await` marks what it hands to a task

        def tell(_: Any) -> None:
            if not first.done():
                first.set_result(None)

        for future in futures:
            future.add_done_callback(tell)
        return first

    def _step(self, index: int, value: Any, resume: Callable[[Any], Any] | None = None) -> None:
        try:
            found = (resume or self._coroutines[index].send)(value)
        except StopIteration as end:
            self._results[index] = end.value
            return
        if type(found) is list:
            self._wanting[index] = found
        else:
            self._waiting[index] = found


class Collector:
    """Runs a coroutine, with all fetched that is wanted in it; what is wanted at the same time is fetched together.

    ``active`` while the coroutine is at work: whoever reads on behalf of a task of its own meanwhile is not collected.
    ``foresight``: what will be wanted goes with what is wanted first (see ``app.foreseeing``).
    """

    __slots__ = ("active", "foresight")

    def __init__(self, foresight: Any = None) -> None:
        self.active = False
        self.foresight = foresight

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Its result."""
        return _Collected(self, coroutine)


class _Collected:
    def __init__(self, collector: Collector, coroutine: Coroutine[Any, Any, T]) -> None:
        self._collector = collector
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        collector, coroutine = self._collector, self._coroutine
        resume, value = coroutine.send, None
        try:
            while True:
                collector.active = True
                try:
                    found = resume(value)
                finally:
                    collector.active = False
                resume, value = coroutine.send, None
                if type(found) is list:
                    value = yield from self._answers(found)
                    continue
                try:
                    yield found
                except BaseException as error:  # noqa: BLE001 -- it is for the one that waited
                    resume, value = coroutine.throw, error  # type: ignore[assignment]
        except StopIteration as end:
            return end.value
        finally:
            coroutine.close()

    def _answers(self, wants: list[Wanted]) -> Generator[Any, Any, list[Any]]:
        foresight = self._collector.foresight
        if foresight is None:
            return (yield from _fetched(wants).__await__())
        known: list[Any] | None = foresight.take(wants)
        if known is not None:
            return known
        ahead = foresight.ahead(wants)
        answers = yield from _fetched([*wants, *ahead]).__await__()
        if ahead:
            foresight.put(ahead, answers[len(wants) :])
        return answers[: len(wants)]


async def side_by_side(reader: Any, *coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of coroutines that read what they need of this reader; together, if its statements are collected."""
    collector = reader.collector
    if collector is not None and collector.active:
        found: list[Any] = await Together(coroutines)
        return found
    try:
        return [await one for one in coroutines]
    finally:
        for one in coroutines:
            one.close()  # those that nobody came to, because of an error


async def _fetched(wants: list[Wanted]) -> list[Any]:
    """Rows, or an exception, for each."""
    if len(wants) == 1:
        return [await wants[0].reader.answer(wants[0])]
    if any(want.reader is not wants[0].reader for want in wants):
        return [await want.reader.answer(want) for want in wants]
    answers: list[Any] = await wants[0].reader.answers(wants)
    return answers


class Found:
    """A row out of a statement that several were made one of: as good as a `Row`."""

    __slots__ = ()
    model: ClassVar[Any] = None

    def __getitem__(self, key: Any) -> Any:
        return getattr(self, key) if type(key) is str else super().__getitem__(key)  # type: ignore[misc]


@lru_cache(maxsize=MOST_KNOWN)
def _maker(record_class: Hashable, names: Names) -> Callable[[Sequence[Any]], Any]:
    """What makes a row of a record: its columns are attributes."""
    record: Any = namedtuple("record", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 (made at run time)
    made = type("Found", (Found, record), {"__slots__": (), "model": getattr(record_class, "model", None)})
    return partial(tuple.__new__, made)


class Combined:
    """Statements as one, which gives one row. Of each: its text, the numbers of its parameters in the whole, and the
    names of its columns; and of what class its rows would be.
    """

    def __init__(
        self, forms: Sequence[tuple[str, tuple[int, ...], Names]], record_classes: Sequence[Any]
    ) -> None:
        self._makers = [_maker(one, names) for one, (_, _, names) in zip(record_classes, forms, strict=True)]
        parts = []
        for text, numbers, names in forms:
            row = ", ".join(f'q."{name}"' for name in names)
            parts.append(f"ARRAY(SELECT ROW({row}) FROM ({_renumbered(text, numbers)}) AS q)")  # noqa: S608
        self.text = f"SELECT {', '.join(parts)}"

    def rows(self, row: Sequence[Any]) -> list[Any]:
        """The rows of each."""
        return [list(map(one, found)) for one, found in zip(self._makers, row, strict=True)]


_PARAMETER = re.compile(r"\$(\d+)")


def _renumbered(text: str, numbers: tuple[int, ...]) -> str:
    return _PARAMETER.sub(lambda found: f"${numbers[int(found[1]) - 1]}", text)


def numbered(wants: Sequence[Wanted]) -> tuple[list[Any], tuple[tuple[int, ...], ...]]:
    """The arguments of all as one list, and the numbers that each finds its own by."""
    arguments: list[Any] = []
    known: dict[int, int] = {}
    numbers = []
    for want in wants:
        given = want.arguments
        first = len(arguments) + 1
        if not [one for one in given if type(one) in _SHARED and len(one) > LONG]:
            arguments += given
            numbers.append(tuple(range(first, first + len(given))))
            continue
        places = []
        for one in given:
            place = known.get(id(one))
            if place is None:
                arguments.append(one)
                place = len(arguments)
                if type(one) in _SHARED and len(one) > LONG:
                    known[id(one)] = place
            places.append(place)
        numbers.append(tuple(places))
    return arguments, tuple(numbers)


class Combinations:
    """Statements that were made one, by their texts; the least recently used leave first."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._met: OrderedDict[Hashable, int] = OrderedDict()
        self._made: OrderedDict[Hashable, Combined | None] = OrderedDict()

    async def find(
        self,
        wants: Sequence[Wanted],
        numbers: Sequence[tuple[int, ...]],
        columns: Callable[[str], Awaitable[Names]],
    ) -> Combined | None:
        """These as one; None while they have hardly met, or if they cannot be. ``columns`` names those of a text."""
        key = (tuple([want.text for want in wants]), tuple(numbers))
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        met = self._met.pop(key, 0)
        if met < MET_BEFORE:
            self._met[key] = met + 1
            _trim(self._met, self._most)
            return None
        names = [await columns(want.text) for want in wants]
        alike = any(len(set(one)) != len(one) for one in names)
        forms = list(zip([want.text for want in wants], numbers, names, strict=True))
        self._made[key] = None if alike else Combined(forms, [want.record_class for want in wants])
        _trim(self._made, self._most)
        return self._made[key]


def _trim(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
