"""GraphiQL, served from our own origin: no request leaves the machine.

The page and its assets are built from `web/` at set-up (`python web/build.py`) and never committed. They are
looked for in the folder of the setting `web_dir` and then in `schema/graphiql_assets`, which is where a wheel
contains them. Without them the service runs all the same, and the page says how to build them.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.config import Settings

ASSETS_PATH = "/graphiql/assets"

_PACKAGED = Path(__file__).with_name("graphiql_assets")
_ASSET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_QUALITY = re.compile(r"[01](\.\d{0,3})?")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
# Not from the machine's table of types, which differs between machines.
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
# Best first. `web/vite.config.ts` writes these beside what is worth compressing.
_ENCODINGS = {"br": ".br", "gzip": ".gz"}

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

_MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lockstep: GraphiQL is not built yet</title>
<h1>GraphiQL is not built yet</h1>
<p>The API at this address works; only this page for browsers is missing. On the machine that runs Lockstep,
in its folder, run</p>
<pre>make web</pre>
<p>and reload this page: no restart is needed. It fetches npm packages, so a registry must be within reach;
if it fails, it prints why. Where the page is built elsewhere, the setting <code>LOCKSTEP_WEB_DIR</code> names
its folder (the one that holds <code>index.html</code>).</p>
</html>
"""


class Configured(Protocol):
    """What the page needs of the application."""

    @property
    def settings(self) -> Settings: ...


def graphiql_page(application: Configured, connection: HTTPConnection | None = None) -> Response:
    """The page that a browser gets at the GraphQL address; 503 with instructions while it is not built.

    With the connection, the content-security policy also names the socket's address of the same host, for
    browsers in which `'self'` does not cover `ws:`.
    """
    folder = _built_folder(application.settings)
    headers = {
        **_SAFE,
        "Cache-Control": "no-cache",
        "Vary": "Accept",
        "Content-Security-Policy": content_security_policy(connection),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "X-Frame-Options": "DENY",
    }
    if folder is None:
        return HTMLResponse(_MISSING, 503, headers)
    return HTMLResponse((folder / "index.html").read_bytes(), 200, headers)


def graphiql_routes(settings: Settings) -> list[Route]:
    """Routes of the page's scripts, styles and fonts; none when GraphiQL is switched off."""

    async def asset(request: Request) -> Response:
        return _asset(settings, request.path_params["name"], request.headers.get("Accept-Encoding", ""))

    return [Route(ASSETS_PATH + "/{name}", asset, methods=["GET"])] if settings.graphiql else []


def content_security_policy(connection: HTTPConnection | None = None) -> str:
    """Everything is forbidden but our own files and our own address.

    Inline styles are the one concession: Monaco, GraphiQL's editor, writes the rules of its theme, of its
    decorations and of each editor's font into `<style>` elements while it runs, and has no place for a nonce.
    Scripts and workers are files of this origin only: no inline script, no `eval`, no `blob:`.
    """
    host = connection.headers.get("Host", "") if connection else ""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            f"connect-src 'self'{sockets}",
            "img-src 'self' data:",
            "font-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _built_folder(settings: Settings) -> Path | None:
    # Looked up each time: the page may be built while the service runs.
    return next(
        (folder for folder in (settings.web_dir, _PACKAGED) if (folder / "index.html").is_file()), None
    )


def _asset(settings: Settings, name: str, accepted: str) -> Response:
    folder = _built_folder(settings)
    media_type = _MEDIA_TYPES.get(Path(name).suffix)
    if not folder or not media_type or not _ASSET_NAME.fullmatch(name):
        return _not_found()
    path = folder / "assets" / name
    if not path.is_file():
        return _not_found()
    headers = {
        **_SAFE,
        # The name holds a hash of the content.
        "Cache-Control": "public, max-age=31536000, immutable",
        # A worker lives under the policy of its own file, not of the page.
        "Content-Security-Policy": "default-src 'none'",
    }
    encodings = {
        encoding: path.with_name(path.name + suffix)
        for encoding, suffix in _ENCODINGS.items()
        if path.with_name(path.name + suffix).is_file()
    }
    if encodings:
        headers["Vary"] = "Accept-Encoding"
    encoding = best_encoding(accepted, encodings)
    if encoding:
        headers["Content-Encoding"] = encoding
        path = encodings[encoding]
    return FileResponse(path, headers=headers, media_type=media_type)


def _not_found() -> Response:
    return PlainTextResponse("Not found", 404, {**_SAFE, "Cache-Control": "no-store"})


def best_encoding(accepted: str, available: Iterable[str]) -> str | None:
    """The encoding that an `Accept-Encoding` header likes best; of equals, the first of those available.

    None stands for no encoding: for an empty header, and where every weight is 0 or malformed.
    """
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        encoding, *parameters = (part.strip() for part in item.split(";"))
        weights[encoding] = _weight(parameters)
    offered = [(weights.get(encoding, weights.get("*", 0.0)), encoding) for encoding in available]
    best = max(offered, key=lambda offer: offer[0], default=(0.0, None))
    return best[1] if best[0] > 0 else None


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            return float(parameter[2:]) if _QUALITY.fullmatch(parameter[2:]) else 0.0
    return 1.0
