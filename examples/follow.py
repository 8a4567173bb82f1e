#!/usr/bin/env python3
"""Follows a project live and prints what happens in it: a whole client of `events` in one page.

    TOKEN=$(.venv/bin/lockstep token --email owner@demo.example) .venv/bin/python examples/follow.py DEMO

Loads the project's position, subscribes after it, and when the connection is lost goes on after the last
frame: nothing is missed and nothing comes twice. Ends with Ctrl-C, or when the server ends the stream.
"""

import asyncio
import contextlib
import json
import os
import sys
import urllib.request
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

SERVICE = os.environ.get("SERVICE", "http://127.0.0.1:8000")
TOKEN = os.environ["TOKEN"]

POSITION = "query ($key: String!) { project(key: $key) { scope position { seq cursor } } }"
EVENTS = """
subscription ($scope: ID!, $after: String) {
  events(scope: $scope, after: $after) {
    kind
    reason
    position { seq cursor }
    events {
      seq
      kind
      actor { name }
      changes { ... on ValueChange { field old new } ... on TextChange { field edits { removed inserted } } }
    }
  }
}
"""


def load(key: str) -> tuple[str, str]:
    """The scope of a project, and the cursor of where its log stands now."""
    body = json.dumps({"query": POSITION, "variables": {"key": key}}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{SERVICE}/graphql", body, headers)  # noqa: S310 (our own address)
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        project = json.load(answer)["data"]["project"]
    if project is None:
        raise SystemExit(f"There is no project {key} for you.")
    print(f"following {key} after event {project['position']['seq']}", flush=True)
    return project["scope"], project["position"]["cursor"]


async def follow(key: str) -> None:
    """Prints events until the server says that the stream has ended."""
    scope, cursor = load(key)
    while True:
        try:
            address = f"{SERVICE.replace('http', 'ws', 1)}/graphql"
            async with connect(
                address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None
            ) as socket:
                init = {"type": "connection_init", "payload": {"authorization": f"Bearer {TOKEN}"}}
                await socket.send(json.dumps(init))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "connection_ack":
                        variables = {"scope": scope, "after": cursor}
                        payload = {"query": EVENTS, "variables": variables}
                        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                    elif message["type"] == "ping":
                        await socket.send('{"type":"pong"}')
                    elif message["type"] == "error":
                        raise SystemExit(message["payload"][0]["message"])
                    elif message["type"] == "next":
                        frame = message["payload"]["data"]["events"]
                        show(frame)
                        if frame["kind"] == "RESYNC":
                            scope, cursor = load(key)  # a client with a copy of the board reloads it here
                            break
                        if frame["kind"] == "ENDED":
                            return
                        cursor = frame["position"]["cursor"]
        except (OSError, WebSocketException):
            await asyncio.sleep(0.5)


def show(frame: dict[str, Any]) -> None:
    """One line for each event; heartbeats say nothing."""
    for event in frame["events"]:
        who = (event["actor"] or {"name": "the service"})["name"]
        changes = "; ".join(json.dumps(change, ensure_ascii=False) for change in event["changes"])
        print(f"{event['seq']} {event['kind']} by {who} {changes}".rstrip(), flush=True)
    if frame["reason"]:
        print(f"{frame['kind']}: {frame['reason']}", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow(sys.argv[1] if len(sys.argv) > 1 else "DEMO"))
