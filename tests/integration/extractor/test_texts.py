"""text_extractor as its callers see it: chunks with vectors, errors of single inputs, and a service that goes on."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from likeness.extractor.v1 import extractor_pb2 as pb
from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import from_message
from tests.support.extractor.running_extractor import EMBEDDED, IMAGE_EXTRACTOR, RunningExtractor, extractor
from tests.support.media.pdfs import ENCRYPTED, worded_pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT_EXTRACTOR = "text_extractor@v1"
MODEL = "all_minilm_l6_v2_v1"
SLOT = "mixpeek://text_extractor@v1/multilingual_e5_large_instruct_v1"
TOPICS = {
    "invoice": (
        "Invoice 4711: please pay 1,250 euros within thirty days to the account below.",
        "Your bill for October is due; the total amount including VAT is 89.90.",
        "Payment reminder: the invoice of 3 May has not been settled yet.",
    ),
    "contract": (
        "This agreement is made between the landlord and the tenant for a term of five years.",
        "Either party may terminate the contract with three months' written notice.",
        "The licensee shall not disclose confidential information to third parties.",
    ),
    "recipe": (
        "Whisk the eggs with sugar, fold in the flour and bake for forty minutes.",
        "Simmer the tomatoes with garlic and basil, then serve over pasta.",
        "Knead the dough, let it rise for an hour and bake the bread until golden.",
    ),
}
LETTERS = worded_pdf(["First page about invoices", "Second page about pasta", ""])
DAMAGES = 80


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[RunningExtractor]:
    """An extractor with the packaged models."""
    async with extractor() as running:
        await running.until_serving()
        yield running


async def extract(
    serving: RunningExtractor, inputs: Sequence[pb.Input], parameters: Mapping[str, str | int] | None = None
) -> list[pb.Extraction]:
    """What text_extractor makes of the inputs."""
    request = pb.ExtractRequest(extractor=TEXT_EXTRACTOR, model=MODEL, inputs=inputs)
    request.parameters.update(parameters or {})
    return await serving.send(request)


def vectors(extractions: Sequence[pb.Extraction]) -> NDArray[np.float32]:
    """The vectors of extractions of one part each, (n, 384)."""
    parts = [part for extraction in extractions for part in extraction.parts]
    assert len(parts) == len(extractions)
    assert {part.embeddings[0].feature_uri for part in parts} == {SLOT}
    return np.stack([from_message(part.embeddings[0].vector) for part in parts])


async def test_texts_on_one_topic_are_nearer_than_across_topics(serving: RunningExtractor) -> None:
    labels = np.repeat(list(TOPICS), [len(texts) for texts in TOPICS.values()])
    inputs = [pb.Input(text=text) for texts in TOPICS.values() for text in texts]
    found = vectors(await extract(serving, inputs))
    assert found.shape == (len(labels), 384)
    scores = found @ found.T
    np.fill_diagonal(scores, -1)
    assert (labels[scores.argmax(1)] == labels).all()


async def test_a_query_finds_what_it_asks_for(serving: RunningExtractor) -> None:
    inputs = [pb.Input(text=texts[0]) for texts in TOPICS.values()]
    query = pb.Input(text="how much do I owe?", purpose=pb.PURPOSE_QUERY)
    *documents, asked = vectors(await extract(serving, [*inputs, query], {"split_by": "words", "chunk_size": 1000}))
    assert list(TOPICS)[int(np.argmax(np.stack(documents) @ asked))] == "invoice"


async def test_a_vector_does_not_depend_on_its_company(serving: RunningExtractor) -> None:
    text = pb.Input(text=TOPICS["recipe"][0])
    (alone,) = await extract(serving, [text])
    among = await extract(serving, [*(pb.Input(text="word " * n) for n in range(1, 30)), text])
    assert among[-1].parts[0].embeddings == alone.parts[0].embeddings


async def test_chunks_come_in_the_order_of_the_text(serving: RunningExtractor) -> None:
    sentences = [f"Sentence {number} of the text. " for number in range(120)]
    parameters: Mapping[str, str | int] = {"split_by": "sentences", "chunk_size": 2, "chunk_overlap": 1}
    (extraction,) = await extract(serving, [pb.Input(text="".join(sentences))], parameters)
    fields = [dict(part.fields) for part in extraction.parts]
    assert [each["text"] for each in fields] == [a + b for a, b in pairwise(sentences)]
    assert [each["chunk_index"] for each in fields] == list(range(119))
    assert {each["total_chunks"] for each in fields} == {119}


async def test_pages_of_a_pdf_become_parts(serving: RunningExtractor) -> None:
    content = pb.Input(content=LETTERS, mime_type="application/pdf")
    (extraction,) = await extract(serving, [content], {"split_by": "pages", "chunk_size": 1})
    found = [(part.fields["page_number"], part.fields["total_pages"], part.fields["text"]) for part in extraction.parts]
    assert found == [(1, 3, "First page about invoices\n\n"), (2, 3, "Second page about pasta\n\n")]


async def test_bad_inputs_get_their_own_reasons_among_good_ones(serving: RunningExtractor) -> None:
    contents = [
        b"Gr\xfc\xdfe aus M\xfcnchen",
        b"",
        LETTERS,
        ENCRYPTED,
        worded_pdf([""]),
        b"%PDF-1.4",
        b"\x00\x01" * 9,
    ]
    extractions = await extract(serving, [pb.Input(content=content) for content in contents])
    reasons = ["", "EMPTY", "", "ENCRYPTED_PDF", "NO_TEXT", "NOT_A_PDF", "NOT_A_TEXT"]
    assert [each.error.reason for each in extractions] == reasons
    assert all(bool(each.parts) != bool(each.error.reason) for each in extractions)


async def test_what_the_model_cannot_read_has_no_vector_and_is_no_query(serving: RunningExtractor) -> None:
    texts = ["ភាសាខ្មែរ", "\u200b\u200d", "Khmer: ភាសាខ្មែរ គឺជាភាសា"]
    documents = await extract(serving, [pb.Input(text=text) for text in (*texts, "An invoice")])
    parts = [part for extraction in documents for part in extraction.parts]
    assert [len(part.embeddings) for part in parts] == [0, 0, 0, 1]
    assert [part.no_embedding.reason for part in parts] == ["UNREADABLE_TEXT"] * 3 + [""]
    assert [part.fields["text"] for part in parts] == [*texts, "An invoice"]
    queries = await extract(serving, [pb.Input(text=text, purpose=pb.PURPOSE_QUERY) for text in texts])
    assert [(len(each.parts), each.error.reason) for each in queries] == [(0, "UNREADABLE_TEXT")] * 3


async def test_parameters_that_cannot_be_are_refused_by_name(serving: RunningExtractor) -> None:
    (extraction,) = await extract(serving, [pb.Input(text="words")], {"chunk_size": 0})
    assert extraction.error.reason == "INVALID_ARGUMENT"
    assert "parameters.chunk_size" in extraction.error.message


async def test_an_extractor_without_models_says_so(serving: RunningExtractor) -> None:
    request = pb.ExtractRequest(extractor="passthrough_extractor@v1", inputs=[pb.Input(text="words")])
    with pytest.raises(InvalidArgumentError, match="copies fields") as caught:
        await serving.send(request)
    assert caught.value.reason == "NO_MODEL"
    assert "passthrough_extractor@v1" not in {model.extractor for model in await serving.models()}


async def test_words_for_a_model_of_pictures_are_refused_with_its_name(serving: RunningExtractor) -> None:
    query = pb.Input(text="red shoes", purpose=pb.PURPOSE_QUERY)
    (extraction,) = await serving.send(pb.ExtractRequest(extractor=IMAGE_EXTRACTOR, model=EMBEDDED, inputs=[query]))
    assert extraction.error.reason == "TEXT_NOT_SUPPORTED"
    assert EMBEDDED in extraction.error.message


async def test_damaged_pdfs_always_get_an_answer(serving: RunningExtractor) -> None:
    chance = random.Random(7)
    damaged = [damage(LETTERS, chance) for _ in range(DAMAGES)]
    for start in range(0, DAMAGES, 20):
        extractions = await extract(serving, [pb.Input(content=content) for content in damaged[start : start + 20]])
        assert all(bool(each.parts) != bool(each.error.reason) for each in extractions)
    assert vectors(await extract(serving, [pb.Input(text="still serving")])).shape == (1, 384)


def damage(content: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed, left out or repeated."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                del changed[place : place + chance.randint(1, 40)]
            case 2:
                changed[place:place] = changed[place : place + chance.randint(1, 40)]
            case _:
                changed[place:place] = str(chance.choice([-1, 0, 2**31, 10**12])).encode()
    return bytes(changed)
