"""A real Chromium, and pages that are signed in. Where there is no Chromium, these tests say so and are skipped."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.api import Api
from tests.support.running_stack import Stack, running_stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that holds what these tests make, and nothing that other tests made."""
    with running_stack(tmp_path_factory.mktemp("stack"), {}) as running:
        yield running


@pytest.fixture(scope="package")
def api(stack: Stack) -> Iterator[Api]:
    """A client of that stack."""
    client = Api(stack.url, stack.key)
    yield client
    client.client.close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium (`apt-get install chromium`), without a window."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed (`apt-get install chromium`)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without its sandbox, which root in a container does not get; it opens our own pages alone.
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])


@pytest.fixture
def page(browser: "Browser", stack: Stack) -> "Iterator[Page]":
    """A page that is signed in with the stack's key, and on which nothing may go wrong."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    sign_in(page, stack.key)
    yield page
    context.close()
    assert faults == []


def sign_in(page: "Page", key: str) -> None:
    """Signs in with a key, as a person does."""
    page.goto("/sign-in")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
