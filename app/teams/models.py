"""Rows of teams, their members, and the roles that they hold in projects."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Text
from sqlmodel import Field, SQLModel


class Team(SQLModel, table=True):
    """People of a workspace together. How it is shown is told in the workspace's directory, ``directory_id``."""

    __tablename__ = "teams"
    __table_args__ = (Index("teams_workspace", "workspace_id", "name"),)

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id")
    directory_id: UUID
    name: str = Field(sa_type=Text)
    color: str = Field(sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class TeamMember(SQLModel, table=True):
    """Someone in a team; they are in its workspace too, which the database holds."""

    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["workspace_members.workspace_id", "workspace_members.user_id"],
            name="team_members_of_workspace",
        ),
        Index("team_members_user", "user_id", "workspace_id"),
    )

    team_id: UUID = Field(primary_key=True, foreign_key="teams.id")
    user_id: UUID = Field(primary_key=True)
    workspace_id: UUID
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class ProjectTeam(SQLModel, table=True):
    """The role that a team holds in a project: each of its members has at least this one there."""

    __tablename__ = "project_teams"
    __table_args__ = (Index("project_teams_team", "team_id"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    team_id: UUID = Field(primary_key=True, foreign_key="teams.id")
    role: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
