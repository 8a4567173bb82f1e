"""Ids that are given as bytes are the ids that they were made of."""

from __future__ import annotations

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.keys import packed
from app.statements import sql
from tests.service import Service

IDS = st.lists(st.none() | st.uuids(), max_size=20)
SAME = sql("SELECT $1::ids::uuid[] AS ids", "ids")
EACH = sql("SELECT one FROM unnest($1::uuid[]) AS one", "ids")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=IDS)
async def test_packed_ids_are_read_as_they_were(service: Service, ids: list[UUID | None]) -> None:
    async with service.application.database.snapshot() as reader:
        assert await reader.value(SAME, ids=packed(ids)) == ids
        assert await reader.value(SAME, ids=ids) == ids  # whoever has not packed them
        assert [row[0] for row in await reader.rows(EACH, ids=ids)] == ids
