"""Words to unit vectors with one network and its tokenizer: a text model, or the text half of an image model."""

import html
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from services.extractor.manifest import TextInput
from services.extractor.model_port import NO_EMBEDDING, Fields, Obstacle, Part, Prepared
from services.extractor.models.onnx_session import CPU, open_session
from services.extractor.models.tokenizer import Words, open_words
from services.extractor.text.legibility import Legibility
from services.extractor.text.token_windows import MOST_WINDOWS

NO_TOKEN = -1
# No language needs as many characters for a token, so what is beyond cannot reach the network.
CHARACTERS_PER_TOKEN = 64
# Rows of one length share a batch: worth some padding on an accelerator, pure waste on a CPU.
ALIKE = 32
ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids (windows, length) int64, how much each window counts, and how much of the text is legible.

    `truncated` when the text was longer than all windows.
    """

    ids: NDArray[np.int64]
    weights: tuple[float, ...]
    truncated: bool
    legibility: Legibility


class TextEncoder:
    """Thread-safe. Rows of token ids may be filled up with NO_TOKEN at their ends."""

    def __init__(self, session: InferenceSession, words: Words, form: TextInput, output: str) -> None:
        self.session = session
        self._words = words
        self._form = form
        self._output = output
        self._inputs = {each.name for each in session.get_inputs()}
        self._on_cpu = session.get_providers()[0] == CPU

    def tokens(self, text: str, lead: str = "") -> Tokens:
        """What the network reads of the text, `lead` before each window of it."""
        longest = MOST_WINDOWS * self._form.max_tokens * CHARACTERS_PER_TOKEN
        lead, cleaned = clean_lead(lead, self._form), clean(text[:longest], self._form)
        worded = self._words.of(cleaned, lead)
        rows, counts, is_longer = worded.windows(self._form.max_tokens)
        return Tokens(self._filled(rows), counts, is_longer or len(text) > longest, worded.legibility(cleaned))

    def _filled(self, rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        longest = max(map(len, rows))
        length = self._form.max_tokens if self._form.padding == "full" else self._rounded(longest)
        filled = np.full((len(rows), length), NO_TOKEN, np.int64)
        for row, ids in zip(filled, rows, strict=True):
            row[: len(ids)] = ids
        return filled

    def _rounded(self, length: int) -> int:
        return length if self._on_cpu else -(-length // ALIKE) * ALIKE

    def embed(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Token ids (n, length) -> (n, dimensions), unit norm; NaN where a vector is zero.

        On a CPU row by row: that is faster, and a vector in 8 bits depends a little on its company.
        """
        return np.concatenate([self._run(part) for part in self._parts(rows)])

    def _parts(self, rows: NDArray[np.generic]) -> Iterator[NDArray[np.generic]]:
        step = 1 if self._on_cpu else ROWS_AT_ONCE
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            shorter = self._on_cpu and self._form.padding == "longest"
            yield part[:, : int((part != NO_TOKEN).sum())] if shorter else part

    def _run(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        mask = rows != NO_TOKEN
        feed = {
            "input_ids": np.where(mask, rows, self._form.pad_id),
            "attention_mask": mask.astype(np.int64),
            "token_type_ids": np.zeros(rows.shape, np.int64),
        }
        known = {name: value for name, value in feed.items() if name in self._inputs}
        return normalise(self._pool(self.session.run([self._output], known)[0], mask))

    def _pool(self, hidden: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        match self._form.pooling:
            case "none":
                return hidden
            case "cls":
                return hidden[:, 0]
            case "mean":
                weights = mask.astype(np.float32) / mask.sum(1, keepdims=True, dtype=np.float32)
                pooled: NDArray[np.float32] = np.matmul(weights[:, None], hidden)[:, 0]
                return pooled


def open_text_encoder(folder: Path, file: str, form: TextInput, output: str) -> TextEncoder:
    """The network `file` of the folder with the tokenizer beside it."""
    return TextEncoder(open_session(folder / file), open_words(folder / form.tokenizer), form, output)


def clean(text: str, form: TextInput) -> str:
    """`canonical`, as SigLIP was trained: no entities, punctuation, capitals or doubled spaces."""
    if form.cleaning == "none":
        return text
    plain = html.unescape(html.unescape(text)).replace("_", " ")
    return " ".join(plain.translate(str.maketrans("", "", string.punctuation)).lower().split())


def clean_lead(lead: str, form: TextInput) -> str:
    """What comes before a text, and still parted from it where cleaning would take the space away."""
    cleaned = clean(lead, form)
    return f"{cleaned} " if cleaned and form.cleaning == "canonical" else cleaned


def normalise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row at unit norm; NaN for a row of zeros."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def averaged(windows: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """One vector (1, dimensions) for windows (n, dimensions) of one text; the only one as it is."""
    if len(windows) == 1:
        return windows
    return normalise(np.asarray([weights], np.float32) @ windows)


UNREADABLE_TEXT = "UNREADABLE_TEXT"
NO_TOKENS = np.empty((0, 0), np.int64)


def prepared_text(tokens: Tokens, fields: Fields, model: str) -> Prepared:
    """The piece that a text becomes. What the model cannot read gets no vector: all such texts would have the same."""
    if not tokens.legibility.is_enough:
        obstacle = Obstacle(UNREADABLE_TEXT, _why(tokens.legibility, model))
        return Prepared(NO_TOKENS, (), parts=(Part(NO_EMBEDDING, fields, obstacle=obstacle),))
    return Prepared(tokens.ids, (fields,), weights=tokens.weights)


def _why(legibility: Legibility, model: str) -> str:
    if not legibility.read and not legibility.unread:
        return "The text holds no letter and no number: there is nothing in it to compare."
    return (
        f"The model '{model}' knows {legibility.read} of the text's {legibility.read + legibility.unread} letters and "
        "numbers, and needs more than half: translate the text, or use a model that reads its script."
    )
