"""Words are read out of text in any encoding and out of PDFs, or an error says why there are none."""

import pytest

from services.common.errors import InvalidArgumentError
from services.extractor.model_port import Source
from services.extractor.text import text_of_file
from services.extractor.text.text_of_file import Text, read_text
from tests.support.media.pdfs import ENCRYPTED, worded_pdf
from tests.support.places import PHOTOS

GERMAN = "Grüße aus München: schöne Straßen, Wälder und ein längerer Satz, an dem man die Kodierung erkennt. " * 2
JAPANESE = "これは日本語のテキストです。文字コードを判定するために少し長くします。" * 3
RUSSIAN = "Это русский текст, достаточно длинный для определения кодировки. " * 3
LETTERS = worded_pdf(["First page about invoices", "", "Third page: Grüße"])


def text_of(content: bytes, mime_type: str = "") -> str:
    """All pages of a file."""
    return "".join(read_text(Source(content=content, mime_type=mime_type)).pages)


def refusal(source: Source) -> str:
    """The reason with which the source is refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        read_text(source)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((GERMAN, encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252")),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso2022_jp"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp1251"),
    ],
)
def test_files_are_read_in_their_own_encoding(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


def test_words_count_before_a_file() -> None:
    assert read_text(Source(text="words", content=b"file")) == Text(("words",), paged=False)


def test_a_text_that_begins_like_another_kind_of_file_is_a_text() -> None:
    assert text_of(b"BMW cars are nice") == "BMW cars are nice"
    assert text_of(b"A %PDF- file begins so", "text/plain") == "A %PDF- file begins so"


def test_pages_of_a_pdf_are_kept_apart() -> None:
    read = read_text(Source(content=LETTERS))
    assert read == Text(("First page about invoices\n\n", "\n\n", "Third page: Grüße"), paged=True)


def test_form_feeds_end_pages() -> None:
    assert read_text(Source(text="one\ftwo")) == Text(("one\n\n", "two"), paged=True)


def test_nul_which_the_database_cannot_hold_is_left_out() -> None:
    assert read_text(Source(text="a\x00b")).pages == ("ab",)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (Source(), "EMPTY"),
        (Source(text=" \n\t\f"), "EMPTY"),
        (Source(text="\x00"), "EMPTY"),
        (Source(content=b" "), "EMPTY"),
        (Source(content=b"\xff\xfe"), "EMPTY"),
        (Source(content=b"\x00" * 100), "NOT_A_TEXT"),
        (Source(content=b"PK\x03\x04" + bytes(range(256))), "NOT_A_TEXT"),
        (Source(content=(PHOTOS / "bird/duck.jpg").read_bytes()), "NOT_A_TEXT"),
        (Source(content=worded_pdf(["", ""])), "NO_TEXT"),
        (Source(content=ENCRYPTED), "ENCRYPTED_PDF"),
        (Source(content=b"%PDF-1.7 and no more"), "NOT_A_PDF"),
        (Source(content=LETTERS[: len(LETTERS) // 3]), "NOT_A_PDF"),
        (Source(content=b"words", mime_type="application/pdf"), "NOT_A_PDF"),
    ],
)
def test_what_holds_no_words_says_why(source: Source, reason: str) -> None:
    assert refusal(source) == reason


def test_a_file_that_is_no_text_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="image/jpeg"):
        read_text(Source(content=(PHOTOS / "bird/duck.jpg").read_bytes()))


def test_a_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_of_file, "MOST_CHARACTERS", 10)
    assert read_text(Source(text="a" * 10)).pages == ("a" * 10,)
    assert refusal(Source(text="a" * 11)) == "TEXT_TOO_LONG"
    assert refusal(Source(content=LETTERS)) == "TEXT_TOO_LONG"
