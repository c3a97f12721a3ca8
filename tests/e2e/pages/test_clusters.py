"""Clusters in a real browser: a run, its picture, a shape drawn around some of it, and names for what is selected."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.api import Api, create_unified
from tests.e2e.pages.conftest import sign_in
from tests.e2e.pages.test_accessibility import faults
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, upload_body
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

KINDS = ("fish", "windmill", "monument", "hammer")
EACH = 8
DRAWN = 5
COLLECTION = "clustered"
A_RUN = 120_000
HTML = "<img src=x onerror=alert(1)>"
NOTHING = "Nothing selected"
COLOURED = """
() => {
  const canvas = document.querySelector("canvas");
  const pen = canvas.getContext("2d");
  for (let y = 8; y < canvas.height - 8; y += 2) {
    for (let x = 8; x < canvas.width - 8; x += 2) {
      const near = [[0, 0], [-3, 0], [3, 0], [0, -3], [0, 3]];
      const spots = near.map(([across, down]) => [...pen.getImageData(x + across, y + down, 1, 1).data]);
      const [red, green, blue, alpha] = spots[0];
      const isOne = alpha > 100 && spots.every((each) => each.join() === spots[0].join());
      if (isOne && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) return [x, y];
    }
  }
  return null;
}"""


@pytest.fixture(scope="module")
def collection(api: Api) -> str:
    """Photos of a few kinds; nothing is labelled, and no machine labels any."""
    create_unified(api, COLLECTION)
    inline = {"retriever_id": f"ret_{COLLECTION}_classifier", "field_to_enrich": LABEL, "confidence_threshold": 0.99}
    api.patch(f"/collections/{COLLECTION}", {"taxonomy": inline})
    chosen = [photo for kind in KINDS for photo in photos(kind)[:EACH]]
    bodies = [upload_body(data_uri(photo.read_bytes())) for photo in chosen]
    for object_id in [api.post(f"/buckets/bkt_{COLLECTION}/objects", body)["object_id"] for body in bodies]:
        api.processed(f"bkt_{COLLECTION}", object_id)
    return COLLECTION


@pytest.fixture(scope="module")
def clustered(browser: "Browser", stack: Stack, collection: str) -> str:
    """The collection, with a cluster that was made by the page's button."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    sign_in(page, stack.key)
    page.get_by_role("article", name=collection).get_by_role("link", name="Clusters").click()
    page.get_by_text("No cluster of this collection yet").wait_for()
    page.get_by_label("Smallest group").fill("4")
    page.get_by_role("button", name="New cluster").click()
    page.get_by_text("Finding groups").wait_for()
    page.get_by_role("heading", name=re.compile(r"\d groups?$")).wait_for(timeout=A_RUN)
    context.close()
    return collection


@pytest.fixture
def labels(api: Api, collection: str) -> Callable[[], list[str]]:
    """The labels of people in the collection, as the API has them."""

    def read() -> list[str]:
        listed = api.get(f"/collections/{collection}/documents?limit=1000")["results"]
        entries = [(each[LABEL], each["_internal"]["labels"].get(LABEL) or {}) for each in listed]
        return [str(label) for label, entry in entries if entry.get("source") == "human"]

    return read


@pytest.fixture
def picture(page: "Page", clustered: str) -> "Page":
    """The page with the picture of the run, whose points are drawn."""
    return opened(page, clustered)


def opened(page: "Page", collection: str) -> "Page":
    page.goto(f"/clusters/{collection}")
    page.get_by_role("img", name=f"Picture of {len(KINDS) * EACH} documents").wait_for()
    page.locator(".group .examples img").first.wait_for()
    return page


def lasso(page: "Page", left: float, right: float) -> None:
    """Draws a shape around a stripe of the picture, from and to a share of its width."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    corners = [(left, 0.01), (right, 0.01), (right, 0.99), (left, 0.99), (left, 0.02)]
    places = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def a_point(page: "Page") -> tuple[float, float]:
    """Where a document is drawn: the middle of a spot of one colour."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    x, y = page.evaluate(COLOURED)
    return box["x"] + x, box["y"] + y


def selected(page: "Page") -> int:
    """How many documents are selected."""
    return int(page.get_by_text(re.compile(r"^\d+ selected")).inner_text().split()[0])


def keep_picture(page: "Page", name: str) -> None:
    """A screenshot, where LIKENESS_SCREENSHOTS names a folder for them."""
    if folder := os.environ.get("LIKENESS_SCREENSHOTS"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"{name}.png")


