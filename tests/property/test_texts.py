"""However a text is cut, nothing is lost and no character is split; whatever a file holds, reading it answers."""

from itertools import accumulate

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import TextParameters
from services.extractor.model_port import Source
from services.extractor.text.chunk_units import SPLITS, characters
from services.extractor.text.chunking import chunk
from services.extractor.text.text_of_file import read_text

LETTERS = ["a", "B", "\u0301", "\U0001f468", "\u200d", "\U0001f469", "\U0001f1e9", "한", "ก", "世", "1", "?", '"']
GAPS = [". ", "! ", "\n", "\n\n", "\r\n", "\r", " ", "\t", "\f", "\u2028", "# ", "```\n", "> ", "- ", "===\n"]
PIECES = st.sampled_from([*LETTERS, *GAPS])
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ENCODINGS = ("utf-8", "utf-16", "utf-32", "utf-7", "latin-1", "cp1251", "shift_jis", "iso2022_jp", "gb18030")
FILES = st.binary(max_size=200) | st.builds(
    lambda text, encoding, tail: text.encode(encoding, "replace") + tail,
    TEXTS,
    st.sampled_from(ENCODINGS),
    st.binary(max_size=3),
)
SIZES = st.tuples(st.integers(1, 12), st.integers(0, 11)).filter(lambda sizes: sizes[1] < sizes[0])
BOUNDED = settings(max_examples=400, deadline=None)


def ends(units: list[str]) -> set[int]:
    """Where units end in the text that they make up."""
    return set(accumulate(map(len, units)))


@BOUNDED
@given(TEXTS, st.sampled_from(sorted(SPLITS)))
@example("a\n\n \u0301b", "paragraphs")
def test_units_are_the_text_and_split_no_character(text: str, split_by: str) -> None:
    units = list(SPLITS[split_by](text, "en"))
    assert "".join(units) == text
    assert all(units)
    assert ends(units) <= ends(list(characters(text, "en")))


@BOUNDED
@given(TEXTS, st.sampled_from(sorted(SPLITS)), SIZES)
def test_chunks_hold_every_unit_and_overlap_exactly(text: str, split_by: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    units = list(SPLITS[split_by](text, "en"))
    found = chunk(
        [text], TextParameters.model_validate({"split_by": split_by, "chunk_size": size, "chunk_overlap": overlap})
    )
    starts = range(0, max(len(units) - overlap, 1), size - overlap)
    expected = ["".join(units[start : start + size]) for start in starts]
    assert [each.text for each in found] == [each for each in expected if each and not each.isspace()]
    assert [(each.index, each.total) for each in found] == [(n, len(found)) for n in range(len(found))]


@BOUNDED
@given(TEXTS, st.text(max_size=8), st.sampled_from(["sentences", "words"]))
def test_any_language_is_taken(text: str, language: str, split_by: str) -> None:
    assert "".join(SPLITS[split_by](text, language)) == text


@BOUNDED
@given(FILES, st.sampled_from(["", "text/plain", "application/octet-stream"]))
@example(b"+2AA-", "text/plain")
def test_any_file_is_read_or_refused_with_a_reason(content: bytes, mime_type: str) -> None:
    try:
        text = read_text(Source(content=content, mime_type=mime_type))
    except InvalidArgumentError as error:
        assert error.reason in {"EMPTY", "NOT_A_TEXT", "NOT_A_PDF"}
        return
    read = "".join(text.pages)
    assert read.strip()
    assert "\x00" not in read
    read.encode()
