"""What a model cannot read gets no vector: all such texts would have the same one, and be alike at 1.0."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.errors import InvalidArgumentError
from services.extractor.input_in_flight import Extracted
from services.extractor.model_port import Model, Part, Prepared, Source
from services.extractor.models.registry import load_models
from services.extractor.pipeline import Pipeline
from services.extractor.serving_plan import Plan
from services.extractor.text.legibility import Token, legibility
from tests.support.extractor.tiny_text import write_tiny_e5, write_tiny_siglip_with_words
from tests.support.media.pdfs import worded_pdf

UNREADABLE = {
    "Amharic": "ይህ የኪራይ ውል ነው።",
    "Khmer": "នេះគឺជាកិច្ចសន្យាជួលផ្ទះ",
    "Khmer with a digit": "សូមបង់វិក្កយបត្រ 5",
    "Thai": "นี่คือสัญญาเช่าบ้าน",
    "Telugu": "ఇది అద్దె ఒప్పందం",
    "Malayalam": "ഇത് ഒരു വാടക കരാർ ആണ്",
    "Punjabi": "ਇਹ ਕਿਰਾਏ ਦਾ ਇਕਰਾਰਨਾਮਾ ਹੈ",
    "Georgian": "გთხოვთ გადაიხადოთ ანგარიში",
    "Georgian, of which it knows a word": "ეს არის ქირავნობის ხელშეკრულება",
    "Chinese, of which it knows a third": "这是一份房屋租赁合同，请在三十天内支付发票",
    "emojis": "😀😃😄 👍🏽",
    "zero-width characters": "\u200b\u200c\u200d\ufeff",
    "control characters": "\x01\x02\x03",
    "punctuation": "... !!! --- ???",
    "characters that were lost": "\ufffd\ufffd\ufffd",
}
READABLE = {
    "English": "An invoice for five chairs",
    "a number": "4711",
    "accents": "Re\u0301sume\u0301 na\u00efve",
    "Russian": "Это договор аренды",
    "Arabic": "هذا عقد إيجار",
    "Hindi": "यह किराये का अनुबंध है",
    "Korean": "이것은 임대차 계약서입니다 청구서를 지불해 주세요",
    "a word in another script": "Invoice number 5 for ភាសា",
    "emojis after words": "great job 😀😀😀😀😀😀😀😀😀😀😀😀",
    "zero-width characters between words": "an\u200binvoice\ufeff",
}


@pytest.fixture(scope="module")
def minilm() -> Model:
    """The packaged text model, of English."""
    return next(each for each in load_models(None, strict=False, max_pixels=1) if "minilm" in each.manifest.model)


@pytest.fixture(scope="module")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of E5's form."""
    root = tmp_path_factory.mktemp("models")
    write_tiny_e5(root)
    return load_models(root, strict=True, max_pixels=1)[0]


def pieces(model: Model, source: Source) -> list[Prepared]:
    return list(model.pre(source))


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_the_model_cannot_read_is_a_part_with_its_text_and_no_vector(minilm: Model, text: str) -> None:
    (piece,) = pieces(minilm, Source(text=text))
    (part,) = piece.parts
    assert (len(piece.rows), part.embedding.size, part.fields["text"]) == (0, 0, text)
    assert part.obstacle is not None
    assert part.obstacle.reason == "UNREADABLE_TEXT"


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_what_it_knows_more_than_half_of_is_embedded(minilm: Model, text: str) -> None:
    (piece,) = pieces(minilm, Source(text=text))
    assert (len(piece.rows), piece.parts) == (1, ())


def test_the_reason_says_how_much_is_known_and_what_to_do(minilm: Model) -> None:
    (piece,) = pieces(minilm, Source(text=UNREADABLE["Khmer with a digit"]))
    obstacle = piece.parts[0].obstacle
    assert obstacle is not None
    assert "'all_minilm_l6_v2_v1' knows 1 of the text's 12 letters" in obstacle.message
    assert "translate" in obstacle.message


