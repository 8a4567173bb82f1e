"""Rows of workspaces and their members."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel

from app.permissions import WorkspaceRole as WorkspaceRole  # noqa: PLC0414 (it is of this room's rows)


class Workspace(SQLModel, table=True):
    """A tenant. Its id is also its scope's id; ``directory_id`` is the scope of how people are shown."""

    __tablename__ = "workspaces"

    id: UUID = Field(primary_key=True)
    directory_id: UUID
    name: str = Field(sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class WorkspacePerson(SQLModel, table=True):
    """Somebody who is or was in a workspace: its history may need their name. Kept by a trigger."""

    __tablename__ = "workspace_people"
    __table_args__ = (Index("workspace_people_user", "user_id"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id")
    user_id: UUID = Field(primary_key=True, foreign_key="users.id")


class WorkspaceMember(SQLModel, table=True):
    """Someone's role in a workspace."""

    __tablename__ = "workspace_members"
    __table_args__ = (Index("workspace_members_user", "user_id"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id")
    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    role: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
