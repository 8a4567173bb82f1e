"""What an import must show, computed from the file alone, and what GraphQL shows. Knows nothing of `app.imports`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.client import Client

JSON = dict[str, Any]

TASKS = """
query($project: ID!, $after: String) { node(id: $project) { ... on Project {
  tasks(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {
    number title priority closeReason externalRef config rank version createdAt updatedAt completedAt deletedAt
    sections { name text } status { name category } type { name } creator { name kind }
    assignees { name } labels { name } parent { externalRef }
    comments(first: 100) { nodes { body createdAt updatedAt author { name } version } pageInfo { hasNextPage } }
    links { direction link { kind cyclic createdAt creator { name } } task { externalRef } }
} } } } }
"""


async def tasks_of(client: Client, project_id: str) -> dict[str, JSON]:
    """Every task of a project as GraphQL shows it, by external reference."""
    shown: dict[str, JSON] = {}
    after = None
    while True:
        page = (await client.query(TASKS, project=project_id, after=after))["node"]["tasks"]
        for node in page["nodes"]:
            assert node["externalRef"] not in shown
            assert not node["comments"]["pageInfo"]["hasNextPage"]
            shown[node["externalRef"]] = node
        if not page["pageInfo"]["hasNextPage"]:
            return shown
        after = page["pageInfo"]["endCursor"]


def moment(text: Any) -> datetime:
    """An instant, to the microsecond."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _fine(text: Any) -> bool:
    found = re.search(r"\.\d{6}(\d+)", str(text))
    return found is not None and found[1].strip("0") != ""


def compare_tracker(path: Path, shown: dict[str, JSON], *, odd: frozenset[str] = frozenset()) -> None:
    """Every key of every issue is where it belongs; `odd` names issues that are judged one by one elsewhere."""
    issues = {one["id"]: one for one in map(json.loads, filter(str.strip, path.read_text().splitlines()))}
    assert shown.keys() == issues.keys()
    for name, issue in issues.items():
        if name not in odd:
            _compare_issue(issue, shown[name])
    _compare_links(issues, shown, odd)


def _compare_issue(issue: JSON, task: JSON) -> None:
    left = {key: value for key, value in issue.items() if value not in (None, "", [], {})}
    config = dict(task["config"])
    name = left.pop("id")
    title = left.pop("title")
    assert task["title"] == title.strip()
    if title != task["title"]:
        assert config.pop("title") == title
    sections = {one["name"]: one["text"] for one in task["sections"]}
    for section in ("description", "acceptance_criteria", "design", "notes"):
        assert sections.pop(section, None) == left.pop(section, None), (name, section)
    assert not sections, (name, sections)
    for key, found in (("status", task["status"]["name"]), ("issue_type", task["type"]["name"])):
        word = left.pop(key)
        assert found == word or config.pop({"issue_type": "type"}.get(key, key)) == word, (name, key)
    assert task["priority"] == left.pop("priority", 0), name
    assert task["closeReason"] == left.pop("close_reason", None), name
    assert (task["creator"] or {}).get("name") == left.pop("created_by", None), name
    assert [one["name"] for one in task["assignees"]] == (
        [left.pop("assignee")] if "assignee" in left else []
    ), name
    assert sorted(one["name"].casefold() for one in task["labels"]) == sorted(
        map(str.casefold, left.pop("labels", []))
    ), name
    _compare_times(left, task, config)
    _compare_comments(left.pop("comments", []), task, config)
    left.pop("dependencies", None)  # with the links, below
    for key in ("parent", "dependencies"):
        config.pop(key, None)
    assert all(key.startswith("dependency ") for key in config.pop("exact_times", {})), name
    assert config == left, name
    assert task["deletedAt"] is None


def _compare_times(left: JSON, task: JSON, config: JSON) -> None:
    exact = config.get("exact_times", {})
    for key, name in (("created_at", "createdAt"), ("updated_at", "updatedAt"), ("closed_at", "completedAt")):
        text = left.pop(key, None)
        assert (task[name] and moment(task[name])) == (text and moment(text)), (task["externalRef"], key)
        if _fine(text):
            assert exact.pop(key) == text


