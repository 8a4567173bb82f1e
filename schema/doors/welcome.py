"""What stands at the root: a word on where to go, for people and for programs."""

from __future__ import annotations

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from schema.doors.negotiation import wants_page

PLACES = {
    "graphql": ("/graphql", "the API, over HTTP and WebSocket; for browsers, GraphiQL"),
    "ready": ("/health/ready", "whether it can serve"),
}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lockstep</title>
<h1>Lockstep</h1>
<p>A project-management back end, spoken to in GraphQL.</p>
<ul>
{places}
</ul>
</html>
"""


async def welcome(request: Request) -> Response:
    """A page for browsers, JSON for all others."""
    headers = {"Vary": "Accept"}
    if wants_page(request.headers.get("accept")):
        places = "\n".join(
            f'<li><a href="{path}">{path}</a>: {html.escape(what)}</li>' for path, what in PLACES.values()
        )
        return HTMLResponse(_PAGE.replace("{places}", places), headers=headers)
    return JSONResponse(
        {"service": "Lockstep", **{name: path for name, (path, _) in PLACES.items()}}, headers=headers
    )
