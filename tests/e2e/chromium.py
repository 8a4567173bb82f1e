"""A headless Chromium driven over its own debugging protocol, and a record of everything it asked for.

Every request of a page and of its workers is recorded with its address, every breach of the content-security
policy, every error in the console: what a person at the screen would not notice.
"""

import asyncio
import base64
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PATIENCE_SECONDS = 30
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
# Keys that are not characters: name -> (code, Windows virtual key code).
KEYS = {"a": ("KeyA", 65)}
CONTROL = 2


class PageError(Exception):
    """The page threw, or did not come to the awaited state in time."""


@dataclass
class Observed:
    """What happened in a page and its workers since it was opened."""

    addresses: list[str] = field(default_factory=list)
    """Of every HTTP request and every socket, in order."""
    violations: list[str] = field(default_factory=list)
    """Breaches of the content-security policy, as directive and blocked address."""
    errors: list[str] = field(default_factory=list)
    """Uncaught exceptions and errors logged in the console."""
    workers: list[str] = field(default_factory=list)
    """Addresses of the workers that started."""


class Browser:
    """One connection to one browser process; pages share it, each with its session id."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._observed: dict[str, Observed] = {}
        self._loaded: dict[str, asyncio.Event] = {}
        self._reader = asyncio.create_task(self._read())
        self._number = 0
        self._background: set[asyncio.Task[Any]] = set()

    async def command(
        self, method: str, session: str | None = None, /, **parameters: object
    ) -> dict[str, Any]:
        """Sends one command of the protocol and returns its result; raises PageError if it is refused."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        await self._connection.send(json.dumps(message))
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            result: dict[str, Any] = await answer
            return result

    async def open(self, address: str, *, width: int = 1440, height: int = 900) -> "Page":
        """A new tab with empty storage, recorded from its first request on, when it has loaded."""
        context = (await self.command("Target.createBrowserContext"))["browserContextId"]
        target = await self.command("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session = str(attached["sessionId"])
        observed = self._observed[session] = Observed()
        loaded = self._loaded[session] = asyncio.Event()
        await self._watch(session)
        await self.command("Page.enable", session)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.command("Emulation.setDeviceMetricsOverride", session, **size)
        result = await self.command("Page.navigate", session, url=address)
        if "errorText" in result:
            raise PageError(f"{address}: {result['errorText']}")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await loaded.wait()
        return Page(self, session, observed)

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, *self._background, return_exceptions=True)

    async def _watch(self, session: str) -> None:
        for domain in ("Runtime", "Network", "Log", "Audits"):
            # A worker's session lacks some of them.
            with contextlib.suppress(PageError):
                await self.command(f"{domain}.enable", session)
        # Workers wait until they are watched too, so that none of their requests is missed.
        await self.command(
            "Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )

    async def _watch_worker(self, session: str) -> None:
        with contextlib.suppress(PageError):
            await self._watch(session)
        with contextlib.suppress(PageError):
            await self.command("Runtime.runIfWaitingForDebugger", session)

    async def _read(self) -> None:
        async for text in self._connection:
            message = json.loads(text)
            if "id" in message:
                self._answered(message)
            elif "sessionId" in message:
                self._happened(message["sessionId"], message["method"], message["params"])

    def _answered(self, message: dict[str, Any]) -> None:
        answer = self._answers.pop(message["id"])
        if answer.done():
            return
        if "error" in message:
            answer.set_exception(PageError(str(message["error"])))
        else:
            answer.set_result(message["result"])

    def _happened(self, session: str, event: str, details: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded[session].set()
        observed = self._observed.get(session)
        if observed is None:
            return
        if event == "Target.attachedToTarget":
            self._observed[details["sessionId"]] = observed
            observed.workers.append(details["targetInfo"]["url"])
            task = asyncio.create_task(self._watch_worker(details["sessionId"]))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        else:
            record(observed, event, details)


def record(observed: Observed, event: str, details: dict[str, Any]) -> None:
    """Adds one event of the protocol to what was observed, if it is of interest."""
    match event:
        case "Network.requestWillBeSent":
            observed.addresses.append(details["request"]["url"])
        case "Network.webSocketCreated" | "Network.webTransportCreated":
            observed.addresses.append(details["url"])
        case "Audits.issueAdded" if policy := details["issue"]["details"].get(
            "contentSecurityPolicyIssueDetails"
        ):
            observed.violations.append(f"{policy['violatedDirective']}: {policy.get('blockedURL', 'inline')}")
        case "Runtime.exceptionThrown":
            thrown = details["exceptionDetails"]
            observed.errors.append(thrown.get("exception", {}).get("description") or thrown["text"])
        case "Runtime.consoleAPICalled" if details["type"] == "error":
            parts = [part.get("value", part.get("description", "")) for part in details["args"]]
            observed.errors.append(" ".join(map(str, parts)))
        case "Log.entryAdded" if details["entry"]["level"] == "error":
            observed.errors.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")


class Page:
    """One tab: looks at it and acts on it as a person does, with mouse and keyboard."""

    def __init__(self, browser: Browser, session: str, observed: Observed) -> None:
        self._browser = browser
        self._session = session
        self.observed = observed

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is awaited."""
        answer = await self._browser.command(
            "Runtime.evaluate", self._session, expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise PageError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Waits until the expression is truthy and returns its value; looked at with every painted frame."""
        wait = f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {PATIENCE_SECONDS * 1000};
            const look = () => {{
                let value;
                try {{ value = {expression}; }} catch {{ value = null; }}
                if (value) resolve(value instanceof Node || value);
                else if (performance.now() > end) reject(new Error('not in time'));
                else requestAnimationFrame(look);
            }};
            look();
        }})"""
        try:
            return await self.evaluate(wait)
        except PageError as error:
            shown = await self.evaluate("document.body.innerText")
            raise PageError(f"{expression}: {error}\nThe page shows:\n{shown}") from error

    async def click(self, element: str) -> None:
        """Clicks the middle of the element that the JavaScript expression gives, once it is there."""
        place = await self.until(f"""(() => {{
            const element = {element};
            element.scrollIntoView({{ block: 'nearest' }});
            const box = element.getBoundingClientRect();
            return box.width && {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }};
        }})()""")
        for event in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if event == "mouseMoved" else {"button": "left", "clickCount": 1}
            await self._browser.command(
                "Input.dispatchMouseEvent", self._session, type=event, **place, **button
            )

    async def press(self, key: str, *, control: bool = False) -> None:
        """Presses one key of KEYS."""
        code, number = KEYS[key]
        common = {
            "key": key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "modifiers": CONTROL if control else 0,
        }
        for event in ("rawKeyDown", "keyUp"):
            await self._browser.command("Input.dispatchKeyEvent", self._session, type=event, **common)

    async def type(self, text: str) -> None:
        """Types the text where the focus is."""
        await self._browser.command("Input.insertText", self._session, text=text)

    async def paste(self, text: str) -> None:
        """Pastes the text where the focus is, as the clipboard would."""
        await self.evaluate(f"""(() => {{
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', {json.dumps(text)});
            const event = new ClipboardEvent('paste', {{ clipboardData, bubbles: true, cancelable: true }});
            document.activeElement.dispatchEvent(event);
        }})()""")

    async def picture(self) -> bytes:
        """What is visible, as PNG."""
        shot = await self._browser.command("Page.captureScreenshot", self._session, format="png")
        return base64.b64decode(shot["data"])


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with an empty profile; ended, with all its processes' files, when the block is left."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise FileNotFoundError("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *FLAGS, f"--user-data-dir={profile}", "about:blank", stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        drain: asyncio.Task[bytes] | None = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                address = await _debugger(process.stderr)
            drain = asyncio.create_task(process.stderr.read())  # a full pipe would stop the browser
            async with connect(address, max_size=None, proxy=None) as connection:
                browser = Browser(connection)
                try:
                    yield browser
                finally:
                    await browser.close()
        finally:
            await _end(process)
            if drain is not None:
                await drain


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _debugger(output: asyncio.StreamReader) -> str:
    said: list[str] = []
    async for line in output:
        said.append(line.decode(errors="replace").rstrip())
        if said[-1].startswith("DevTools listening on "):
            return said[-1].removeprefix("DevTools listening on ")
    raise PageError("chromium did not start:\n" + "\n".join(said))
