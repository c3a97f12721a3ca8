"""Pages of text out of whatever was uploaded: words, a text file in any encoding, a PDF."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

import filetype
from charset_normalizer import from_bytes

from services.common.errors import InvalidArgumentError
from services.extractor.model_port import Source
from services.extractor.text.pdf_text import pdf_text

MOST_CHARACTERS = 2_000_000
PDF_MARK = b"%PDF-"
HEAD_BYTES = 1024
PAGE_END = "\f"
ISO_2022 = "\x1b$"
# Two newlines: no sentence and no paragraph runs on from page to page.
PAGE_GAP = "\n\n"
# UTF-32 before UTF-16, whose mark begins the same.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\v\f\r\x1b")
MOST_CONTROLS = 0.05


@dataclass(frozen=True, slots=True)
class Text:
    """What was read; `paged` when the pages are those of the file and not simply all of it."""

    pages: tuple[str, ...]
    paged: bool


def read_text(source: Source) -> Text:
    """The words of the source, without NUL, which the database cannot hold.

    Raises InvalidArgumentError with reason EMPTY, NOT_A_TEXT, NO_TEXT, TEXT_TOO_LONG or one of `pdf_text`'s.
    """
    if source.text:
        return _plain(source.text)
    if not source.content:
        raise InvalidArgumentError("The text is empty.", reason="EMPTY")
    if _is_pdf(source):
        return _pdf(source.content)
    return _plain(_decode(source.content))


def _is_pdf(source: Source) -> bool:
    if source.mime_type.startswith("text/"):
        return False
    return source.mime_type == "application/pdf" or PDF_MARK in source.content[:HEAD_BYTES]


def _plain(text: str) -> Text:
    text = text.replace("\x00", "")
    if not text.strip():
        raise InvalidArgumentError("The text is empty.", reason="EMPTY")
    pages = _bounded(text.split(PAGE_END))
    return Text(tuple(_with_gaps(pages)), paged=len(pages) > 1)


def _pdf(content: bytes) -> Text:
    pages = _bounded(page.replace("\x00", "").rstrip() for page in pdf_text(content))
    if not any(pages):
        raise InvalidArgumentError("The PDF has no text; if it is a scan, recognise its words first.", reason="NO_TEXT")
    return Text(tuple(_with_gaps(pages)), paged=True)


def _bounded(pages: Iterable[str]) -> list[str]:
    """The pages, as long as all of them together are not too long."""
    kept: list[str] = []
    room = MOST_CHARACTERS
    for page in pages:
        room -= len(page)
        if room < 0:
            message = f"The text has more than {MOST_CHARACTERS} characters. Split it."
            raise InvalidArgumentError(message, reason="TEXT_TOO_LONG")
        kept.append(page)
    return kept


def _with_gaps(pages: list[str]) -> Iterable[str]:
    return (page + PAGE_GAP if number < len(pages) else page for number, page in enumerate(pages, 1))


def _decode(content: bytes) -> str:
    """The bytes as text: by their mark, as UTF-8, or in the encoding that they look like most."""
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return _guess(content)
    return _guess(content) if _is_binary(text) or ISO_2022 in text else text


def _guess(content: bytes) -> str:
    kind = filetype.guess_mime(content[:HEAD_BYTES])
    if kind is not None:
        raise _not_a_text(f"it is {kind}")
    best = from_bytes(content).best()
    # UTF-7 and its like can spell what is no character.
    text = "" if best is None else str(best).encode("utf-8", "replace").decode()
    if best is None or _is_binary(text):
        raise _not_a_text("it holds binary data, or is in an encoding that is not known")
    return text


def _is_binary(text: str) -> bool:
    """Whether its beginning has more control characters than a text would."""
    head = text[:HEAD_BYTES]
    return sum(character in CONTROLS for character in head) > MOST_CONTROLS * len(head)


def _not_a_text(why: str) -> InvalidArgumentError:
    message = f"The file is not a text that can be read: {why}. Send plain text, Markdown or a PDF."
    return InvalidArgumentError(message, reason="NOT_A_TEXT")
