"""Whether a model can read a text: all texts of characters that it does not know are the same to it. Pure."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LETTERS = "LN"
SYMBOLS = "So"


@dataclass(frozen=True, slots=True)
class Token:
    """What the tokenizer made of the characters `start` to `end` of a text; `known` unless it stands for any others."""

    start: int
    end: int
    known: bool


@dataclass(frozen=True, slots=True)
class Legibility:
    """How many letters, numbers and symbols of a text the model reads, and how many it does not."""

    read: int
    unread: int

    @property
    def is_enough(self) -> bool:
        """More than half: of a text with less, what the model does not know would be labelled by what it does."""
        return self.read > self.unread


def legibility(text: str, tokens: Iterable[Token]) -> Legibility:
    """Counts characters, since one unknown token can stand for a whole sentence; punctuation says nothing.

    A row of unknown symbols counts as one: a word with ten emojis is still a word.
    """
    known, unknown = set[int](), set[int]()
    rows = 0
    for token in tokens:
        places = range(token.start, token.end)
        (known if token.known else unknown).update(places)
        rows += not token.known and _is_row_of_symbols(text[token.start : token.end])
    known -= unknown
    read = sum(_is_letter(text[place]) or _is_symbol(text[place]) for place in known)
    unread = sum(place not in known and _is_letter(letter) for place, letter in enumerate(text))
    return Legibility(read, unread + rows)


def _is_row_of_symbols(text: str) -> bool:
    return any(map(_is_symbol, text)) and not any(map(_is_letter, text))


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in LETTERS


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) == SYMBOLS
