"""How long a person waits in a review of many documents: printed, never a reason to fail.

LIKENESS_REVIEW_DOCUMENTS says how many.
"""

import asyncio
import os
import threading
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tests.e2e.api import Api, create_unified
from tests.e2e.pages.many import add_copies
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import upload_body

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCUMENTS = int(os.environ.get("LIKENESS_REVIEW_DOCUMENTS", "1000"))
DECISIONS = 30


def test_a_review_of_many_documents(page: "Page", stack: Stack, api: Api) -> None:
    create_unified(api, "many")
    for kind in ("fish", "windmill", "monument", "hammer", "bird"):
        for photo in photos(kind)[:3]:
            body = upload_body(data_uri(photo.read_bytes()))
            api.processed("bkt_many", api.post("/buckets/bkt_many/objects", body)["object_id"])
    _apart(add_copies(stack.endpoint("database_url"), "many", DOCUMENTS))
    begun = time.perf_counter()
    page.goto("/review/many")
    page.get_by_role("option").first.locator("img").evaluate("(image) => image.decode()")
    first = time.perf_counter() - begun
    for number in range(DECISIONS):
        page.keyboard.press("/")
        page.keyboard.type(f"kind {number % 5}")
        page.keyboard.press("Enter")
        page.get_by_role("option").first.wait_for()
    durations = sorted(page.evaluate("performance.getEntriesByName('decision').map((each) => each.duration)"))
    assert len(durations) == DECISIONS
    middle, most = (durations[int(len(durations) * share)] for share in (0.5, 0.95))
    print(f"{DOCUMENTS:,} documents: first picture {first:.2f} s, key to next {middle:.0f} ms, 95 % {most:.0f} ms")


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine in a thread: playwright keeps a loop of its own in this one."""
    thread = threading.Thread(target=lambda: asyncio.run(work))
    thread.start()
    thread.join()
