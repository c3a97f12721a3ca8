"""Small PDFs: pages that are pictures, pages with words, and one that wants a password."""

import ctypes
import io
from collections.abc import Sequence

import pypdfium2
from PIL import Image
from pypdfium2 import raw

FONT_SIZE = 12.0

PLAIN = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>endobj
trailer<</Root 1 0 R ENCRYPT/ID[<00><00>]>>
%%%%EOF
""".replace(b"%s", b"41" * 32).replace(b"%%%%", b"%%")
ENCRYPTED = PLAIN.replace(b"ENCRYPT", b"/Encrypt 4 0 R")
EMPTY_PAGE = PLAIN.replace(b"ENCRYPT", b"")
NO_PAGES = EMPTY_PAGE.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0")


def pdf_of(pictures: Sequence[Image.Image]) -> bytes:
    """A PDF with one picture to a page."""
    buffer = io.BytesIO()
    first, *rest = (picture.convert("RGB") for picture in pictures)
    first.save(buffer, "PDF", save_all=True, append_images=rest)
    return buffer.getvalue()


def worded_pdf(pages: Sequence[str]) -> bytes:
    """A PDF with one line of words on each page; a page without words stays blank."""
    document = pypdfium2.PdfDocument.new()
    for words in pages:
        page = document.new_page(600, 200)
        if words:
            _write(document, page, words)
            page.gen_content()
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    return buffer.getvalue()


def _write(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, words: str) -> None:
    font = raw.FPDFText_LoadStandardFont(document, b"Helvetica")
    line = raw.FPDFPageObj_CreateTextObj(document, font, FONT_SIZE)
    characters = (words + "\0").encode("utf-16-le")
    raw.FPDFText_SetText(line, (ctypes.c_ushort * (len(characters) // 2)).from_buffer_copy(characters))
    raw.FPDFPageObj_Transform(line, 1, 0, 0, 1, 20, 100)
    raw.FPDFPage_InsertObject(page, line)
