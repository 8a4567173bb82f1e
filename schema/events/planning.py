"""Whole states of sprints, milestones and custom fields, as the events that put them there hold them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from schema.events.changes import present, reference
from schema.fields.enums import FieldKind
from schema.sprints.enums import SprintStage


def _day(value: str | None) -> Any:
    return None if value is None else date.fromisoformat(value)


def _moment(value: str | None) -> Any:
    return None if value is None else datetime.fromisoformat(value)


@strawberry.type(description="A sprint with all its fields.")
class SprintState:
    id: strawberry.ID = strawberry.field(description="The sprint.")
    name: str = strawberry.field(description="Its name.")
    goal: str = strawberry.field(description="What it is for.")
    stage: SprintStage = strawberry.field(description="How far it is.")
    starts_on: date | None = strawberry.field(description="Its first day, as planned.")
    ends_on: date | None = strawberry.field(description="Its last day, as planned.")
    capacity: float | None = strawberry.field(description="How much the team can do in it.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    started_at: datetime | None = strawberry.field(description="When it was started.")
    completed_at: datetime | None = strawberry.field(description="When it was completed.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> SprintState:
        names = ("name", "goal", "stage", "capacity", "rank", "version")
        return cls(
            id=reference("Sprint", state["id"], scope_id),
            **{name: state[name] for name in names},
            **{name: _day(state[name]) for name in ("starts_on", "ends_on")},
            **{name: _moment(state[name]) for name in ("started_at", "completed_at", "deleted_at")},
        )


@strawberry.type(description="A milestone with all its fields.")
class MilestoneState:
    id: strawberry.ID = strawberry.field(description="The milestone.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="What it is about.")
    starts_on: date | None = strawberry.field(description="When work on it begins.")
    due_on: date | None = strawberry.field(description="When it is due.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    released_at: datetime | None = strawberry.field(description="When it was released.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> MilestoneState:
        return cls(
            id=reference("Milestone", state["id"], scope_id),
            **{name: state[name] for name in ("name", "description", "rank", "version")},
            **{name: _day(state[name]) for name in ("starts_on", "due_on")},
            **{name: _moment(state[name]) for name in ("released_at", "deleted_at")},
        )


@strawberry.type(description="An option of a custom field, also a deleted one.")
class FieldOptionState:
    option_id: strawberry.ID = strawberry.field(description="The option.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    place: int = strawberry.field(description="Options are ordered by this.")
    deleted: bool = strawberry.field(description="Whether it can be chosen no more.")


@strawberry.type(description="A custom field with all that it is.")
class CustomFieldState:
    id: strawberry.ID = strawberry.field(description="The field.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="What it is for.")
    kind: FieldKind = strawberry.field(description="What it holds.")
    required: bool = strawberry.field(description="Whether new tasks need a value in it.")
    type_ids: list[strawberry.ID] = strawberry.field(description="The task types that have it; none: all.")
    options: list[FieldOptionState] = strawberry.field(description="What can be chosen in it.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> CustomFieldState:
        names = ("name", "description", "kind", "required", "rank", "version")
        options = sorted(state["options"].items(), key=lambda one: (one[1]["place"], one[0]))
        return cls(
            id=reference("CustomField", state["id"], scope_id),
            type_ids=present("type_ids", state["type_ids"], scope_id),
            options=[
                FieldOptionState(option_id=reference("FieldOption", id_, scope_id), **one)
                for id_, one in options
            ],
            deleted_at=_moment(state["deleted_at"]),
            **{name: state[name] for name in names},
        )  # fmt: skip