def _compare_comments(comments: list[JSON], task: JSON, config: JSON) -> None:
    wanted = sorted((moment(one["created_at"]), one["author"], one["text"]) for one in comments)
    found = sorted(
        (moment(one["createdAt"]), one["author"]["name"], one["body"]) for one in task["comments"]["nodes"]
    )
    assert wanted == found
    assert config.pop("comment_ids", []) == [one["id"] for one in comments]


def _compare_links(issues: dict[str, JSON], shown: dict[str, JSON], odd: frozenset[str]) -> None:
    """Each dependency is one link, or the parent; there is no other link."""
    found = {
        (name, way["link"]["kind"], way["task"]["externalRef"]): way["link"]
        for name, task in shown.items()
        for way in task["links"]
        if way["direction"] == "OUTGOING"
    }
    for name, issue in issues.items():
        parents = []
        for entry in issue.get("dependencies") or []:
            if not isinstance(entry, dict) or name in odd:
                continue
            far, kind = entry["depends_on_id"], entry["type"]
            exact = shown[name]["config"].get("exact_times", {})
            if kind == "parent-child" and (shown[name]["parent"] or {}).get("externalRef") == far:
                parents.append(far)
                kept = shown[name]["config"]["parent"]
                assert kept == {key: value for key, value in entry.items() if key not in ("issue_id", "type")}
                exact.pop(f"dependency {kind} {far}", None)
                continue
            if far not in issues or far == name:
                assert entry in shown[name]["config"]["dependencies"]
                continue
            link = found.pop((far, kind, name) if kind == "blocks" else (name, kind, far))
            assert moment(link["createdAt"]) == moment(entry["created_at"])
            assert (link["creator"] or {}).get("name") == (entry.get("created_by") or None)
            if _fine(entry["created_at"]):
                assert exact.pop(f"dependency {kind} {far}") == entry["created_at"]
        assert len(parents) == (shown[name]["parent"] is not None) or name in odd
    assert not [key for key in found if not {key[0], key[2]} & odd], found


def compare_archive(path: Path, shown: dict[str, JSON]) -> None:
    """Every issue and pull request of an archive, key by key."""
    archive = json.loads(path.read_text())
    items = [("issue", one) for one in archive["issues"]] + [
        ("pull request", one) for one in archive["pulls"]
    ]
    assert shown.keys() == {f"{archive['repo']}#{one['number']}" for _, one in items}
    for kind, one in items:
        _compare_item(kind, one, shown[f"{archive['repo']}#{one['number']}"])


def _compare_item(kind: str, item: JSON, task: JSON) -> None:
    config = dict(task["config"])
    assert task["title"] == item["title"].strip()
    assert task["title"] == item["title"] or config.pop("title") == item["title"]
    assert {one["name"]: one["text"] for one in task["sections"]}.get("description", "") == item["body"]
    assert (task["type"]["name"], task["status"]["name"]) == (kind, item["state"].lower())
    assert (task["creator"] or {}).get("name") == item["author"]
    assert sorted(one["name"] for one in task["assignees"]) == sorted(item["assignees"])
    assert sorted(one["name"] for one in task["labels"]) == sorted(item["labels"])
    for key, name in (("createdAt", "createdAt"), ("updatedAt", "updatedAt"), ("closedAt", "completedAt")):
        assert (task[name] and moment(task[name])) == (item[key] and moment(item[key]))
    said = [one for one in item["comments"] if one["body"].strip()]
    wanted = sorted(
        (moment(one["createdAt"]), one["author"], one["body"], moment(one["updatedAt"])) for one in said
    )
    found = sorted(
        (moment(one["createdAt"]), one["author"]["name"], one["body"], moment(one["updatedAt"]))
        for one in task["comments"]["nodes"]
    )
    assert wanted == found
    standing = config.pop("authorAssociation", {})
    for one in said:
        assert one["authorAssociation"] in standing[one["author"]].split("/")
    assert config == {key: item[key] for key in ("mergedAt", "mergedBy") if item.get(key)}
