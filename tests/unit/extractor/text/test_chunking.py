"""Chunks count in units of their strategy, lose nothing, overlap exactly and are bounded."""

from itertools import pairwise

import pytest

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import TextParameters, read_parameters
from services.extractor.text import chunking
from services.extractor.text.chunk_units import SPLITS
from services.extractor.text.chunking import Chunk, chunk, cover

FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
MARKDOWN = "Lead.\n# One\nBody\n```\n# no heading\n```\n> # quoted\nTwo\n===\nMore\n## Three\n"


def units(split_by: str, text: str) -> list[str]:
    """What a chunk of that strategy counts."""
    return list(SPLITS[split_by](text, "en"))


def texts(text: str, **parameters: object) -> list[str]:
    """The chunks of a text."""
    return [each.text for each in chunk([text], TextParameters.model_validate(parameters))]


def test_characters_are_what_readers_call_so() -> None:
    assert units("characters", f"e\u0301{FAMILY}\r\n한") == ["e\u0301", FAMILY, "\r\n", "한"]


def test_words_keep_what_follows_them() -> None:
    assert units("words", "  Don't pay 3.50, please! ") == ["  Don't ", "pay ", "3.50, ", "please! "]
    assert units("words", "你好世界") == ["你好", "世界"]


def test_sentences_end_where_readers_end_them() -> None:
    assert units("sentences", "Mr. Smith paid 3.5. He left!\n\nNew 你好。世界。") == [
        "Mr. Smith paid 3.5. ",
        "He left!\n\n",
        "New 你好。",
        "世界。",
    ]


def test_paragraphs_are_parted_by_blank_lines() -> None:
    assert units("paragraphs", "One\nline.\n \n\nTwo.\r\n\r\nThree.") == ["One\nline.\n \n\n", "Two.\r\n\r\n", "Three."]


def test_markdown_sections_begin_at_headings_and_nowhere_else() -> None:
    assert units("markdown", MARKDOWN) == [
        "Lead.\n",
        "# One\nBody\n```\n# no heading\n```\n> # quoted\n",
        "Two\n===\nMore\n",
        "## Three\n",
    ]


@pytest.mark.parametrize("split_by", SPLITS)
@pytest.mark.parametrize("text", ["", " ", "\n", "!", "a"])
def test_texts_of_almost_nothing_are_units_of_it(split_by: str, text: str) -> None:
    assert "".join(units(split_by, text)) == text


def test_chunks_overlap_by_whole_units() -> None:
    assert texts("a b c d e", split_by="words", chunk_size=3, chunk_overlap=1) == ["a b c ", "c d e"]
    assert texts("a b c d", split_by="words", chunk_size=3, chunk_overlap=1) == ["a b c ", "c d"]
    assert texts("a b", split_by="words", chunk_size=3, chunk_overlap=2) == ["a b"]


def test_no_chunk_repeats_the_end_of_the_one_before() -> None:
    for count in range(1, 30):
        for size in range(1, 8):
            for overlap in range(size):
                windows = cover(count, size, overlap)
                assert windows[-1][1] == count
                assert all(end - start == size for start, end in windows[:-1])
                assert all(end - after == overlap for (_, end), (after, _) in pairwise(windows))


def test_without_a_strategy_all_pages_are_one_chunk() -> None:
    assert chunk(["one\n\n", "two"], TextParameters()) == [Chunk(text="one\n\ntwo", index=0, total=1, page=None)]


def test_chunks_know_the_page_that_they_start_on() -> None:
    parameters = TextParameters(split_by="words", chunk_size=2)
    found = chunk(["a b c ", "", "d e"], parameters)
    assert [(each.text, each.page) for each in found] == [("a b ", 1), ("c d ", 1), ("e", 3)]


def test_blank_chunks_become_no_documents() -> None:
    found = chunk(["a", " ", "b"], TextParameters(split_by="pages", chunk_size=1))
    assert [(each.text, each.index, each.total) for each in found] == [("a", 0, 2), ("b", 1, 2)]


def test_too_many_chunks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "MOST_CHUNKS", 3)
    assert len(texts("a b c", split_by="words", chunk_size=1)) == 3
    with pytest.raises(InvalidArgumentError, match="larger chunk_size") as caught:
        texts("a b c d", split_by="words", chunk_size=1)
    assert caught.value.reason == "TOO_MANY_CHUNKS"


def test_chunks_that_repeat_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "MOST_CHARACTERS", 20)
    with pytest.raises(InvalidArgumentError, match="less chunk_overlap") as caught:
        texts("abcdefghij", split_by="characters", chunk_size=5, chunk_overlap=4)
    assert caught.value.reason == "TEXT_TOO_LONG"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"split_by": "time_segments"}, "split_by"),
        ({"source_type": "youtube"}, "source_type"),
        ({"chunk_size": 10, "chunk_overlap": 10}, ""),
    ],
)
def test_what_is_not_served_is_refused_when_a_collection_is_created(parameters: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_parameters(TextParameters, parameters)
    assert caught.value.details["path"].endswith(field)
