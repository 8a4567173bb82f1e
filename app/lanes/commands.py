"""What lanes take: commands on one task, which one room decides on and writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from app.gathering import Gathering
from app.guards import Guard
from app.outcomes import Result, Written
from app.staging import Staged
from app.work import Work


class Place(NamedTuple):
    """Where a task is that somebody may see."""

    project_id: UUID
    workspace_id: UUID


class Seen(NamedTuple):
    """What is asked for by a command, who asks for it, and where its task was seen."""

    viewer_id: UUID
    project_id: UUID
    workspace_id: UUID
    command: Any


class Apart(Exception):
    """This command asks for more than is read for a batch: it is carried out alone, after the others."""


class Room(Protocol):
    """How a room's commands are carried out, many at once: guards, facts, decisions, writes.

    The same functions carry out one alone, in a unit of its own.
    """

    def guards(self, seen: Seen) -> Iterable[Guard]:
        """What must not change from the reading of its facts to the commit."""

    def ask(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        """Ask for the facts."""

    def ask_more(self, asked: Gathering, commands: Sequence[Seen]) -> None:
        """Ask for what the first answers show to be needed too; mostly that is nothing."""

    def facts(self, asked: Gathering, commands: Sequence[Seen]) -> dict[UUID, Any]:
        """What was found, for each viewer. Raises ``RaceLost`` if something is not where it was seen."""

    def decide(self, asked: Any, facts: Any) -> Any:
        """A decision, which later ones see; raises a refusal, or ``Apart``."""

    def record(self, work: Work, decision: Any) -> Result:
        """Record a decision's events; what is answered."""

    def left(self, decision: Any) -> Written | None:
        """The object as a decision leaves it; None if it has to be read to be known."""

    def stage(self, staged: Staged, decisions: Sequence[Any]) -> None:
        """Have the rows written of all decisions of the batch."""


class Command(ABC):
    """A command on a task. Called, it is the action of a unit of its own."""

    @abstractmethod
    def __call__(self, work: Work) -> Awaitable[Result]:
        """Carry it out alone."""

    @property
    @abstractmethod
    def asked(self) -> Any:
        """What it asks for, as its room's functions take it."""

    @property
    @abstractmethod
    def room(self) -> Room | None:
        """Which room's, or None if it cannot be carried out with others."""

    @property
    @abstractmethod
    def task_id(self) -> UUID:
        """The task that says which project it belongs to."""

    @property
    @abstractmethod
    def placing(self) -> UUID | None:
        """The task that gets another place by it."""

    @property
    @abstractmethod
    def beside(self) -> UUID | None:
        """The task next to which it is placed: not one that has just been given a place in the same batch."""
