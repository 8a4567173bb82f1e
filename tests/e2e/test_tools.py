"""The tools that front-end teams point at the schema: compilers of typed operations, lint, and a judge of changes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.npm import CLIENTS, Packages, install

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "tests" / "schema.graphql"
BUILD = CLIENTS / "build"


@pytest_asyncio.fixture(scope="session")
async def packages() -> Packages:
    """The tools, installed."""
    BUILD.mkdir(exist_ok=True)
    return await install()


async def test_typed_operations(packages: Packages) -> None:
    """relay-compiler and graphql-codegen take the schema and every example, and what they make type-checks."""
    told = {"SERVICE_ADDRESS": "-", "SERVICE_EMAIL": "-", "SERVICE_PASSWORD": "-"}
    for step in (
        packages.run("tools.js", "typescript", **told),
        packages.run("node_modules/relay-compiler/cli.js", "relay.typescript.json"),
        packages.tool("graphql-codegen", "--config", "codegen.js"),
        packages.tool("tsc", "-p", "."),
    ):
        status, output = await step
        assert status == 0, output
    made = {path.name for path in (BUILD / "relay" / "typescript" / "__generated__").iterdir()}
    assert len(made) >= len(list((ROOT / "web" / "examples").glob("*.graphql")))


async def test_lint(packages: Packages) -> None:
    """@graphql-eslint has nothing to say, beyond what `eslint.config.js` eases; a planted fault is found."""
    linted = BUILD / "schema.graphql"
    shutil.copyfile(SCHEMA, linted)
    status, output = await packages.tool("eslint", "build/schema.graphql")
    assert status == 0, output
    linted.write_text(SCHEMA.read_text().replace("pageInfo: PageInfo!", "pageInfo: Position!", 1))
    status, output = await packages.tool("eslint", "build/schema.graphql")
    assert status == 1
    assert "relay-connection-types" in output


def git(*words: str) -> str | None:
    """What git says; None if it does not know."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def earlier_schema() -> str | None:
    """The snapshot that clients have: where this branch left the main one, or before the last commit.

    LOCKSTEP_TEST_BASE names another commit. None where git has no history (a copy without it, a clone of one commit).
    """
    if base := os.environ.get("LOCKSTEP_TEST_BASE"):
        return git("show", f"{base}:tests/schema.graphql")
    head = git("rev-parse", "HEAD")
    for base in (git("merge-base", "HEAD", "origin/HEAD"), git("merge-base", "HEAD", "origin/main")):
        if base is not None and base != head:
            return git("show", f"{base.strip()}:tests/schema.graphql")
    if git("show", "HEAD:tests/schema.graphql") != SCHEMA.read_text():
        return git("show", "HEAD:tests/schema.graphql")
    return git("show", "HEAD~1:tests/schema.graphql")


async def breaks(packages: Packages, before: Path, after: Path) -> set[str]:
    """What graphql-inspector calls breaking, change by change."""
    status, output = await packages.tool("graphql-inspector", "diff", str(before), str(after))
    # Colours aside: a cross stands before each change that breaks.
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    found = {match.strip() for match in re.findall(r"^(?:\[log\])?\s*[✖×]\s+(.+)$", plain, re.MULTILINE)}
    assert status == bool(found), output
    return found


def accepted() -> set[str]:
    """Breaks that are meant, as graphql-inspector words them."""
    lines = (ROOT / "tests" / "accepted-breaks.txt").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


async def test_no_breaking_change_that_is_not_meant(packages: Packages) -> None:
    """Each must be named in `tests/accepted-breaks.txt`; whoever names it thinks of the clients there are."""
    earlier = earlier_schema()
    if earlier is None:
        pytest.skip("git has no earlier schema here: there is nothing to compare with")
    before = BUILD / "before.graphql"
    before.write_text(earlier)
    assert await breaks(packages, before, SCHEMA) - accepted() == set()


async def test_a_breaking_change_is_found(packages: Packages) -> None:
    """A planted one."""
    broken = BUILD / "broken.graphql"
    broken.write_text(SCHEMA.read_text().replace("  totalCount: Int!", "  total: Int!"))
    found = await breaks(packages, SCHEMA, broken)
    assert any("totalCount" in change for change in found), found
