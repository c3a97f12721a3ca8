"""Text models of every form: prefixes, windows, padding, and the text half of an image model."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.describe_e5 import describe
from services.common.errors import InternalError, InvalidArgumentError
from services.extractor.manifest import TextManifest
from services.extractor.model_port import Fields, Model, Prepared, Source
from services.extractor.models.registry import load_models
from services.extractor.models.text_encoder import CHARACTERS_PER_TOKEN, NO_TOKEN
from services.extractor.text.token_windows import MOST_WINDOWS
from tests.support.extractor.tiny_siglip import SIDE, WIDTH
from tests.support.extractor.tiny_text import (
    E5,
    INSTRUCTION,
    MAX_TOKENS,
    TOKENIZER,
    VOCABULARY,
    write_tiny_e5,
    write_tiny_siglip_with_words,
)
from tests.support.places import PHOTOS

PHOTO = PHOTOS / "bird/duck.jpg"
EMBEDDED = "all_minilm_l6_v2_v1"


def load(root: Path | None, name: str, *, strict: bool = False) -> Model:
    """The model of that name."""
    models = load_models(root, strict=strict, max_pixels=1_000_000)
    return next(model for model in models if model.manifest.model == name)


@pytest.fixture(scope="module")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of E5's form, as a user would bring it."""
    root = tmp_path_factory.mktemp("models")
    write_tiny_e5(root)
    return load(root, E5, strict=True)


@pytest.fixture(scope="module")
def minilm() -> Model:
    """The packaged text model."""
    return load(None, EMBEDDED)


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """An image model with a text tower."""
    root = tmp_path_factory.mktemp("models")
    write_tiny_siglip_with_words(root)
    return load(root, "google_siglip_base_v1", strict=True)


def only(model: Model, source: Source) -> Prepared:
    """The one piece that the source gives."""
    (piece,) = model.pre(source)
    return piece


def fields(model: Model, source: Source) -> Fields:
    """What is known of the only chunk."""
    return only(model, source).fields[0]


def words(prepared: Prepared) -> str:
    """What the tiny tokenizer made of a text of one window."""
    (window,) = windows(prepared)
    return window


def windows(prepared: Prepared) -> list[str]:
    """What the tiny tokenizer made of each window."""
    return [" ".join(VOCABULARY[int(number)] for number in row if number != NO_TOKEN) for row in prepared.rows]


def vector(model: Model, text: str) -> NDArray[np.float32]:
    """What the model makes of a whole text."""
    piece = only(model, Source(text=text))
    (part,) = model.post(model.core(piece.rows), piece)
    return part.embedding


def test_the_packaged_model_is_the_stand_in_of_the_text_slot(minilm: Model) -> None:
    manifest = minilm.manifest
    assert (manifest.extractor, manifest.dimensions, manifest.modalities) == ("text_extractor@v1", 384, ("text",))
    assert manifest.feature_uri == f"mixpeek://text_extractor@v1/{E5}"
    assert not manifest.is_named_model


def test_e5_of_the_models_folder_comes_before_the_stand_in(tmp_path: Path) -> None:
    write_tiny_e5(tmp_path)
    models = load_models(tmp_path, strict=False, max_pixels=1_000_000)
    assert [m.manifest.model for m in models if m.manifest.extractor == "text_extractor@v1"] == [E5, EMBEDDED]


def test_published_scores_of_the_packaged_model_hold(minilm: Model) -> None:
    """Its model card compares these four; in 8 bits the scores may move a little."""
    sentences = ("That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day")
    source, *others = (minilm.core(only(minilm, Source(text=text)).rows)[0] for text in sentences)
    assert [float(source @ other) for other in others] == pytest.approx([0.695, 0.943, 0.257], abs=0.05)


def test_only_queries_get_the_instruction(e5: Model) -> None:
    assert words(only(e5, Source(text="red shoe"))) == "<s> red shoe </s>"
    asked = only(e5, Source(text="red shoe", is_query=True))
    assert words(asked) == "<s> Instruct : red . Query : red shoe </s>"
    assert asked.fields[0]["text"] == "red shoe"
    assert INSTRUCTION not in str(asked.fields)


