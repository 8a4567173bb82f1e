"""The tools that front-end teams point at the schema: compilers of typed operations, lint, and a judge of changes."""

import os
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


def committed_schema(commit: str) -> subprocess.CompletedProcess[str]:
    """What git shows of the snapshot in a commit."""
    command = ["git", "show", f"{commit}:tests/schema.graphql"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


async def test_no_breaking_change(packages: Packages) -> None:
    """Against the last committed schema, or that of the commit named by LOCKSTEP_TEST_BASE; a planted one is found."""
    shown = committed_schema(os.environ.get("LOCKSTEP_TEST_BASE", "HEAD"))
    if shown.returncode != 0:
        pytest.skip("not a git checkout: there is nothing to compare with")
    before = BUILD / "before.graphql"
    before.write_text(shown.stdout)
    status, output = await packages.tool(
        "graphql-inspector", "diff", "build/before.graphql", "../schema.graphql"
    )
    assert status == 0, output
    broken = BUILD / "broken.graphql"
    broken.write_text(SCHEMA.read_text().replace("  totalCount: Int!", "  total: Int!"))
    status, output = await packages.tool(
        "graphql-inspector", "diff", "../schema.graphql", "build/broken.graphql"
    )
    assert status == 1
    assert "totalCount" in output
