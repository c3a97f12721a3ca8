"""A review in a real browser, by keys alone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.api import Api, JsonObject, create_unified
from tests.e2e.pages.conftest import sign_in
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, upload_body
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KINDS = ("fish", "windmill", "monument")
EACH = 8
COUNTER = iter(range(1000))


@pytest.fixture
def collection(api: Api) -> str:
    """A fresh collection of photos of three kinds, one example of each labelled, under a label that is no HTML."""
    name = f"reviewed_{next(COUNTER)}"
    create_unified(api, name)
    # So high that no machine labels any.
    api.patch(f"/collections/{name}", {"taxonomy": {"retriever_id": f"ret_{name}_classifier", "field_to_enrich": LABEL,
                                                    "confidence_threshold": 0.99}})  # fmt: skip
    objects = []
    for kind in KINDS:
        for number, photo in enumerate(photos(kind)[:EACH]):
            body = upload_body(data_uri(photo.read_bytes()))
            if number == 0:
                body["metadata"] = {LABEL: f"<b>{kind}</b>"}
            objects.append(api.post(f"/buckets/bkt_{name}/objects", body)["object_id"])
    for object_id in objects:
        api.processed(f"bkt_{name}", object_id)
    return name


@pytest.fixture
def labels(api: Api, collection: str) -> Callable[[], list[tuple[Any, str]]]:
    """The labels of people in the collection, as the API has them."""

    def read() -> list[tuple[Any, str]]:
        listed = api.get(f"/collections/{collection}/documents?limit=1000")["results"]
        entries = [(each, each["_internal"]["labels"].get(LABEL) or {}) for each in listed]
        return [(each[LABEL], each["document_id"]) for each, entry in entries if entry.get("source") == "human"]

    return read


def waiting(api: Api, collection: str) -> int:
    return int(api.get(f"/collections/{collection}/review")["waiting"])


def open_review(page: "Page", collection: str) -> None:
    page.goto(f"/review/{collection}")
    page.get_by_role("option").first.wait_for()


def shown(page: "Page") -> int:
    return page.get_by_role("listbox", name="look alike").get_by_role("option").count()


def test_everything_is_labelled_by_keys_alone(page: "Page", api: Api, collection: str, labels: Any) -> None:
    open_review(page, collection)
    assert page.get_by_role("button", name="<b>").first.is_visible()
    decisions = 0
    while shown(page) and decisions < 60:
        page.keyboard.press("Enter")
        decisions += 1
        page.wait_for_timeout(20)
    page.get_by_text("All done").wait_for()
    wait_for(lambda: waiting(api, collection), lambda left: left == 0)
    assert len(wait_for(labels, lambda found: len(found) == len(KINDS) * (EACH - 1))) == len(KINDS) * (EACH - 1)
    durations = page.evaluate("performance.getEntriesByName('decision').map((each) => each.duration)")
    print(f"{decisions} decisions, key to picture {sorted(durations)[int(len(durations) * 0.95)]:.0f} ms (95 %)")


def test_each_key_does_what_it_says(page: "Page", api: Api, collection: str, labels: Any) -> None:
    open_review(page, collection)
    first = shown(page)
    page.keyboard.press("ArrowRight")
    page.get_by_text("One of").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("my own <i>label</i>")
    page.keyboard.press("Enter")
    assert [each[0] for each in wait_for(labels, lambda found: len(found) == 1)] == ["my own <i>label</i>"]
    assert shown(page) == first - 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    wait_for(labels, lambda found: len(found) == first - 1)
    page.keyboard.press("u")
    page.keyboard.press("i")
    wait_for(lambda: api.get(f"/collections/{collection}/review?kind=ignored")["waiting"], lambda count: count > 0)
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("accept the first suggestion").wait_for()
    page.keyboard.press("Escape")


def test_undo_goes_back_also_after_a_reload(page: "Page", api: Api, collection: str, labels: Any) -> None:
    before = waiting(api, collection)
    open_review(page, collection)
    for _ in range(3):
        page.keyboard.press("Enter")
    wait_for(lambda: waiting(api, collection), lambda left: left < before)
    page.wait_for_timeout(300)
    page.keyboard.press("z")
    page.reload()
    page.get_by_role("option").first.wait_for()
    wait_for(lambda: len(past(api, collection)), lambda count: count == 2)
    for _ in range(2):
        page.keyboard.press("z")
        page.get_by_text("Undone:").wait_for()
        page.wait_for_timeout(200)
    wait_for(lambda: waiting(api, collection), lambda left: left == before)
    assert labels() == []


def past(api: Api, collection: str) -> list[JsonObject]:
    made = api.get(f"/collections/{collection}/review/decisions")["results"]
    return [each for each in made if each["action"] != "undo" and not each["undone_by"]]


def test_two_people_do_not_overwrite_each_other(
    browser: "Browser", stack: Stack, page: "Page", api: Api, collection: str, labels: Any
) -> None:
    other = browser.new_context(base_url=stack.url).new_page()
    sign_in(other, stack.key)
    open_review(page, collection)
    open_review(other, collection)
    count = shown(page)
    page.keyboard.press("/")
    page.keyboard.type("first")
    page.keyboard.press("Enter")
    wait_for(labels, lambda found: len(found) == count)
    other.keyboard.press("/")
    other.keyboard.type("second")
    other.keyboard.press("Enter")
    other.get_by_text("Somebody else has decided").wait_for()
    assert {each[0] for each in labels()} == {"first"}
    other.get_by_role("button", name="Look at it").click()
    other.get_by_text("Somebody else: “first”").wait_for()
    other.keyboard.press("/")
    other.keyboard.type("second")
    other.keyboard.press("Enter")
    wait_for(labels, lambda found: {each[0] for each in found} == {"second"})
    other.context.close()


def test_no_decision_is_lost_when_the_session_ends(
    page: "Page", stack: Stack, api: Api, collection: str, labels: Any
) -> None:
    open_review(page, collection)
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("Nothing is lost").wait_for()
    assert labels() == []
    page.get_by_role("dialog").get_by_label("API key").fill(stack.key)
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    wait_for(labels, lambda found: len(found) > 0)


def test_no_decision_is_lost_when_the_server_is_away(page: "Page", api: Api, collection: str, labels: Any) -> None:
    open_review(page, collection)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    page.get_by_text("kept here and sent when it is back").wait_for()
    page.context.set_offline(False)
    wait_for(labels, lambda found: len(found) > 0)


@pytest.fixture
def narrow(browser: "Browser", stack: Stack) -> "Iterator[Page]":
    """A phone's width, dark."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    sign_in(page, stack.key)
    yield page
    context.close()


def test_it_fits_a_phone_and_every_key_has_a_button(narrow: "Page", collection: str, labels: Any) -> None:
    open_review(narrow, collection)
    wide = narrow.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    for name in ("Unknown", "Ignore", "Take out", "Undo", "Back", "Later", "Keys"):
        assert narrow.get_by_role("button", name=name).is_visible()
    narrow.get_by_role("button", name="<b>").first.click()
    wait_for(labels, lambda found: len(found) > 0)
