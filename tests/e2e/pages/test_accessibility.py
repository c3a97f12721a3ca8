"""axe-core finds nothing serious on any page, light or dark."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.api import Api, create_unified
from tests.e2e.pages.conftest import sign_in
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, upload_body

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SERIOUS = ("serious", "critical")
COLLECTION = "accessible"


@pytest.fixture(scope="module")
def document(api: Api) -> str:
    """A collection with something to review and something labelled; the id of a document of it."""
    create_unified(api, COLLECTION)
    for number, photo in enumerate([*photos("fish")[:5], *photos("windmill")[:3]]):
        body = upload_body(data_uri(photo.read_bytes()))
        body["metadata"] = {LABEL: "fish"} if number == 0 else {}
        object_id = api.post(f"/buckets/bkt_{COLLECTION}/objects", body)["object_id"]
        api.processed(f"bkt_{COLLECTION}", object_id)
    return str(api.document_of(COLLECTION, object_id)["document_id"])


def faults(page: "Page") -> list[str]:
    """What axe-core finds and calls serious, with the elements that it is about."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in SERIOUS]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}" for each in serious]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found(browser: "Browser", stack: Stack, document: str, scheme: Any) -> None:
    context = browser.new_context(base_url=stack.url, color_scheme=scheme)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("API key").wait_for()
    assert faults(page) == []
    sign_in(page, stack.key)
    page.get_by_role("article", name=COLLECTION).get_by_text("8 documents").wait_for()
    assert faults(page) == []
    for path in (f"/review/{COLLECTION}", f"/labels/{COLLECTION}"):
        page.goto(path)
        page.get_by_role("option").first.wait_for()
        assert faults(page) == []
        page.keyboard.press("ArrowRight")
        page.keyboard.press("/")
        assert faults(page) == []
    page.goto(f"/document/{COLLECTION}/{document}")
    page.get_by_role("heading", level=1).wait_for()
    assert faults(page) == []
    context.close()