def test_a_task_that_is_the_same_on_both_sides_treats_queries_as_documents(e5: Model) -> None:
    alike = {"embedding_task": "clustering"}
    asked = only(e5, Source(text="red shoe", is_query=True, parameters=alike))
    assert words(asked) == words(only(e5, Source(text="red shoe", parameters=alike))) == "<s> red shoe </s>"
    documents = Source(text="red shoe", parameters={"embedding_task": "retrieval_query"})
    assert words(only(e5, documents)).startswith("<s> Instruct")


def test_a_query_is_one_piece_however_the_collection_cuts(e5: Model) -> None:
    cut = {"split_by": "words", "chunk_size": 1}
    assert len(list(e5.pre(Source(text="red shoe", parameters=cut)))) == 2
    assert fields(e5, Source(text="red shoe", parameters=cut, is_query=True))["text"] == "red shoe"


def test_chunks_say_where_they_stand(e5: Model) -> None:
    source = Source(text="red. \fgreen.", parameters={"split_by": "pages", "chunk_size": 1})
    first, second = (piece.fields[0] for piece in e5.pre(source))
    assert first == {
        "text": "red. \n\n",
        "chunk_index": 0,
        "total_chunks": 2,
        "page_number": 1,
        "total_pages": 2,
        "truncated": False,
    }
    assert (second["text"], second["chunk_index"], second["page_number"]) == ("green.", 1, 2)


def test_a_text_that_is_not_cut_stands_on_no_page(e5: Model) -> None:
    assert "page_number" not in fields(e5, Source(text="red. \fgreen."))
    assert fields(e5, Source(text="red. \fgreen."))["total_pages"] == 2


def test_a_text_longer_than_the_network_reads_is_read_in_windows_of_nearly_one_length(e5: Model) -> None:
    fits = " ".join(["red"] * (MAX_TOKENS - 2))
    assert only(e5, Source(text=fits)).rows.shape == (1, MAX_TOKENS)
    long = only(e5, Source(text=fits + " green"))
    assert windows(long) == ["<s> red red red red red red red </s>", "<s> red red red red red red red green </s>"]
    assert (long.weights, long.fields[0]["truncated"]) == ((7.0, 8.0), False)
    assert fields(e5, Source(text=" " * 10_000 + "red"))["truncated"] is False


def test_what_is_longer_than_all_windows_is_told(e5: Model) -> None:
    most = " ".join(["red"] * (MOST_WINDOWS * (MAX_TOKENS - 2)))
    assert fields(e5, Source(text=most))["truncated"] is False
    longer = only(e5, Source(text=most + " green"))
    assert (longer.rows.shape, longer.fields[0]["truncated"]) == ((MOST_WINDOWS, MAX_TOKENS), True)
    blanks = Source(text="red" + " " * MOST_WINDOWS * MAX_TOKENS * CHARACTERS_PER_TOKEN + "green")
    assert fields(e5, blanks)["truncated"] is True


def test_each_window_of_a_query_begins_with_the_instruction(e5: Model) -> None:
    asked = only(e5, Source(text="shoe " * 20, is_query=True))
    assert len(asked.rows) == 3
    assert all(window.startswith("<s> Instruct : red . Query : shoe") for window in windows(asked))
    assert sum(window.count("shoe") for window in windows(asked)) == 20


