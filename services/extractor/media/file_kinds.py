"""What a file is, by its content; what its sender calls it counts only where the content says nothing."""

from enum import Enum

import filetype

HEAD_BYTES = 1024
QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip")


class Kind(Enum):
    """The decoders there are."""

    IMAGE = "image"
    VIDEO = "video"
    PDF = "application/pdf"


def kind_of(content: bytes, mime_type: str = "") -> Kind:
    """The decoder to try; IMAGE, whose errors name what is accepted, when nothing is known."""
    if b"%PDF-" in content[:HEAD_BYTES]:
        return Kind.PDF
    return _named(mime_type_of(content)) or _named(mime_type) or Kind.IMAGE


def mime_type_of(content: bytes) -> str | None:
    """By the first bytes; QuickTime before 2001 has no mark of its own but begins with one of its atoms."""
    guess: str | None = filetype.guess_mime(content[:HEAD_BYTES])
    return "video/quicktime" if guess is None and content[4:8] in QUICKTIME_ATOMS else guess


def _named(mime_type: str | None) -> Kind | None:
    name = (mime_type or "").partition(";")[0].strip().lower()
    return next((kind for kind in Kind if name == kind.value or name.startswith(f"{kind.value}/")), None)
