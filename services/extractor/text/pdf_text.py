"""The text layer of a PDF, page by page."""

from collections.abc import Iterator

import pypdfium2

from services.common.errors import InvalidArgumentError
from services.extractor.media.pdfium import PDFIUM, not_a_pdf, open_pdf

MOST_PAGES = 2000


def pdf_text(content: bytes) -> Iterator[str]:
    """The words of each page, empty where a page has none (a scan).

    Raises InvalidArgumentError with reason EMPTY, ENCRYPTED_PDF, NOT_A_PDF or TOO_MANY_PAGES.
    """
    with open_pdf(content) as document:
        with PDFIUM:
            total = len(document)
        if total > MOST_PAGES:
            message = f"The PDF has {total} pages; at most {MOST_PAGES} are read. Split it."
            raise InvalidArgumentError(message, reason="TOO_MANY_PAGES")
        for position in range(total):
            with PDFIUM:
                words = _words(document, position)
            yield words


def _words(document: pypdfium2.PdfDocument, position: int) -> str:
    try:
        page = document[position]
        try:
            layer = page.get_textpage()
            try:
                return str(layer.get_text_bounded()).replace("\r\n", "\n")
            finally:
                layer.close()
        finally:
            page.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise not_a_pdf(f"page {position + 1} is damaged ({error})") from error
