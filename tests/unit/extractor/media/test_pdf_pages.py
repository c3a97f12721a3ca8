"""PDF pages become pictures, and PDFs that cannot be read say why."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from services.common.errors import InvalidArgumentError
from services.extractor.media import pdf_pages as module
from services.extractor.media.pdf_pages import pdf_pages
from tests.support.media.pdfs import EMPTY_PAGE, ENCRYPTED, NO_PAGES, pdf_of

RED, BLUE = Image.new("RGB", (300, 200), "red"), Image.new("RGB", (200, 300), "blue")


def reason(content: bytes) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        list(pdf_pages(content))
    return caught.value.reason


def test_each_page_is_a_picture_with_its_number() -> None:
    pages = list(pdf_pages(pdf_of([RED, BLUE]), long_side=150))
    assert [page.fields for page in pages] == [
        {"page_number": 1, "total_pages": 2},
        {"page_number": 2, "total_pages": 2},
    ]
    assert [page.pixels.shape for page in pages] == [(100, 150, 3), (150, 100, 3)]
    assert [page.pixels[50, 50].argmax() for page in pages] == [0, 2]


def test_an_empty_page_is_white() -> None:
    (page,) = pdf_pages(EMPTY_PAGE)
    assert (page.pixels == 255).all()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "EMPTY"),
        (b"%PDF-1.7", "NOT_A_PDF"),
        (b"hello", "NOT_A_PDF"),
        (NO_PAGES, "NOT_A_PDF"),
        (ENCRYPTED, "ENCRYPTED_PDF"),
        (ENCRYPTED.replace(b"/Standard", b"/Unheard"), "ENCRYPTED_PDF"),
        (pdf_of([RED])[:200], "NOT_A_PDF"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, expected: str) -> None:
    assert reason(content) == expected


def test_too_many_pages_are_refused_before_any_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAGES", 1)
    assert reason(pdf_of([RED, BLUE])) == "TOO_MANY_PAGES"


def test_many_threads_may_draw_at_once() -> None:
    content, gate = pdf_of([RED, BLUE, RED]), threading.Barrier(4)

    def draw(_: int) -> int:
        gate.wait(60)
        return sum(1 for _ in range(5) for _ in pdf_pages(content, long_side=100))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, range(4))) == [15] * 4
