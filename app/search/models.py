"""Rows of the search index: derived from the log, and made anew from it whenever that is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel


def _gin(name: str, column: str) -> Index:
    return Index(name, column, postgresql_using="gin")


class SearchDocument(SQLModel, table=True):
    """What can be found of a task (``kind`` task) or a comment, as stems and as written words.

    ``words`` weighs titles A, texts of a task B, comments C. ``changed_at`` is when the text last changed.
    """

    __tablename__ = "search_documents"
    __table_args__ = (
        _gin("search_documents_words", "words"),
        _gin("search_documents_title", "title"),
        Index("search_documents_newest", "workspace_id", text("changed_at DESC")),
        Index("search_documents_project", "project_id", text("changed_at DESC")),
        Index("search_documents_task", "project_id", "task_id"),
        {"postgresql_partition_by": "HASH (workspace_id)"},
    )

    workspace_id: UUID = Field(primary_key=True)
    project_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    task_id: UUID
    kind: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    title: Any = Field(default=None, sa_type=TSVECTOR, nullable=True)
    words: Any = Field(sa_type=TSVECTOR, nullable=False)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))


class SearchWord(SQLModel, table=True):
    """A word that some document of a project has."""

    __tablename__ = "search_words"

    project_id: UUID = Field(primary_key=True)
    word: str = Field(primary_key=True, sa_type=Text(collation="C"))


class SearchVocabulary(SQLModel, table=True):
    """A word that some project has: what a misspelt one looks like is asked of these, who may know it of projects."""

    __tablename__ = "search_vocabulary"
    __table_args__ = (
        Index(
            "search_vocabulary_like", "word",
            postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )  # fmt: skip

    word: str = Field(primary_key=True, sa_type=Text(collation="C"))


class SearchProgress(SQLModel, table=True):
    """How far a project's log is in the index."""

    __tablename__ = "search_progress"
    __table_args__ = (ForeignKeyConstraint(["scope_id"], ["scopes.id"]),)

    scope_id: UUID = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