def name_them(page: "Page", label: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(label)
    page.keyboard.press("Enter")


def undo(page: "Page", labels: Callable[[], list[str]]) -> None:
    page.keyboard.press("z")
    page.get_by_text("Undone").wait_for()
    wait_for(labels, lambda found: found == [])


def test_a_shape_selects_documents_that_are_named_and_taken_back(picture: "Page", labels: Any) -> None:
    lasso(picture, 0.01, 0.5)
    count = selected(picture)
    assert 0 < count < len(KINDS) * EACH
    picture.locator(".cluster-members img").nth(count - 1).wait_for()
    keep_picture(picture, "lasso")
    name_them(picture, HTML)
    wait_for(labels, lambda found: found == [HTML] * count)
    picture.get_by_text(f"{count} documents called “{HTML}”").wait_for()
    undo(picture, labels)


def test_a_group_of_the_list_opens_and_is_named_by_keys(picture: "Page", labels: Any) -> None:
    first = picture.get_by_role("list").locator(".group").first
    before = str(first.get_attribute("aria-label")).partition(",")[0]
    first.focus()
    picture.keyboard.press("ArrowDown")
    picture.keyboard.press("ArrowUp")
    picture.keyboard.press("Enter")
    count = selected(picture)
    assert first.get_attribute("aria-pressed") == "true"
    picture.locator(".cluster-members a").nth(count - 1).focus()
    picture.locator(".cluster-hint img").wait_for()
    keep_picture(picture, "group")
    name_them(picture, "sorted <b>by hand</b>")
    wait_for(labels, lambda found: found == ["sorted <b>by hand</b>"] * count)
    picture.get_by_role("button", name=f"sorted <b>by hand</b>, {count} documents").wait_for()
    undo(picture, labels)
    picture.get_by_role("button", name=f"{before}, {count} documents").wait_for()


def test_what_was_named_is_undone_also_after_a_reload(picture: "Page", labels: Any) -> None:
    lasso(picture, 0.01, 0.99)
    assert selected(picture) == len(KINDS) * EACH
    picture.get_by_role("button", name="Take", exact=False).first.click()
    picture.get_by_text(f"{len(KINDS) * EACH - 1} selected").wait_for()
    name_them(picture, "all")
    wait_for(labels, lambda found: len(found) == len(KINDS) * EACH - 1)
    picture.reload()
    picture.get_by_role("heading", name="Clusters").wait_for()
    undo(picture, labels)


def test_it_is_enlarged_moved_and_pointed_at(picture: "Page") -> None:
    place = a_point(picture)
    picture.mouse.move(*place)
    picture.locator(".cluster-hint img").wait_for()
    picture.mouse.click(*place)
    assert selected(picture) > 0
    picture.keyboard.press("Escape")
    picture.get_by_text(NOTHING).wait_for()
    for _ in range(8):
        picture.mouse.wheel(0, -400)
    lasso(picture, 0.01, 0.99)
    few = picture.get_by_text(re.compile(f"^\\d+ selected|{NOTHING}")).inner_text()
    assert few == NOTHING or int(few.split()[0]) < len(KINDS) * EACH
    picture.get_by_role("button", name="Whole").click()
    picture.get_by_role("button", name="Move").click()
    lasso(picture, 0.4, 0.6)
    picture.get_by_role("button", name="Lasso").click()
    picture.get_by_role("button", name="Whole").click()
    lasso(picture, 0.01, 0.99)
    assert selected(picture) == len(KINDS) * EACH


def test_a_cut_picture_says_so_and_groups_are_still_whole(page: "Page", clustered: str) -> None:
    def cut(route: "Route") -> None:
        found = route.fetch()
        shown = found.json()
        shown["members"] = {name: (each and each[:DRAWN]) for name, each in shown["members"].items()}
        route.fulfill(response=found, json={**shown, "returned_members": DRAWN, "sampled": True})

    page.route("**/visualization*", cut)
    page.goto(f"/clusters/{clustered}")
    page.get_by_text(f"{DRAWN} documents of {len(KINDS) * EACH} are drawn").wait_for()
    groups = page.locator(".group")
    groups.first.click()
    count = str(groups.first.get_attribute("aria-label")).rpartition(", ")[2].split()[0]
    page.get_by_text(f"{count} selected").wait_for()


@pytest.fixture(params=["light", "dark"])
def viewed(browser: "Browser", stack: Stack, clustered: str, request: pytest.FixtureRequest) -> "Iterator[Page]":
    """The picture in both schemes; the dark one on a phone."""
    narrow = request.param == "dark"
    size: Any = {"width": 360, "height": 740} if narrow else {"width": 1280, "height": 800}
    context = browser.new_context(base_url=stack.url, viewport=size, color_scheme=request.param)
    page = context.new_page()
    sign_in(page, stack.key)
    yield opened(page, clustered)
    context.close()


def test_nothing_serious_is_found_and_it_fits_a_phone(viewed: "Page") -> None:
    assert faults(viewed) == []
    viewed.locator(".group").first.click()
    viewed.locator(".cluster-members img").first.wait_for()
    keep_picture(viewed, f"seen_{viewed.viewport_size['width']}" if viewed.viewport_size else "seen")
    assert faults(viewed) == []
    assert not viewed.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
