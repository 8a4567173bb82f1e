"""GraphiQL as a person uses it: signs in, picks a tab, types variables, runs, reads the answer."""

import json
from typing import Any

from tests.e2e.chromium import Browser, Page

EDITORS = {"query": ".graphiql-query-editor", "variables": ".graphiql-editor-tool"}


class Graphiql:
    """One tab of the browser at the service's /graphql."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def open(cls, browser: Browser, service: str, width: int = 1440, height: int = 900) -> "Graphiql":
        """Opens the page at the service's address and waits until its editors and the schema are there."""
        page = await browser.open(f"{service}/graphql", width=width, height=height)
        await page.until("document.querySelector('.graphiql-query-editor .view-line')")
        await page.until("!document.querySelector('.graphiql-spinner')")
        return cls(page)

    async def sign_in(self, email: str, password: str) -> None:
        """Fills the form and sends it; the caller waits for what the page then says."""
        for name, value in (("email", email), ("password", password)):
            await self.page.click(f"document.querySelector('input[name={name}]')")
            await self.page.press("a", control=True)
            await self.page.type(value)
        await self.button("Sign in")

    async def signed_in(self) -> str:
        """Waits until the page says who is signed in."""
        return str(await self.page.until("document.querySelector('.signed-in')?.innerText"))

    async def tab(self, operation: str) -> None:
        """Goes to the tab of that name."""
        await self.page.click(
            "[...document.querySelectorAll('.graphiql-tab-button')]"
            f".find(tab => tab.innerText.trim() === {json.dumps(operation)})"
        )
        await self.shows(".graphiql-query-editor", operation)

    async def pane(self, title: str) -> None:
        """Opens or closes a pane by its button at the left."""
        await self.page.click(
            "[...document.querySelectorAll('.graphiql-sidebar button')]"
            f".find(button => button.getAttribute('aria-label')?.includes({json.dumps(title)}))"
        )

    async def button(self, label: str) -> None:
        """Presses the button with that text."""
        await self.page.click(
            "[...document.querySelectorAll('button')]"
            f".find(button => button.innerText.trim() === {json.dumps(label)})"
        )

    async def write(self, editor: str, content: str | dict[str, Any]) -> None:
        """Replaces what one of EDITORS holds: selects all, then pastes (typed brackets close themselves)."""
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        lines = f"document.querySelector('{EDITORS[editor]} .view-lines')"
        await self.page.click(lines)
        await self.page.press("a", control=True)
        await self.page.paste(text)
        # It is pasted a moment later; the end of the text is what one sees then.
        end = json.dumps("".join(text.split())[-40:])
        await self.page.until(f"{lines}.innerText.replaceAll(/[\\s\\u00a0]/g, '').endsWith({end})")

    async def run(self) -> None:
        """Presses the run button."""
        await self.page.click("document.querySelector('.graphiql-execute-button')")

    async def answers(self, *parts: str) -> None:
        """Waits until the answer shows all these parts, each on one line as JSON is printed."""
        await self.shows(".result-window", *parts)

    async def follows(self, *parts: str) -> None:
        """Waits until the newest frame of the pane Live shows all these parts."""
        await self.shows(".frames li", *parts)

    async def shows(self, place: str, *parts: str) -> None:
        """Waits until the first element of that CSS selector shows all these parts."""
        # Monaco prints no-break spaces.
        text = f"document.querySelector({json.dumps(place)}).innerText.replaceAll('\\u00a0', ' ')"
        await self.page.until(f"{json.dumps(parts)}.every(part => {text}.includes(part))")
