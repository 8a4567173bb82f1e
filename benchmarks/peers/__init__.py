"""The others: what each is and how it is started. The configuration of each is in its folder here."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.installing import install_npm, install_pip, node

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Peer:
    """One of the others. `folder` is beside this file; `ready` is what answers once it is up."""

    name: str
    folder: str
    ready: str = "/ready"
    environment: dict[str, str] = field(default_factory=dict)


PRODUCTION = {"NODE_ENV": "production"}
MERCURIUS = Peer("Mercurius, JIT and loaders", "mercurius", environment=PRODUCTION)
MERCURIUS_DATALOADER = Peer(
    "Mercurius, JIT and DataLoader", "mercurius", environment=PRODUCTION | {"LOADERS": "dataloader"}
)
YOGA = Peer("GraphQL Yoga", "yoga", "/health", PRODUCTION)
POSTGRAPHILE = Peer("PostGraphile", "postgraphile", environment=PRODUCTION | {"GRAPHILE_ENV": "production"})
GRAPHQL_WS = Peer("graphql-ws", "graphql_ws", environment=PRODUCTION)
STRAWBERRY = Peer("stock Strawberry", "strawberry_orm")
ARIADNE = Peer("Ariadne", "ariadne_orm")
JSON_AGG = Peer("json_agg", "json_agg")
HELLO = Peer("hello world", "hello")


def versions() -> dict[str, str]:
    """Of what the peers are made of, as their lock files hold them."""
    found: dict[str, str] = {}
    for file in sorted(HERE.glob("*/package.json")):
        found |= json.loads(file.read_text())["dependencies"]
    for line in (HERE / "packages.txt").read_text().splitlines():
        name, equal, version = line.rstrip(" \\").partition("==")
        if equal:
            found[name] = version
    return found


def command(peer: Peer) -> tuple[list[str], dict[str, str]]:
    """What starts it and with which environment; its packages are installed first if need be."""
    folder = HERE / peer.folder
    if (folder / "package.json").exists():
        install_npm(folder)
        return [node().node, str(folder / "server.js")], peer.environment
    packages = str(install_pip(HERE / "packages.txt", "peers"))
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH", "")]))
    module = f"benchmarks.peers.{peer.folder}.server"
    return [sys.executable, "-m", module], peer.environment | {"PYTHONPATH": path}
