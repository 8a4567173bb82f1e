"""Rows that remember what an import made, so that a second run finds it: bookkeeping, shown nowhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ImportRef(SQLModel, table=True):
    """What stands here for a thing in a file.

    ``source`` is the format, ``object_type`` one of task, comment, link, parent and
    person (whom an import made a member). ``fingerprint`` holds what the
    file said when it was last taken over, as a hash per field, and ``object_version`` the version to which nobody
    but imports had changed the object then: later edits are merged with, or told as conflicts.
    """

    __tablename__ = "import_refs"
    __table_args__ = (Index("import_refs_object", "project_id", "object_id"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    source: str = Field(primary_key=True, sa_type=Text)
    object_type: str = Field(primary_key=True, sa_type=Text)
    external_id: str = Field(primary_key=True, sa_type=Text)
    object_id: UUID
    object_version: int
    fingerprint: dict[str, Any] = Field(sa_type=JSONB)


class ImportPerson(SQLModel, table=True):
    """Who a name in files stands for: the same person in every file of a workspace."""

    __tablename__ = "import_people"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id")
    name: str = Field(primary_key=True, sa_type=Text)
    user_id: UUID = Field(foreign_key="users.id")
