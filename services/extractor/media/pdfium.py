"""Opens PDFs with PDFium, which allows one call at a time in a process: hold `PDFIUM` around every use of it."""

import contextlib
import threading
from collections.abc import Iterator

import pypdfium2
from pypdfium2 import raw

from services.common.errors import InvalidArgumentError

PDFIUM = threading.Lock()
ENCRYPTED = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)


@contextlib.contextmanager
def open_pdf(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, closed at the end; takes the lock for both by itself.

    Raises InvalidArgumentError with reason EMPTY, ENCRYPTED_PDF or NOT_A_PDF.
    """
    if not content:
        raise InvalidArgumentError("The file is empty (0 bytes).", reason="EMPTY")
    with PDFIUM:
        document = _open(content)
    try:
        yield document
    finally:
        with PDFIUM:
            document.close()


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in ENCRYPTED:
            message = "The PDF is encrypted; upload it without a password."
            raise InvalidArgumentError(message, reason="ENCRYPTED_PDF") from error
        raise not_a_pdf(str(error)) from error


def not_a_pdf(why: str) -> InvalidArgumentError:
    """The error for a PDF that is none, or is damaged."""
    return InvalidArgumentError(f"The PDF cannot be read: {why.rstrip('.')}.", reason="NOT_A_PDF")
