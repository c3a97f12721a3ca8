"""Collections, labels and documents in a real browser: files in, what is odd moved, and why a label is what it is."""

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.api import Api, create_unified
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, upload_body
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DROP = """
async ([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  document.querySelector(selector).dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
NUMBERS = iter(range(1000))


@pytest.fixture
def collection(api: Api) -> str:
    """Four fish and four windmills, labelled when they were uploaded; one windmill is called a fish."""
    name = f"labelled_{next(NUMBERS)}"
    create_unified(api, name)
    for kind in ("fish", "windmill"):
        for number, photo in enumerate(photos(kind)[:4]):
            body = upload_body(data_uri(photo.read_bytes()))
            body["metadata"] = {LABEL: "fish" if number == 0 else kind}
            api.processed(f"bkt_{name}", api.post(f"/buckets/bkt_{name}/objects", body)["object_id"])
    return name


def labels_of(api: Api, collection: str) -> list[Any]:
    listed = api.get(f"/collections/{collection}/documents?limit=1000")["results"]
    return sorted(str(each[LABEL]) for each in listed)


def card(page: "Page", collection: str) -> Any:
    return page.get_by_role("article", name=collection)


def test_a_link_signs_in_once(browser: "Browser", stack: Stack) -> None:
    link = stack_link(stack)
    first, second = browser.new_context().new_page(), browser.new_context().new_page()
    first.goto(link)
    first.get_by_role("heading", name="Collections").wait_for()
    assert "once" not in first.url
    second.goto(link)
    second.get_by_text("has been used or has expired").wait_for()
    first.get_by_role("button", name="Sign out").click()
    first.get_by_role("heading", name="Sign in").wait_for()
    for each in (first, second):
        each.context.close()


def stack_link(stack: Stack) -> str:
    command = [sys.executable, "-m", "services.local.cli", "link", "--data-dir", str(stack.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_new_collection_takes_files_and_leads_to_their_review(page: "Page", api: Api) -> None:
    name = f"made_{next(NUMBERS)}"
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Files").set_input_files([str(each) for each in photos("fish")[:3]])
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(f"**/review/{name}")
    page.get_by_role("option").first.wait_for()
    assert api.get(f"/collections/{name}/review")["waiting"] == 3


def test_files_are_dropped_on_a_collection_and_bad_ones_named(page: "Page", api: Api, collection: str) -> None:
    page.goto("/")
    card(page, collection).get_by_text("8 documents").wait_for()
    good = data_uri(photos("monument")[0].read_bytes()).partition(",")[2]
    page.evaluate(DROP, [f'[aria-label="{collection}"]', [["good.jpg", good], ["empty.jpg", ""]]])
    card(page, collection).get_by_text("empty.jpg: is empty").wait_for()
    card(page, collection).get_by_role("button", name="Go on").click()
    card(page, collection).get_by_text("9 documents").wait_for()


def test_a_collection_tells_who_labelled_it(page: "Page", collection: str) -> None:
    page.goto("/")
    found = card(page, collection)
    found.get_by_text("8 by imports").wait_for()
    found.get_by_role("link", name="fish 5").click()
    page.get_by_role("heading", name="fish").wait_for()


def test_pictures_are_moved_by_keys_and_back(page: "Page", api: Api, collection: str) -> None:
    before = labels_of(api, collection)
    page.goto(f"/labels/{collection}?label=fish")
    page.get_by_role("option").nth(4).wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.get_by_text("1 selected").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("windm")
    page.keyboard.press("Enter")
    wait_for(lambda: labels_of(api, collection).count("windmill"), lambda count: count == 4)
    page.keyboard.press("z")
    wait_for(lambda: labels_of(api, collection), lambda found: found == before)


def test_a_label_is_renamed_and_merged(page: "Page", api: Api, collection: str) -> None:
    before = labels_of(api, collection)
    page.goto(f"/labels/{collection}?label=windmill")
    page.get_by_role("option").nth(2).wait_for()
    page.get_by_role("button", name="Rename or merge").click()
    page.keyboard.type("fish")
    page.keyboard.press("Enter")
    wait_for(lambda: labels_of(api, collection), lambda found: set(found) == {"fish"})
    page.get_by_role("heading", name="fish").wait_for()
    page.get_by_role("button", name="Undo").first.click()
    wait_for(lambda: labels_of(api, collection), lambda found: found == before)


def test_tasks_tell_how_far_they_are(page: "Page", api: Api, collection: str) -> None:
    api.post(f"/collections/{collection}/apply-taxonomy", {})
    page.goto("/progress")
    page.get_by_role("listitem").filter(has_text="labels by likeness").get_by_text("done").first.wait_for()


def test_a_document_shows_why_and_can_be_decided(page: "Page", api: Api, collection: str) -> None:
    (document, *_) = api.get(f"/collections/{collection}/documents?limit=1000")["results"]
    page.goto(f"/document/{collection}/{document['document_id']}")
    page.get_by_text("an import").first.wait_for()
    page.get_by_role("heading", name="Most like it").wait_for()
    page.get_by_label("Give it another label").fill("<script>alert(1)</script>")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="<script>alert(1)</script>").wait_for()
    page.get_by_role("heading", name="What became of its label").wait_for()
    assert page.get_by_text("a person").first.is_visible()
