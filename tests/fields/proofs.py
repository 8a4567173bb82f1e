"""What the proofs of mutations need: custom fields."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import BLANK, MANAGING, Proof, Proofs
from tests.world import World

_OPTIONS = [{"name": "Low", "color": "#112233"}, {"name": "High"}]


async def field_create(world: World, by: Client) -> JSON:
    other = await world.custom_field("Other")
    return {
        "projectId": world.eng["id"], "name": "Severity", "kind": "SELECT", "description": "How bad 🙂",
        "typeIds": [world.type("bug")], "options": _OPTIONS, "beforeId": other["id"],
    }  # fmt: skip


async def field_update(world: World, by: Client) -> JSON:
    field = await world.custom_field("Severity", "SELECT", options=_OPTIONS, description="How bad")
    other = await world.custom_field("Other")
    return {
        "id": field["id"], "expectedVersion": 1, "name": "Renamed", "description": "How good",
        "typeIds": [world.type("bug")], "afterId": other["id"],
        "options": [{"name": "New"}, {"id": field["options"][0]["id"], "name": "Lowest", "color": "#112233"}],
    }  # fmt: skip


async def field_delete(world: World, by: Client) -> JSON:
    field = await world.custom_field()
    await world.task(fields=[{"fieldId": field["id"], "value": {"text": "x"}}])
    return {"id": field["id"], "expectedVersion": 1}


async def one_of_each_field(world: World) -> list[JSON]:
    """A value for a new field of each kind."""
    values: list[JSON] = [
        {"text": "Words 🙂"}, {"number": 1.5}, {"date": "2030-01-31"}, {"url": "https://lockstep.example/"},
        {"userId": world.viewer.user_id},
    ]  # fmt: skip
    found = [
        {"fieldId": (await world.custom_field(kind, kind))["id"], "value": value}
        for kind, value in zip(("TEXT", "NUMBER", "DATE", "URL", "USER"), values, strict=True)
    ]
    one = await world.custom_field("One", "SELECT", options=_OPTIONS)
    more = await world.custom_field("More", "MULTI_SELECT", options=_OPTIONS)
    found.append({"fieldId": one["id"], "value": {"optionId": one["options"][0]["id"]}})
    return [
        *found,
        {"fieldId": more["id"], "value": {"optionIds": [option["id"] for option in more["options"]]}},
    ]


PROOFS: Proofs = {
    "customFieldCreate": Proof(
        field_create, ("eng",), ("CustomFieldCreated",), {"name": "Else"}, {"options": []}, **MANAGING
    ),
    "customFieldUpdate": Proof(
        field_update, ("eng",), ("CustomFieldUpdated",), {"name": "Else"}, **BLANK, **MANAGING
    ),
    "customFieldDelete": Proof(
        field_delete,
        ("eng",),
        ("CustomFieldDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
}
