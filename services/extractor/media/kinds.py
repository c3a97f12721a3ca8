"""What a file is, by its content; what its sender calls it counts only where the content says nothing."""

from enum import Enum

import filetype

HEAD_BYTES = 1024


class Kind(Enum):
    """The decoders there are."""

    IMAGE = "image"
    VIDEO = "video"
    PDF = "application/pdf"


def kind_of(content: bytes, mime_type: str = "") -> Kind:
    """The decoder to try; IMAGE, whose errors name what is accepted, when nothing is known."""
    head = content[:HEAD_BYTES]
    if b"%PDF-" in head:
        return Kind.PDF
    guess = filetype.guess_mime(head)
    return _named(guess) or _named(mime_type) or Kind.IMAGE


def _named(mime_type: str | None) -> Kind | None:
    name = (mime_type or "").partition(";")[0].strip().lower()
    return next((kind for kind in Kind if name == kind.value or name.startswith(f"{kind.value}/")), None)
