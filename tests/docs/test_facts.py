"""What the documentation says in tables is what the code says: settings, limits, errors, links, ADRs."""

import importlib
import re
from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, build_schema

from app.config import PROJECT_ROOT, Settings, environment_name, listed_settings
from app.errors import Refusal

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))


def settings_table() -> str:
    """The table of running.md, from the settings themselves."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in listed_settings().items():
        default = "" if field.default in (None, (), "") else f"`{field.default}`"
        # A folder of this checkout is told from the checkout's root.
        default = default.replace(f"{PROJECT_ROOT}/", "")
        lines.append(f"| `{environment_name(name)}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def with_settings(page: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = page.partition("<!-- settings -->\n")
    _, _, after = rest.partition("<!-- /settings -->")
    return f"{before}<!-- settings -->\n{settings_table()}<!-- /settings -->{after}"


def test_settings_are_listed_as_they_are() -> None:
    """Every setting with its default and meaning."""
    page = (DOCS / "running.md").read_text()
    assert page == with_settings(page), "run: .venv/bin/python -m tests.docs.test_facts"


def limits() -> list[tuple[str, str]]:
    """(where a limit stands in the code, what limits.md says it is)."""
    row = re.compile(r"^\|[^|]*\| ([\d,]+) \| `([\w.]+)` \|$", re.MULTILINE)
    return [(place, told) for told, place in row.findall((DOCS / "limits.md").read_text())]


def value_at(place: str) -> object:
    """The constant, or the default of a class's field, that a dotted name means."""
    owner, _, name = place.rpartition(".")
    try:
        found: object = getattr(importlib.import_module(owner), name)
    except ModuleNotFoundError:
        module, _, holder = owner.rpartition(".")
        held = getattr(importlib.import_module(module), holder)
        found = held.model_fields[name].default if held is Settings else getattr(held(), name)
    return found


@pytest.mark.parametrize(("place", "told"), limits(), ids=lambda value: value)
def test_limits_are_those_of_the_code(place: str, told: str) -> None:
    """Each number of limits.md."""
    assert value_at(place) == int(told.replace(",", ""))


def test_there_are_limits_to_check() -> None:
    """The pattern of a row finds them all."""
    page = (DOCS / "limits.md").read_text()
    assert len(limits()) == page.count("| `") > 25


def test_every_user_error_is_explained() -> None:
    """All types of the schema, all codes of the domain, and no others."""
    schema = build_schema((ROOT / "tests" / "schema.graphql").read_text())
    interface = schema.type_map["UserError"]
    assert isinstance(interface, GraphQLInterfaceType)
    types = {kind.name for kind in schema.get_possible_types(interface)}
    codes = {kind.code for kind in _below(Refusal)}
    told = re.findall(r"^\| `([A-Z]\w+)` \| `([A-Z_]+)` \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert {kind for kind, _ in told} == types
    assert {code for _, code in told} == codes


def _below(kind: type[Refusal]) -> set[type[Refusal]]:
    """Refusals of the product; kept ones that only repeat another's code have none of their own."""
    return {one for near in kind.__subclasses__() for one in ({near} | _below(near)) if "code" in vars(one)}


# How a code of a request's error is written in the sources.
CODE = re.compile(
    r'(?:ClientError\(\s*|super\(\).__init__\(\s*|^[A-Z_]+: Final = |code = )"([A-Z]+(?:_[A-Z]+)+|[A-Z]{7,})"',
    re.MULTILINE,
)


def test_every_request_error_is_explained() -> None:
    """All codes that stand in the sources; what is told besides can be raised from outside of them."""
    page = (DOCS / "errors.md").read_text()
    sources = "\n".join(
        path.read_text() for folder in ("app", "schema") for path in sorted((ROOT / folder).rglob("*.py"))
    )
    used = set(CODE.findall(sources)) - {Refusal.code}
    assert len(used) > 15
    assert {code for code in used if f"`{code}`" not in page} == set()
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert told <= used


LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the repository."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = [target for target in LINK.findall(text) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_files_that_are_named_are_there() -> None:
    """A path of ours in backquotes is a file or folder of the repository."""
    name = re.compile(r"`((?:app|schema|lockstep|alembic|web|tests|docs|examples|docker)/[\w./-]+)`")
    named = {
        (page.name, path)
        for page in PAGES
        for path in name.findall(page.read_text())
        if not path.endswith("/X") and path != "web/dist"  # built at set-up, never committed
    }
    assert {(page, path) for page, path in named if not (ROOT / path).exists()} == set()


def test_decisions_are_numbered_and_told_alike() -> None:
    """0001 and on without gaps; each page has its status, context, decision and consequences."""
    assert [path.name[:4] for path in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
    for path in ADRS:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Status",
            "Context",
            "Decision",
            "Consequences",
        ]


if __name__ == "__main__":
    running = DOCS / "running.md"
    running.write_text(with_settings(running.read_text()))
