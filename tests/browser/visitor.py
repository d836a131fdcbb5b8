"""A user in a browser: common steps, and the errors that the browser reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Route, WebError, expect
from playwright.sync_api import Error as BrowserError

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Value
from tests.support.product import PASSWORD

#: Logs each violation of the Content Security Policy.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`The policy forbids ${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`));
"""


#: The timeout of every step in milliseconds, long enough for a busy machine.
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


class Visitor:
    """A user in a browser context with its own cookies and tabs.

    Attributes:
        context: The browser's profile: cookies, tabs, network.
        page: The first tab.
        complaints: Console messages, failed requests and uncaught errors.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.complaints: list[str] = []
        self._expected: list[str] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("requestfailed", self._miss)
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()

    def expects(self, *complaints: str | int) -> None:
        """Expect these complaints: a response's status, or a pattern."""
        for complaint in complaints:
            status = f"Failed to load resource: the server responded with a status of {complaint} "
            self._expected.append(re.escape(status) if isinstance(complaint, int) else complaint)

    def open(self, path: str) -> Page:
        """Open a path of the product in the first tab."""
        self.page.goto(urljoin(self.url, path))
        return self.page

    def new_tab(self, path: str) -> Page:
        """Open a path of the product in a new tab."""
        tab = self.context.new_page()
        tab.goto(urljoin(self.url, path))
        return tab

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text}")

    def _catch(self, error: WebError) -> None:
        self._complain(f"uncaught: {error.error}")

    def _miss(self, request: Request) -> None:
        # The browser aborts requests when it goes to another page.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"failed: {request.method} {request.url}: {request.failure}")

    def _complain(self, complaint: str) -> None:
        if not any(re.search(pattern, complaint) for pattern in self._expected):
            self.complaints.append(complaint)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill and submit the sign-in form."""
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def common(page: Page, name: str) -> Locator:
    """Return an input of the common fields, by name."""
    return page.locator(f'#form [name="{name}"]')


def config(page: Page, name: str) -> Locator:
    """Return an input of the kind's fields, by name."""
    return common(page, f"config-{name}")


def entries(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the name and example of every input of a kind."""
    for name, value in kind.examples().items():
        yield from cells(name, value)


def cells(name: str, value: Value) -> Iterator[tuple[str, str]]:
    """Yield the inputs of one field: one, or one for each cell of its rows."""
    if isinstance(value, Secret):
        yield name, value.reveal()
    elif isinstance(value, str):
        yield name, value
    else:
        for number, row in enumerate(value):
            for column, text in row.items():
                yield f"{name}-{number}-{column}", text


def fill_config(page: Page, kind: Kind, **instead: str) -> None:
    """Fill every field of the kind with its example or a replacement."""
    for name, text in (dict(entries(kind)) | instead).items():
        field = config(page, name)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)


def fill_common(page: Page, name: str, *, on: bool = True, reason: str = "") -> None:
    """Fill the common fields, except the environment."""
    common(page, "name").fill(name)
    page.locator(f'[name="on"][value="{str(on).lower()}"]').check()
    common(page, "reason").fill(reason)


def unfold_choice(page: Page) -> None:
    """Show project and environment, which are folded once both are known."""
    folded = page.locator(".head__change:not([open]) > summary")
    if folded.count():
        folded.click()


def choose_environment(page: Page, project: str, environment: str) -> None:
    """Type the project's key and choose one of its environments once they have loaded."""
    unfold_choice(page)
    common(page, "project").fill(project)
    with swapped(page):
        common(page, "project").press("Tab")
    common(page, "environment").select_option(environment)


def press_create(page: Page) -> None:
    """Press the button that sends the form."""
    page.locator("#create").click()


@contextmanager
def swapped(page: Page) -> Iterator[None]:
    """Wait until htmx has put its next response into the page."""
    page.wait_for_load_state()
    page.evaluate("""() => {
        const mark = document.documentElement.dataset;
        mark.swapped = "no";
        document.addEventListener("htmx:afterSettle", () => (mark.swapped = "yes"), { once: true });
    }""")
    yield
    expect(page.locator("html")).to_have_attribute("data-swapped", "yes")


def hold(page: Page, pattern: str | re.Pattern[str]) -> list[Route]:
    """Hold requests for a URL; return the list of held ones."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))
    return held


def first_held(page: Page, held: list[Route]) -> Route:
    """Return the first request that a route handler holds, once it has arrived there."""
    for _ in range(PATIENCE // 50):
        if held:
            return held[0]
        page.wait_for_timeout(50)
    raise AssertionError("No request was held.")


def next_poll(page: Page) -> None:
    """Make a page with a fake clock poll now, as after five seconds."""
    page.clock.run_for(5_000)


def poll_until(locator: Locator) -> None:
    """Make a page with a fake clock poll until an element is visible."""
    for _ in range(20):
        next_poll(locator.page)
        with suppress(BrowserError):
            locator.wait_for(timeout=500)
            return
    expect(locator).to_be_visible()


def expect_created(page: Page, name: str) -> None:
    """Expect the page of a successful record."""
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("LaunchDarkly created the destination")).to_be_visible()


def expect_record(page: Page) -> None:
    """Expect the URL of a record."""
    expect(page).to_have_url(re.compile(r"/history/[0-9a-f-]{36}/(\?.*)?$"))
