"""Words to unit vectors with one network and its tokenizer: a text model, or the text half of an image model."""

import html
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

from services.extractor.models.manifest import TextInput
from services.extractor.models.session import CPU, open_session

NO_TOKEN = -1
# No language needs as many characters for a token, so what is beyond cannot reach the network.
CHARACTERS_PER_TOKEN = 64
# Rows of one length share a batch: worth some padding on an accelerator, pure waste on a CPU.
ALIKE = 32


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids (1, length) int64; `truncated` when the text was longer than the network reads."""

    ids: NDArray[np.int64]
    truncated: bool


class TextEncoder:
    """Thread-safe. Rows of token ids may be filled up with NO_TOKEN at their ends."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, form: TextInput, output: str) -> None:
        self.session = session
        self._tokenizer = tokenizer
        self._form = form
        self._output = output
        self._inputs = {each.name for each in session.get_inputs()}
        self._multiple = 1 if session.get_providers()[0] == CPU else ALIKE

    def tokens(self, text: str) -> Tokens:
        """What the network reads of the text: its first `max_tokens` tokens, the special ones among them."""
        longest = self._form.max_tokens * CHARACTERS_PER_TOKEN
        encoding = self._tokenizer.encode(clean(text[:longest], self._form))
        length = self._form.max_tokens if self._form.padding == "full" else _round_up(len(encoding.ids), self._multiple)
        ids = np.full((1, length), NO_TOKEN, np.int64)
        ids[0, : len(encoding.ids)] = encoding.ids
        return Tokens(ids, truncated=bool(encoding.overflowing) or len(text) > longest)

    def embed(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Token ids (n, length) -> (n, dimensions), unit norm."""
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
    """The network `file` of the folder with the tokenizer beside it, which neither pads nor reads too far."""
    tokenizer = Tokenizer.from_file(str(folder / form.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(form.max_tokens)
    return TextEncoder(open_session(folder / file), tokenizer, form, output)


def clean(text: str, form: TextInput) -> str:
    """`canonical`, as SigLIP was trained: no entities, punctuation, capitals or doubled spaces."""
    if form.cleaning == "none":
        return text
    plain = html.unescape(html.unescape(text)).replace("_", " ")
    return " ".join(plain.translate(str.maketrans("", "", string.punctuation)).lower().split())


def normalise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row at unit norm."""
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