def test_a_tokenizer_of_another_form_names_its_unknown_token_too(e5: Model) -> None:
    (piece,) = pieces(e5, Source(text="wolf moon", is_query=True))
    assert piece.parts[0].obstacle is not None
    assert pieces(e5, Source(text="red shoe moon"))[0].parts == ()


def test_chunks_that_cannot_be_read_leave_the_others_alone(minilm: Model) -> None:
    source = Source(
        text="An invoice.\n\nភាសាខ្មែរ\n\nA contract.", parameters={"split_by": "paragraphs", "chunk_size": 1}
    )
    found = pieces(minilm, source)
    assert [len(piece.rows) for piece in found] == [1, 0, 1]
    assert [each.fields["chunk_index"] for piece in found for each in piece.parts] == [1]


def test_a_window_that_cannot_be_read_counts_nothing(minilm: Model) -> None:
    (piece,) = pieces(minilm, Source(text="An invoice for five chairs. " * 60 + "ក " * 300))
    assert len(piece.rows) > 1
    assert piece.weights[-1] == 0.0
    assert all(weight > 0 for weight in piece.weights[:-1])


def test_a_pdf_whose_words_are_no_characters_is_unreadable(minilm: Model) -> None:
    (piece,) = pieces(minilm, Source(content=worded_pdf(["%&! ,.;", ".."]), mime_type="application/pdf"))
    assert piece.parts[0].obstacle is not None


def test_words_for_pictures_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    write_tiny_siglip_with_words(tmp_path / "models")
    (siglip,) = load_models(tmp_path / "models", strict=True, max_pixels=1)
    (piece,) = pieces(siglip, Source(text="ភាសាខ្មែរ", is_query=True))
    assert piece.parts[0].obstacle is not None


async def test_a_query_that_cannot_be_read_is_an_error_and_a_document_is_not(minilm: Model) -> None:
    pipeline = Pipeline(minilm, Plan(1, 1), decoders=1, capacity=8)
    try:
        text = UNREADABLE["Thai"]
        document, query = await pipeline.extract([Source(text=text), Source(text=text, is_query=True)])
    finally:
        pipeline.close()
    assert isinstance(document, Extracted)
    assert isinstance(query, InvalidArgumentError)
    assert query.reason == "UNREADABLE_TEXT"


class Constant:
    """A model that makes the same numbers of everything."""

    def __init__(self, real: Model, numbers: Sequence[float]) -> None:
        self.manifest, self.providers = real.manifest, real.providers
        self._numbers = np.array([numbers], np.float32)

    def warm(self) -> None:
        """Nothing to warm."""

    def pre(self, source: Source) -> list[Prepared]:
        return [Prepared(np.zeros((1, 1)), ({"n": 1},))]

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        return self._numbers

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        return (Part(embeddings[0], prepared.fields[0]),)

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        return parts


@pytest.mark.parametrize("numbers", [(0.0, 0.0), (float("nan"), 1.0), (float("inf"), 0.0)], ids=str)
async def test_a_vector_that_points_nowhere_is_none(minilm: Model, numbers: Sequence[float]) -> None:
    pipeline = Pipeline(Constant(minilm, numbers), Plan(1, 1), decoders=1, capacity=8)
    try:
        document, query = await pipeline.extract([Source(content=b"a"), Source(content=b"a", is_query=True)])
    finally:
        pipeline.close()
    assert isinstance(document, Extracted)
    (part,) = document.parts
    assert (part.embedding.size, part.fields, part.obstacle and part.obstacle.reason) == (0, {"n": 1}, "NO_VECTOR")
    assert isinstance(query, InvalidArgumentError)


def test_a_letter_under_a_known_and_an_unknown_token_is_not_read() -> None:
    found = legibility("ab c", [Token(0, 2, known=True), Token(1, 2, known=False), Token(3, 4, known=True)])
    assert (found.read, found.unread, found.is_enough) == (2, 1, True)


def test_half_is_not_enough() -> None:
    assert not legibility("ab", [Token(0, 1, known=True), Token(1, 2, known=False)]).is_enough
