"""What can stand before the colon of a query's term."""

from __future__ import annotations

from dataclasses import dataclass

from app.tasks.grammar import Kind, kind_of


@dataclass(frozen=True)
class Named:
    """A field: what people call it, what the grammar calls it, and other names that are understood."""

    name: str
    field: str
    also: tuple[str, ...] = ()
    missing: bool = False
    words: str | None = None

    @property
    def kind(self) -> Kind:
        """What its values are."""
        return kind_of(self.field)

    @property
    def contains(self) -> bool:
        """Whether a mere value is looked for in a text, and does not have to be all of it."""
        return self.kind is Kind.TEXT and self.field != "external_ref"


NAMED = (
    Named("assignee", "assignee", ("assigned",), missing=True),
    Named("status", "status_id", words="statuses"),
    Named("label", "label", ("labels", "tag"), missing=True, words="labels"),
    Named("type", "type_id", words="types"),
    Named("priority", "priority"),
    Named("due", "due_date", missing=True),
    Named("title", "title"),
    Named("text", "text"),
    Named("creator", "creator_id", ("author", "by"), missing=True),
    Named("parent", "parent_id", missing=True),
    Named("category", "status_category"),
    Named("sprint", "sprint_id", missing=True, words="sprints"),
    Named("milestone", "milestone_id", ("release",), missing=True, words="milestones"),
    Named("estimate", "estimate", ("points",), missing=True),
    Named("created", "created_at"),
    Named("updated", "updated_at"),
    Named("closed", "completed_at", ("completed",), missing=True),
    Named("project", "project_id", words="projects"),
    Named("number", "number"),
    Named("ref", "external_ref", missing=True),
)

BY_NAME = {alias: one for one in NAMED for alias in (one.name, *one.also)}
BY_FIELD = {one.field: one for one in NAMED}

IS = ("open", "closed", "overdue", "blocked", "deleted")
PRIORITIES = ("none", "urgent", "high", "medium", "low")
CATEGORIES = ("backlog", "unstarted", "started", "completed", "cancelled")
CLOSED = ["cancelled", "completed"]

SORTS = {
    "rank": "rank", "number": "number", "title": "title", "priority": "priority", "created": "created_at",
    "updated": "updated_at", "due": "due_date", "closed": "completed_at", "estimate": "estimate",
}  # fmt: skip
"""What ``sort:`` takes, and what orders call it."""

SPECIAL = ("is", "no", "has", "sort")
