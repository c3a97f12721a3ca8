"""Small PDFs with words on their pages."""

import ctypes
import io
from collections.abc import Sequence

import pypdfium2
from pypdfium2 import raw

FONT_SIZE = 12.0


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
