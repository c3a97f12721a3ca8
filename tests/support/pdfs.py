"""Small PDFs: pages that are pictures, and one that wants a password."""

import io
from collections.abc import Sequence

from PIL import Image

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