def test_windows_become_one_vector_by_what_is_known_in_each(e5: Model) -> None:
    piece = only(e5, Source(text="red " * 14 + "zzz " * 5 + "green " * 9))
    (part,) = e5.post(e5.core(piece.rows), piece)
    first, second = (e5.core(row[None])[0] for row in piece.rows)
    mean = 14 * first + 9 * second
    assert (len(piece.rows), piece.weights) == (2, (14.0, 9.0))
    assert np.allclose(part.embedding, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(("one", "other"), [("granted", "refused"), ("accepted", "rejected")])
def test_the_end_of_a_long_letter_counts(minilm: Model, one: str, other: str) -> None:
    letter = "We have carefully examined the documents which you have sent us together with your request. " * 18
    granted, again, refused = (vector(minilm, f"{letter}The request is {end}.") for end in (one, one, other))
    assert float(granted @ again) == pytest.approx(1.0, abs=1e-5)
    assert float(granted @ refused) < 0.995


def test_a_text_of_five_thousand_words_is_read_to_its_end(minilm: Model) -> None:
    long = " ".join(f"word{number}" if number % 7 else "invoice" for number in range(1000)) + " contract" * 4000
    assert fields(minilm, Source(text=long))["truncated"] is False
    assert float(vector(minilm, long) @ vector(minilm, "contract " * 200)) > 0.8


def test_words_for_pictures_have_windows_too(siglip: Model) -> None:
    piece = only(siglip, Source(text="red " * 13 + "green " * 7, is_query=True))
    assert (piece.rows.shape, piece.fields[0]["truncated"]) == ((2, MAX_TOKENS), False)
    (part,) = siglip.post(siglip.core(piece.rows), piece)
    assert np.isclose(np.linalg.norm(part.embedding), 1.0, atol=1e-5)


def test_padding_has_no_influence(e5: Model) -> None:
    short, long = (only(e5, Source(text=text)).rows for text in ("red", "green shoe invoice"))
    padded = np.full((2, long.shape[1]), NO_TOKEN)
    padded[0, : short.shape[1]], padded[1] = short, long
    assert np.allclose(e5.core(padded), np.concatenate([e5.core(short), e5.core(long)]), atol=1e-6)


def test_vectors_have_unit_norm(e5: Model, minilm: Model) -> None:
    for model in (e5, minilm):
        assert np.isclose(np.linalg.norm(model.core(only(model, Source(text="red")).rows)), 1.0, atol=1e-5)


def test_another_tokenizer_under_the_same_manifest_is_refused(tmp_path: Path) -> None:
    (write_tiny_e5(tmp_path) / TOKENIZER).write_text("{}")
    with pytest.raises(InternalError, match=r"tokenizer\.json has sha256"):
        load(tmp_path, E5)


def test_a_tokenizer_that_no_digest_vouches_for_is_refused(tmp_path: Path) -> None:
    write_tiny_e5(tmp_path, companions={})
    with pytest.raises(InternalError, match="companions"):
        load(tmp_path, E5)


def test_words_and_pictures_of_one_model_meet_in_one_space(siglip: Model) -> None:
    assert siglip.manifest.modalities == ("image", "text")
    asked = only(siglip, Source(text="Red_Shoe!", is_query=True))
    pictured = only(siglip, Source(content=PHOTO.read_bytes()))
    assert asked.rows.shape == (1, MAX_TOKENS)
    assert words(asked) == "<s> red shoe </s>"
    assert pictured.rows.shape == (1, 3, SIDE, SIDE)
    assert siglip.core(asked.rows).shape == siglip.core(pictured.rows).shape


def test_an_image_model_without_a_text_tower_names_itself() -> None:
    with pytest.raises(InvalidArgumentError, match="'efficientnet_lite2' reads pictures") as caught:
        list(load(None, "efficientnet_lite2").pre(Source(text="red shoe", is_query=True)))
    assert caught.value.reason == "TEXT_NOT_SUPPORTED"


def test_published_files_of_e5_become_a_model_folder(tmp_path: Path) -> None:
    published = write_tiny_e5(tmp_path / "published")
    describe(published, tmp_path / "models")
    model = load(tmp_path / "models", E5, strict=True)
    manifest = model.manifest
    assert isinstance(manifest, TextManifest)
    assert (manifest.dimensions, manifest.input.max_tokens, manifest.is_named_model) == (WIDTH, 512, True)
    assert manifest.label_threshold == 0.85
    asked = words(only(model, Source(text="red shoe", is_query=True)))
    assert asked.startswith("<s> Instruct : ")
    assert asked.endswith(" Query : red shoe </s>")
