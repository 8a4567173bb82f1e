"""Days and moments at the edges of what there is: asked for in every zone, they are answered or told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.tasks.grammar import FilterScope
from tests.world import World

ASKED = "query($q: String!) { tasks(query: $q) { totalCount } queryParse(text: $q) { text errors { code } } }"
FAR = (
    "created:<=9999-12-31", "created:9999-12-31", "created:>9999-12-31", "created:<0001-01-01", "created:>=0001-01-01",
    "created:0001-01-01..9999-12-31", "due:<+9999m", "created:>-9999m",
)  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_begins_somewhere(zone: str) -> None:
    scope = FilterScope(zone)
    first, last = scope.start_of("0001-01-01"), scope.start_of("9999-12-31", later_days=1)
    assert datetime.min.replace(tzinfo=UTC) <= first < scope.start_of("2031-01-01")
    assert scope.start_of("9999-12-31") < last <= datetime.max.replace(tzinfo=UTC)


async def test_far_days_are_answered(world: World) -> None:
    await world.task()
    for version, zone in enumerate(("Pacific/Kiritimati", "Pacific/Pago_Pago"), 1):
        await world.member.do("profileUpdate", expectedVersion=version, timeZone=zone)
        counts = [(await world.member.query(ASKED, q=text))["tasks"]["totalCount"] for text in FAR]
        assert counts == [1, 0, 0, 0, 1, 1, 0, 1], zone
