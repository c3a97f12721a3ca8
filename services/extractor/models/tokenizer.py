"""A tokenizer: a text as the numbers that a network knows, and which characters of it the network does not know."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from tokenizers import Tokenizer

from services.extractor.text.legibility import Legibility, Token, legibility
from services.extractor.text.token_windows import cut, weights


@dataclass(frozen=True, slots=True)
class Worded:
    """The tokens of a text: those that open and close every window, those of its lead, and those of the text itself.

    `tokens` says where each of `body` stands.
    """

    opening: Sequence[int]
    body: Sequence[int]
    closing: Sequence[int]
    tokens: Sequence[Token]

    def windows(self, size: int) -> tuple[list[list[int]], tuple[float, ...], bool]:
        """Rows of at most `size` ids, how much each counts, and whether the text is longer than all of them."""
        opening = self.opening[: size // 2]
        found = cut(len(self.body), size - len(opening) - len(self.closing))
        rows = [[*opening, *self.body[start:end], *self.closing] for start, end in found]
        return rows, weights([token.known for token in self.tokens], found), found[-1][1] < len(self.body)

    def legibility(self, text: str) -> Legibility:
        """How much of the text is read."""
        return legibility(text, self.tokens)


class Words:
    """Thread-safe. `unknown` is the id of the token that stands for whatever the vocabulary lacks, if there is one."""

    def __init__(self, tokenizer: Tokenizer, unknown: int | None) -> None:
        self._tokenizer = tokenizer
        self._unknown = unknown

    def of(self, text: str, lead: str) -> Worded:
        """The tokens of the text after its lead."""
        encoding = self._tokenizer.encode(lead + text)
        ids, offsets = encoding.ids, encoding.offsets  # each asking copies all of them
        first, last = _inside(encoding.special_tokens_mask)
        body = next((n for n in range(first, last) if offsets[n][1] > len(lead)), last)
        tokens = [
            Token(max(0, start - len(lead)), end - len(lead), number != self._unknown)
            for number, (start, end) in zip(ids[body:last], offsets[body:last], strict=True)
        ]
        return Worded(ids[:body], ids[body:last], ids[last:], tokens)


def open_words(file: Path) -> Words:
    """The tokenizer of the file, which neither pads nor cuts off."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = orjson.loads(file.read_bytes())["model"]
    named = model.get("unk_token")
    return Words(tokenizer, model.get("unk_id") if named is None else tokenizer.token_to_id(named))


def _inside(special: Sequence[int]) -> tuple[int, int]:
    """Where the tokens of the text begin and end, between the special ones."""
    inside = [number for number, is_special in enumerate(special) if not is_special]
    if inside:
        return inside[0], inside[-1] + 1
    return len(special) // 2, len(special) // 2
