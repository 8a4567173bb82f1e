#!/usr/bin/env python3
"""Takes the README's picture: GraphiQL on the running demo, with a mutation and its live event side by side.

    make dev                                      in one terminal
    .venv/bin/python web/picture.py               in another; writes docs/graphiql.png

Needs Debian's `chromium`. The password is the one of the demo in `.lockstep/`, unless given.
"""

import argparse
import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.e2e.chromium import chromium  # noqa: E402
from tests.e2e.demo import OWNER, Service  # noqa: E402
from tests.e2e.graphiql import Graphiql  # noqa: E402


async def take(service: Service, title: str) -> bytes:
    """Follows the demo project live, renames a task, and returns what one then sees, as PNG."""
    task = await service.new_task("Plan the launch")
    async with chromium() as browser:
        graphiql = await Graphiql.open(browser, service.address, width=1500, height=860)
        await graphiql.sign_in(service.email, service.password)
        await graphiql.signed_in()
        await graphiql.tab("Events")
        await graphiql.write("variables", {"scope": await service.scope()})
        await graphiql.pane("Live")
        await graphiql.button("Follow")
        await graphiql.shows("section[aria-label=Live] output", "following")
        await graphiql.tab("TaskUpdate")
        await graphiql.write("variables", task.renaming(title))
        await graphiql.run()
        await graphiql.answers(title)
        await graphiql.follows(title)
        return await graphiql.page.picture()


def main() -> None:
    parser = argparse.ArgumentParser(description="Takes the README's picture of GraphiQL.")
    parser.add_argument("--service", default="http://127.0.0.1:8000")
    parser.add_argument("--email", default=OWNER)
    parser.add_argument("--password")
    parser.add_argument("--title", default="Everyone sees this at once", help="what the task is renamed to")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "graphiql.png")
    given = parser.parse_args()
    password = given.password or (ROOT / ".lockstep" / "demo-password").read_text().strip()
    given.output.write_bytes(asyncio.run(take(Service(given.service, given.email, password), given.title)))
    print(given.output)


if __name__ == "__main__":
    main()
