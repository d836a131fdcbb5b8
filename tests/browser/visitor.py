"""A person at a browser: what they do again and again, and what the browser complains about meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, WebError, expect
from playwright.sync_api import Error as BrowserError

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Value
from tests.support.product import PASSWORD

#: The browser fires this where something would have been loaded or run that the policy forbids.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`The policy forbids ${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`));
"""


#: How long to wait for what should come at once, in milliseconds: a busy machine is no failure.
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


class Visitor:
    """Someone at a browser of their own, with its cookies and its tabs.

    Attributes:
        context: The browser's profile: cookies, tabs, network.
        page: The first tab.
        complaints: What the browser's console said, which requests failed, which errors nobody caught.
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
        """Let the browser complain of these: a status it is answered with, or a pattern of words."""
        for complaint in complaints:
            status = f"Failed to load resource: the server responded with a status of {complaint} "
            self._expected.append(re.escape(status) if isinstance(complaint, int) else complaint)

    def open(self, path: str) -> Page:
        """Go to an address of the product in the first tab."""
        self.page.goto(urljoin(self.url, path))
        return self.page

    def new_tab(self, path: str) -> Page:
        """Open an address of the product in another tab."""
        tab = self.context.new_page()
        tab.goto(urljoin(self.url, path))
        return tab

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text}")

    def _catch(self, error: WebError) -> None:
        self._complain(f"uncaught: {error.error}")

    def _miss(self, request: Request) -> None:
        # What the browser itself gives up, because it goes to another page, is nothing to complain of.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"failed: {request.method} {request.url}: {request.failure}")

    def _complain(self, complaint: str) -> None:
        if not any(re.search(pattern, complaint) for pattern in self._expected):
            self.complaints.append(complaint)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill the sign-in form, wherever it was asked for."""
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def common(page: Page, name: str) -> Locator:
    """Return an input that every kind has, by its name in the form."""
    return page.locator(f'#form [name="{name}"]')


def config(page: Page, name: str) -> Locator:
    """Return an input of the kind's own fields by its name in the form."""
    return common(page, f"config-{name}")


def entries(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the name of every input of a kind, and what its example fills in."""
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
    """Fill every field of the kind with its example, or with what is given instead."""
    for name, text in (dict(entries(kind)) | instead).items():
        field = config(page, name)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)


def fill_common(page: Page, name: str, *, on: bool = True, reason: str = "") -> None:
    """Fill what every kind has, all but the place."""
    common(page, "name").fill(name)
    page.locator(f'[name="on"][value="{str(on).lower()}"]').check()
    common(page, "reason").fill(reason)


def choose_place(page: Page, project: str, environment: str) -> None:
    """Type the project's key and choose one of its environments once they are there."""
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


def next_poll(page: Page) -> None:
    """Let a page whose clock is installed poll now, as if five seconds had passed."""
    page.clock.run_for(5_000)


def poll_until(locator: Locator) -> None:
    """Let a page whose clock is installed poll until something is visible on it."""
    for _ in range(20):
        next_poll(locator.page)
        with suppress(BrowserError):
            locator.wait_for(timeout=500)
            return
    expect(locator).to_be_visible()


def expect_created(page: Page, name: str) -> None:
    """Expect the page of a record that says the destination was created."""
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("LaunchDarkly created the destination")).to_be_visible()


def expect_record(page: Page) -> None:
    """Expect to be at a record's address."""
    expect(page).to_have_url(re.compile(r"/history/[0-9a-f-]{36}/$"))
