"""Text models as their manifests describe them: one class for MiniLM, E5 and their like."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.extractors.parameters import EmbeddingTask, TextParameters, read_parameters
from services.extractor.manifest import TextManifest
from services.extractor.model_port import Fields, FieldValue, Model, Part, Prepared, Source
from services.extractor.models.embedding_check import check_embedding
from services.extractor.models.text_encoder import TextEncoder, averaged, open_text_encoder, prepared_text
from services.extractor.text.chunking import Chunk, chunk
from services.extractor.text.text_of_file import Text, read_text

WARM = "Warm words."


class OnnxTextModel:
    """A network from words to one embedding per chunk."""

    def __init__(self, manifest: TextManifest, encoder: TextEncoder) -> None:
        self.manifest = manifest
        self._encoder = encoder

    @property
    def providers(self) -> tuple[str, ...]:
        """Where the session runs."""
        return tuple(self._encoder.session.get_providers())

    def warm(self) -> None:
        """Embeds a few words, and checks size and norm."""
        check_embedding(self.core(self._encoder.tokens(WARM).ids), self.manifest)

    def pre(self, source: Source) -> Iterator[Prepared]:
        """Reads, cuts and tokenises: rows (windows, tokens) int64, one piece per chunk; a query is one chunk."""
        parameters = read_parameters(TextParameters, source.parameters, "parameters")
        text = read_text(source)
        lead = self.manifest.prefixes.get(task_of(parameters, source.is_query), "")
        whole = parameters.model_copy(update={"split_by": "none"})
        for each in chunk(text.pages, whole if source.is_query else parameters):
            tokens = self._encoder.tokens(each.text, lead)
            yield prepared_text(tokens, _fields(each, text, tokens.truncated), self.manifest.model)

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Runs the network: token ids (n, tokens) -> (n, dimensions)."""
        return self._encoder.embed(rows)

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        """One part per chunk, the mean of its windows."""
        return (Part(averaged(embeddings, prepared.weights)[0], prepared.fields[0]),)

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        """All of them."""
        return parts


def task_of(parameters: TextParameters, is_query: bool) -> EmbeddingTask:
    """What a text is embedded for: where documents are to be retrieved, whoever asks for them is a query."""
    task = parameters.embedding_task
    return "retrieval_query" if is_query and task == "retrieval_document" else task


def _fields(each: Chunk, text: Text, truncated: bool) -> Fields:
    """`truncated` says that the chunk is longer than all windows, and that only its beginning was read."""
    fields: dict[str, FieldValue] = {
        "text": each.text,
        "chunk_index": each.index,
        "total_chunks": each.total,
        "truncated": truncated,
    }
    if text.paged:
        fields["total_pages"] = len(text.pages)
        if each.page is not None:
            fields["page_number"] = each.page
    return fields


def open_text_model(folder: Path, manifest: TextManifest, _: int) -> Model:
    """The model whose files lie in `folder`."""
    encoder = open_text_encoder(folder, manifest.file, manifest.input, manifest.output)
    return OnnxTextModel(manifest, encoder)
