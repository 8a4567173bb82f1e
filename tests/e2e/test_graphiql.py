"""GraphiQL in a real browser, against the service as a person starts it."""

from urllib.parse import urlsplit

import pytest

from tests.e2e.chromium import Browser, PageError
from tests.e2e.demo import Service
from tests.e2e.graphiql import Graphiql

pytestmark = pytest.mark.e2e

# What an example's tab is called, after its operation.
VIEWER, CREATE, UPDATE, EVENTS = "Viewer", "TaskCreate", "TaskUpdate", "Events"


def assert_untroubled(graphiql: Graphiql, service: Service) -> None:
    """No breach of the policy, no error, and nothing asked of any other machine."""
    observed = graphiql.page.observed
    assert observed.violations == []
    assert observed.errors == []
    home = urlsplit(service.address).netloc
    asked = {(urlsplit(address).scheme, urlsplit(address).netloc) for address in observed.addresses}
    assert asked <= {("http", home), ("ws", home), ("data", "")}
    assert observed.workers, "the editors' workers have not started"


async def test_a_mutation_is_seen_live_in_the_same_page(browser: Browser, service: Service) -> None:
    """Signs in, queries, follows the project in the pane Live, and sees there what a tab's mutation did."""
    task = await service.new_task("Before")
    graphiql = await Graphiql.open(browser, service.address)
    await graphiql.sign_in(service.email, service.password)
    assert service.email in await graphiql.signed_in()

    await graphiql.tab(VIEWER)
    await graphiql.run()
    await graphiql.answers(f'"email": "{service.email}"')

    await graphiql.tab(EVENTS)
    await graphiql.write("variables", {"scope": await service.scope()})
    await graphiql.pane("Live")
    await graphiql.button("Follow")
    await graphiql.shows("section[aria-label=Live] output", "following")

    await graphiql.tab(UPDATE)
    await graphiql.write("variables", task.renaming("Seen at once"))
    await graphiql.run()
    await graphiql.answers('"title": "Seen at once"')
    await graphiql.follows('"Seen at once"')

    assert any(address.startswith("ws://") for address in graphiql.page.observed.addresses)
    assert_untroubled(graphiql, service)


async def test_a_subscription_in_a_tab_shows_what_others_do(browser: Browser, service: Service) -> None:
    """The answer's place shows each frame; a stopped subscription shows no more."""
    task = await service.new_task("Before")
    graphiql = await Graphiql.open(browser, service.address)
    await graphiql.sign_in(service.email, service.password)
    await graphiql.signed_in()
    await graphiql.tab(EVENTS)
    await graphiql.write("variables", {"scope": await service.scope()})
    await graphiql.run()
    await graphiql.answers('"position"')

    await service.rename(task, "By somebody else")
    await graphiql.answers('"By somebody else"')
    await graphiql.run()  # now the button that stops it
    assert_untroubled(graphiql, service)


async def test_a_refused_sign_in_says_why_and_signing_out_forgets(browser: Browser, service: Service) -> None:
    """The token is in this tab's session storage while signed in, and nowhere else afterwards."""
    graphiql = await Graphiql.open(browser, service.address)
    await graphiql.sign_in(service.email, "not the password")
    await graphiql.page.until("document.querySelector('.session [role=alert]').innerText.length > 5")
    await graphiql.sign_in(service.email, service.password)
    await graphiql.signed_in()
    kept = "JSON.stringify([{...sessionStorage}, {...localStorage}])"
    token = await graphiql.page.evaluate("JSON.parse(sessionStorage['lockstep.session']).token")
    assert token in await graphiql.page.evaluate(kept)
    await graphiql.button("Sign out")
    await graphiql.page.until("document.querySelector('form[aria-label=\"Sign in\"]')")
    assert token not in await graphiql.page.evaluate(kept)


async def test_every_example_opens_from_its_pane(browser: Browser, service: Service) -> None:
    """The pane lists the examples of `web/examples/`; one opens in a new tab with its variables."""
    graphiql = await Graphiql.open(browser, service.address)
    await graphiql.pane("Examples")
    titles = await graphiql.page.until(
        "[...document.querySelectorAll('.examples button')].map(b => b.innerText)"
    )
    tabs = await graphiql.page.evaluate("document.querySelectorAll('.graphiql-tab').length")
    await graphiql.button(titles[-1])
    await graphiql.page.until(f"document.querySelectorAll('.graphiql-tab').length === {tabs + 1}")
    await graphiql.shows(".graphiql-query-editor", titles[-1])


async def test_policy_holds_and_breaches_are_noticed(browser: Browser, service: Service) -> None:
    """Planted faults: what the page must not do is refused by the browser, and the record shows it."""
    graphiql = await Graphiql.open(browser, service.address)
    page = graphiql.page
    with pytest.raises(PageError):
        await page.evaluate("fetch('http://127.0.0.1:9/elsewhere')")
    with pytest.raises(PageError):
        await page.evaluate(
            "new Promise((_, fail) => { new WebSocket('ws://127.0.0.1:9/').onerror = fail; })"
        )
    await page.evaluate(
        """document.head.append(Object.assign(document.createElement('script'), {text: '1'}))"""
    )
    await page.evaluate(
        """document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))"""
    )
    await page.evaluate("""new Promise(done => {
        new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))).onerror = () => done();
    })""")
    directives = {violation.split(":", 1)[0] for violation in page.observed.violations}
    assert {"connect-src", "script-src-elem", "img-src", "worker-src"} <= directives
