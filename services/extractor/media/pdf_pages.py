"""The pages of a PDF as pictures."""

from collections.abc import Generator

import pypdfium2

from services.common.errors import InvalidArgumentError
from services.extractor.media.pdfium import PDFIUM, not_a_pdf, open_pdf
from services.extractor.media.picture import Picture, Pixels

MOST_PAGES = 500
LONG_SIDE = 1600
LARGEST_SCALE = 4.0


def pdf_pages(content: bytes, long_side: int = LONG_SIDE) -> Generator[Picture]:
    """Renders page after page, the longer side of each `long_side` pixels at most.

    Raises InvalidArgumentError with reason EMPTY, ENCRYPTED_PDF, NOT_A_PDF or TOO_MANY_PAGES.
    """
    with open_pdf(content) as document:
        total = _count(document)
        for position in range(total):
            with PDFIUM:
                pixels = _render(document, position, long_side)
            yield Picture(pixels, {"page_number": position + 1, "total_pages": total})


def _count(document: pypdfium2.PdfDocument) -> int:
    with PDFIUM:
        total = len(document)
    if not total:
        raise not_a_pdf("it has no pages")
    if total > MOST_PAGES:
        message = f"The PDF has {total} pages; at most {MOST_PAGES} are accepted. Split it."
        raise InvalidArgumentError(message, reason="TOO_MANY_PAGES")
    return total


def _render(document: pypdfium2.PdfDocument, position: int, long_side: int) -> Pixels:
    """One page (height, width, 3), on white."""
    try:
        page = document[position]
        try:
            scale = min(LARGEST_SCALE, long_side / max(*page.get_size(), 1.0))
            pixels: Pixels = page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()
        finally:
            page.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise not_a_pdf(f"page {position + 1} is damaged ({error})") from error
    if pixels.size == 0:
        raise not_a_pdf(f"page {position + 1} has no size")
    return pixels
