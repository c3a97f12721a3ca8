"""Image models as their manifests describe them: one class for EfficientNet-Lite2, SigLIP and their like."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from PIL import Image

from services.common.errors import InvalidArgumentError
from services.extractor.manifest import ImageInput, ImageManifest
from services.extractor.media.file_kinds import Kind, kind_of
from services.extractor.media.image_decoder import decode_rgb
from services.extractor.media.pdf_pages import pdf_pages
from services.extractor.model_port import Model, Part, Prepared, Source
from services.extractor.models.embedding_check import check_embedding
from services.extractor.models.onnx_session import open_session
from services.extractor.models.text_encoder import TextEncoder, averaged, open_text_encoder, prepared_text

DRAFT = 4
WORDS = 2


class OnnxImageModel:
    """A network from pixels to one embedding per picture; `words` embeds text in the same space, if there is such."""

    def __init__(
        self, manifest: ImageManifest, session: InferenceSession, words: TextEncoder | None, max_pixels: int
    ) -> None:
        self.manifest = manifest
        self._session = session
        self._words = words
        self._max_pixels = max_pixels

    @property
    def providers(self) -> tuple[str, ...]:
        """Where the session runs: asked of the session, because a GPU build lists CUDA even where there is none."""
        return tuple(self._session.get_providers())

    def warm(self) -> None:
        """Embeds a black picture, and its description, and checks size and norm."""
        pixels = self.manifest.input
        check_embedding(self.core(np.zeros((1, 3, pixels.height, pixels.width), np.float32)), self.manifest)
        if self._words is not None:
            check_embedding(self.core(self._words.tokens("black").ids), self.manifest)

    def pre(self, source: Source) -> Iterable[Prepared]:
        """Decodes, squashes and normalises: rows (1, 3, height, width) float32, one piece per page of a PDF."""
        if source.text:
            return (self._text(source.text),)
        if kind_of(source.content, source.mime_type) is Kind.PDF:
            return self._pages(source)
        return (Prepared(preprocess(source.content, self.manifest.input, self._max_pixels)[None], ({},)),)

    def _pages(self, source: Source) -> Iterator[Prepared]:
        pages = pdf_pages(source.content, DRAFT * max(self.manifest.input.width, self.manifest.input.height))
        with contextlib.closing(pages):
            for page in islice(pages, 1 if source.is_query else None):
                rows = normalise(Image.fromarray(page.pixels), self.manifest.input)[None]
                yield Prepared(rows, (page.fields,))

    def _text(self, text: str) -> Prepared:
        if self._words is None:
            raise InvalidArgumentError(
                f"Model '{self.manifest.model}' reads pictures, not text: send a picture, or use a model of the models "
                "folder that has a text tower.",
                reason="TEXT_NOT_SUPPORTED",
            )
        tokens = self._words.tokens(text)
        return prepared_text(tokens, {"text": text, "truncated": tokens.truncated}, self.manifest.model)

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Runs the network: (n, 3, height, width), or token ids (n, tokens) -> (n, dimensions)."""
        if self._words is not None and rows.ndim == WORDS:
            return self._words.embed(rows)
        embeddings: NDArray[np.float32] = self._session.run([self.manifest.output], {self.manifest.input.name: rows})[0]
        return embeddings

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        """One part per picture; one for all windows of a text."""
        if prepared.weights:
            return (Part(averaged(embeddings, prepared.weights)[0], prepared.fields[0]),)
        return tuple(Part(row, fields) for row, fields in zip(embeddings, prepared.fields, strict=True))

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        """All of them."""
        return parts


def preprocess(content: bytes, pixels: ImageInput, max_pixels: int) -> NDArray[np.float32]:
    """Picture -> (3, height, width) float32. Large JPEGs are decoded small, at DRAFT times this or more."""
    return normalise(decode_rgb(content, max_pixels, at_least=(DRAFT * pixels.width, DRAFT * pixels.height)), pixels)


def normalise(image: Image.Image, pixels: ImageInput) -> NDArray[np.float32]:
    """RGB image -> (3, height, width) float32."""
    squashed = image.resize((pixels.width, pixels.height), Image.Resampling.BICUBIC)
    values = np.ascontiguousarray(np.asarray(squashed).transpose(2, 0, 1), dtype=np.float32)
    mean, std = (np.array(channel, np.float32)[:, None, None] for channel in (pixels.mean, pixels.std))
    values -= mean
    values /= std
    return values


def open_image_model(folder: Path, manifest: ImageManifest, max_pixels: int) -> Model:
    """The model whose files lie in `folder`."""
    tower = manifest.text
    words = None if tower is None else open_text_encoder(folder, tower.file, tower.input, tower.output)
    return OnnxImageModel(manifest, open_session(folder / manifest.file), words, max_pixels)
