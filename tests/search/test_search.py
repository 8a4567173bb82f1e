"""What is found, by whom, and what of it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from app.search.index import PostgresIndex
from app.search.indexing import Indexer
from tests.client import JSON, Client
from tests.service import Service
from tests.world import World

SEARCH = """query($text: String!, $filter: TaskFilter, $projects: [ID!], $first: Int, $after: String) {
  search(text: $text, filter: $filter, projectIds: $projects) {
    complete corrections { word takenFor }
    hits(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
      score task { id title } comment { id body } highlights { place text ranges { start length } } } }
  } }"""


async def indexed(service: Service) -> None:
    """All that was written is in the index."""
    await Indexer(PostgresIndex()).catch_up(service.application.store)


async def search(by: Client, text: str, **variables: Any) -> JSON:
    found: JSON = (await by.query(SEARCH, text=text, **variables))["search"]
    return found


def titles(found: JSON) -> list[str]:
    return [hit["task"]["title"] for hit in found["hits"]["nodes"]]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("The importer is running slowly", "run"),
        ("The importer is running slowly", "IMPORT slow"),
        ("Die Häuser sind nicht mit dem Garten verbunden", "haus garten "),
        ("Le café de la gare est fermé pour les vacances", "cafe "),
        ("Retry uploads after a timeout", '"after a timeout"'),
        ("Retry uploads after a timeout", "uploads -download"),
        ("Retry uploads after a timeout", "uplo"),
        ("Retry uploads after a timeout", "retri* time*"),
        ("検索画面の不具合", "画面"),
        ("検索画面の不具合", "索"),
        ("検索画面の不具合", "合"),
        ("検索画面の不具合 is seen", '"不具合 is"'),
        ("画", "画"),
        ("第1画面 of it", "第1画"),
        ("第1画面 of it", '"画面 of"'),
        ("Retry uploads after a timeout", "retry uplods "),
        ("Use app/search/index.py:42 here", "index.py"),
        ("The who", "the"),
        ("İstanbul office", "İstanbul"),
        ("İstanbul office", "istanbul "),
        ("The re\u0301sume\u0301 of it, decomposed", "résumé"),
        ("The résumé of it", "re\u0301sume\u0301 "),
    ],
)
async def test_a_text_is_found(world: World, said: str, asked: str) -> None:
    await world.task(title=said)
    await world.task(title="Something else entirely")
    await indexed(world.service)
    assert titles(await search(world.member, asked)) == [said]


@pytest.mark.parametrize(("asked", "marked"), [("cafe ", "café"), ("CAFÉ", "café"), ("strasse ", "Straße")])
async def test_what_is_found_without_its_marks_is_marked(world: World, asked: str, marked: str) -> None:
    await world.task(title="Un café dans la rue Straße")
    await indexed(world.service)
    [hit] = (await search(world.member, asked))["hits"]["nodes"]
    [highlight] = hit["highlights"]
    [place] = highlight["ranges"]
    assert highlight["text"][place["start"] :][: place["length"]] == marked


MISSING = "Documentation for merge driver is missing"
LONG = f"{'A driver reads what it is given. ' * 20}{MISSING}. {'Nothing more is said of it. ' * 20}"


@pytest.mark.parametrize(
    ("said", "asked", "marked"),
    [
        (MISSING, '"merge driver"', ["merge", "driver"]),
        (MISSING, '"documentation for merge driver"', ["Documentation", "for", "merge", "driver"]),
        (MISSING, "documentation merge driver", ["Documentation", "merge", "driver"]),
        (MISSING, "merge documentatio", ["Documentation", "merge"]),
        (MISSING, '"for merge" missed ', ["for", "merge", "missing"]),
        ("Merging it is for the café", '"for the cafe" merge ', ["Merging", "for", "the", "café"]),
        ("Die Häuser sind nicht mit dem Garten verbunden", '"die häuser sind"', ["Die", "Häuser", "sind"]),
    ],
)
async def test_all_words_of_a_phrase_are_marked(
    world: World, said: str, asked: str, marked: list[str]
) -> None:
    await world.task(title=said)
    await indexed(world.service)
    [hit] = (await search(world.member, asked))["hits"]["nodes"]
    [highlight] = hit["highlights"]
    text = highlight["text"]
    assert [text[one["start"] :][: one["length"]] for one in highlight["ranges"]] == marked


async def test_of_a_long_text_the_part_with_the_phrase_is_shown(world: World) -> None:
    await world.task(title="Anything", description=LONG)
    await indexed(world.service)
    [hit] = (await search(world.member, '"merge driver"'))["hits"]["nodes"]
    [highlight] = hit["highlights"]
    text = highlight["text"]
    assert "merge driver" in text
    assert "merge" in [text[one["start"] :][: one["length"]] for one in highlight["ranges"]]


@pytest.mark.parametrize(
    ("asked", "marked"),
    [
        ("画面", ["画面"]),
        ("検索画面", ["検索画面"]),
        ("面", ["面"]),
        ("合", ["合"]),
        ("検 不具合", ["検", "不具合"]),
        ("第1画", ["第", "1", "画"]),
    ],
)
async def test_what_is_found_in_scripts_without_spaces_is_marked(
    world: World, asked: str, marked: list[str]
) -> None:
    title = "🚀 第1 検索画面の（不具合" if asked != "第1画" else "「第1画面」"
    await world.task(title=title)
    await indexed(world.service)
    [hit] = (await search(world.member, asked))["hits"]["nodes"]
    [highlight] = hit["highlights"]
    assert highlight["text"] == title
    written = title.encode("utf-16-le")
    places = [(2 * one["start"], 2 * (one["start"] + one["length"])) for one in highlight["ranges"]]
    assert [written[start:end].decode("utf-16-le") for start, end in places] == marked


@pytest.mark.parametrize(
    "asked", ['"timeout after"', "uploads -timeout", "download ", "retry upload download "]
)
async def test_what_does_not_match_is_not_found(world: World, asked: str) -> None:
    await world.task(title="Retry uploads after a timeout")
    await indexed(world.service)
    found = await search(world.member, asked)
    assert titles(found) == []
    assert found["hits"]["totalCount"] == 0


@pytest.mark.parametrize("asked", ["-word", '""', "   ", "- *", "x" * 201, "a " * 13 + "b"])
async def test_what_cannot_be_looked_for_is_refused(world: World, asked: str) -> None:
    answer = await world.member.ask(SEARCH, {"text": asked})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_titles_come_before_texts_before_comments(world: World) -> None:
    for_comment = await world.task(title="Third")
    await world.member.do("commentAdd", taskId=for_comment["id"], body="A zebra was here")
    await world.task(title="Second", description="About a zebra")
    await world.task(title="First zebra")
    await indexed(world.service)
    found = await search(world.member, "zebra")
    assert titles(found) == ["First zebra", "Second", "Third"]
    assert found["complete"]
    last = found["hits"]["nodes"][-1]
    assert last["comment"]["body"] == "A zebra was here"
    assert last["highlights"] == [
        {"place": "COMMENT", "text": "A zebra was here", "ranges": [{"start": 2, "length": 5}]}
    ]


async def test_ranges_are_counted_as_browsers_count(world: World) -> None:
    await world.task(title="🚀 launch <b>pad</b>")
    await indexed(world.service)
    [hit] = (await search(world.member, "launch"))["hits"]["nodes"]
    assert hit["highlights"] == [
        {"place": "TITLE", "text": "🚀 launch <b>pad</b>", "ranges": [{"start": 3, "length": 6}]}
    ]


async def test_a_key_is_found(world: World) -> None:
    task = await world.task(title="Anything")
    await world.task(title="Another")
    await indexed(world.service)
    [key] = [
        (await world.member.query("query($id: ID!) { node(id: $id) { ... on Task { key } } }", id=task["id"]))
    ]
    assert titles(await search(world.member, key["node"]["key"].lower())) == ["Anything"]


async def test_what_is_hidden_is_not_found_counted_or_guessed_at(world: World) -> None:
    await world.task(title="Quixotic acquisition", by="owner", projectId=world.secret["id"])
    await indexed(world.service)
    assert titles(await search(world.owner, "quixotic")) == ["Quixotic acquisition"]
    assert (await search(world.owner, "quixotik"))["corrections"] == [
        {"word": "quixotik", "takenFor": ["quixotic"]}
    ]
    nothing = await search(world.member, "zzqqxx")
    for asked in ("quixotic", "quixotik", "acquis"):
        assert await search(world.member, asked) == nothing
        assert await search(world.member, asked, projects=[world.secret["id"]]) == nothing
        assert await search(world.outsider, asked) == nothing


async def test_a_misspelt_word_is_not_taken_for_one_of_deleted_texts(world: World) -> None:
    task = await world.task(title="Quixotic acquisition")
    other = await world.task(title="Quixotix")
    comment = await world.comment(other, "Chimerical")
    await indexed(world.service)
    assert (await search(world.member, "quixotik"))["corrections"][0]["takenFor"] == ["quixotic", "quixotix"]
    assert titles(await search(world.member, "chimericall")) == ["Quixotix"]
    await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    await world.member.do("commentDelete", id=comment["id"], expectedVersion=1)
    await indexed(world.service)
    nothing = await search(world.member, "zzqqxx")
    for asked in ("acquisitoin ", "chimericall"):
        assert await search(world.member, asked) == nothing
    for asked in ("quixotik", "quixotic "):  # that word itself is none any more
        found = await search(world.member, asked)
        assert found["corrections"] == [{"word": asked.strip(), "takenFor": ["quixotix"]}]


async def test_the_index_follows_what_is_written(world: World) -> None:
    task = await world.task(title="Alpha", description="bravo")
    comment = (await world.member.do("commentAdd", taskId=task["id"], body="charlie"))["comment"]
    await indexed(world.service)

    async def hits(*words: str) -> list[bool]:
        await indexed(world.service)
        return [bool(titles(await search(world.member, f"{word} "))) for word in words]

    assert await hits("alpha", "bravo", "charlie") == [True] * 3
    await world.member.do(
        "taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Delta", "description": "echo"}
    )
    await world.member.do("commentUpdate", id=comment["id"], expectedVersion=1, body="foxtrot")
    assert await hits("alpha", "bravo", "charlie", "delta", "echo", "foxtrot") == [False] * 3 + [True] * 3
    await world.member.do("taskDelete", id=task["id"], expectedVersion=2)
    assert await hits("delta", "echo", "foxtrot") == [False] * 3
    await world.member.do("taskRestore", id=task["id"], expectedVersion=3)
    assert await hits("delta", "echo", "foxtrot") == [True] * 3
    await world.member.do("commentDelete", id=comment["id"], expectedVersion=2)
    assert await hits("delta", "foxtrot") == [True, False]


async def test_a_transferred_task_is_found_where_it_is(world: World) -> None:
    task = await world.task(title="Wanderer")
    await world.member.do("commentAdd", taskId=task["id"], body="on the road")
    await indexed(world.service)
    await world.member.do("taskTransfer", id=task["id"], expectedVersion=1, projectId=world.ops["id"])
    await indexed(world.service)
    for asked in ("wanderer ", "road "):
        assert titles(await search(world.member, asked, projects=[world.ops["id"]])) == ["Wanderer"]
        assert titles(await search(world.viewer, asked)) == []


async def test_a_filter_narrows_it(world: World) -> None:
    for priority in range(4):
        await world.task(title=f"Urgent {priority}", priority=priority)
    await indexed(world.service)
    found = await search(world.member, "urgent", filter={"priority": {"gte": 2}})
    assert sorted(titles(found)) == ["Urgent 2", "Urgent 3"]
    assert found["hits"]["totalCount"] == 2


async def test_a_filter_that_all_pass_leaves_hits_and_their_order(world: World) -> None:
    for number in range(6):
        task = await world.task(
            title=f"{'Urgent ' * (number % 3)}one {number}", description="An urgent one " * number
        )
        if number % 2:
            await world.comment(task, "This is urgent")
    await indexed(world.service)
    for asked in ("urgent ", "urgent one", "urg", '"urgent one"', "urgnt "):
        plain = await search(world.member, asked)
        filtered = await search(world.member, asked, filter={"priority": {"gte": 0}})
        assert len(titles(plain)) >= 5
        assert filtered == plain, asked


async def test_what_a_filter_takes_away_is_not_misspelt(world: World) -> None:
    await world.task(title="Urgently looked for", priority=1)
    await world.task(title="Urgent too", priority=2)
    await indexed(world.service)
    for asked in ("urgen", "urgent "):
        found = await search(world.member, asked, filter={"priority": {"eq": 4}})
        assert (titles(found), found["corrections"], found["complete"]) == ([], [], True)
    assert titles(await search(world.member, "urgnt ", filter={"priority": {"eq": 2}})) == ["Urgent too"]


async def test_a_filter_that_none_of_the_newest_passes_is_asked_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOOKED_AT": (3, 5), "ENOUGH": 3, "FEW": 1}.items():
        monkeypatch.setattr(f"app.search.finding.{name}", value)
    monkeypatch.setattr("app.search.index.MOST_AMONG", 6)
    for number in range(12):
        await world.task(title=f"Urgent {number}", priority=0 if number > 3 else 2 + number % 2)
    await indexed(world.service)
    found = await search(world.member, "urgent ", filter={"priority": {"gte": 3}})
    assert sorted(titles(found)) == ["Urgent 1", "Urgent 3"]
    assert found["complete"], "no other task passes"
    found = await search(world.member, "urgent ", filter={"priority": {"gte": 0}})
    assert sorted(titles(found)) == ["Urgent 10", "Urgent 11", "Urgent 9"]
    assert not found["complete"]
    found = await search(
        world.member, "urgent ", filter={"not": {"priority": {"eq": 1}}}, projects=[world.eng["id"]]
    )
    assert not found["complete"]
    assert titles(await search(world.outsider, "urgent ", filter={"priority": {"gte": 3}})) == []


async def test_pages_together_are_all_of_it(world: World) -> None:
    for number in range(7):
        await world.task(title=f"Page {number}")
    await indexed(world.service)
    whole = titles(await search(world.member, "page"))
    assert len(whole) == 7
    paged: list[str] = []
    after = None
    for place in range(4):
        found = await search(world.member, "page", first=2, after=after)
        assert found["hits"]["totalCount"] == 7
        assert found["hits"]["pageInfo"]["hasNextPage"] == (place < 3)
        paged += titles(found)
        after = found["hits"]["pageInfo"]["endCursor"]
    assert paged == whole


EVERYWHERE = """query($text: String!, $w: ID, $p: [ID!]) { search(text: $text, workspaceId: $w, projectIds: $p) {
  complete corrections { word takenFor } hits { totalCount nodes { score task { title } comment { body } } } } }"""


async def test_what_is_hidden_changes_no_answer(world: World) -> None:
    """Neither hits nor counts, scores, suggestions nor completeness: with and without filter, in the workspace and in
    all, by word, beginning, phrase and misspelling. Asked before the hidden texts are there, and after.
    """
    task = await world.task(title="Quarterly planning of budgets")
    await world.comment(task, "The budget is planned")
    await indexed(world.service)
    texts = (
        "budget ",
        "budg",
        "plan*",
        '"quarterly planning"',
        "budgett ",
        "planing quartely ",
        "zanz",
        "-secret budget ",
    )
    places: tuple[JSON, ...] = (
        {},
        {"w": world.workspace["id"]},
        {"p": [world.secret["id"]]},
        {"p": [world.eng["id"]]},
    )

    async def told() -> list[JSON]:
        return [
            (await by.query(EVERYWHERE, text=text, **place))["search"]
            for by in (world.member, world.outsider)
            for text in texts
            for place in places
        ]

    before = await told()
    for number in range(12):
        hidden = await world.task(
            f"Quarterly budget {number} of Zanzibar, budgetted", by="owner", projectId=world.secret["id"]
        )
        await world.comment(hidden, "Planning secret budgets, quarterly planning", by="owner")
    await indexed(world.service)
    assert await told() == before
    seen = (await world.owner.query(EVERYWHERE, text="budget ", w=world.workspace["id"]))["search"]["hits"]
    assert seen["totalCount"] == len(seen["nodes"]) == 13
