"""What a value says as a label: blank says nothing, and two spellings of one text are one label."""

import unicodedata
from collections.abc import Sequence
from typing import Any

# Look like nothing without being white space or control characters: fillers, the empty Braille cell, selectors.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Trimmed with the white space. Joiners (U+200C, U+200D) and tags stay: they end words and flags.
_EDGES = "\u00ad\u180e\u200b\u200e\u200f\u2060\ufeff" + "".join(map(chr, range(0x202A, 0x202F)))


def label_value(value: Any) -> Any:
    """The label that a value is; None when it says nothing.

    Texts are trimmed and in NFC, their case is the user's. Blank are null, false, texts without a visible character,
    and lists and objects of nothing else. Blank entries of a list go, those of an object that
    says something become null. Numbers (0 too) and true are labels.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [label for each in value if (label := label_value(each)) is not None] or None
    if isinstance(value, dict):
        return _object(value)
    return None if value is False else value


def label_values(fields: dict[str, Any], label_fields: Sequence[str]) -> dict[str, Any]:
    """The fields with those that are labels as labels; the others as they are."""
    return fields | {field: label_value(fields[field]) for field in label_fields if field in fields}


def _text(value: str) -> str | None:
    if all(map(_is_unseen, value)):
        return None
    text = unicodedata.normalize("NFC", value)
    while (shorter := text.strip().strip(_EDGES)) != text:
        text = shorter
    return text


def _object(value: dict[str, Any]) -> dict[str, Any] | None:
    labels = {name: label_value(inside) for name, inside in value.items()}
    if all(label is None for label in labels.values()):
        return None
    return {name: False if value[name] is False else label for name, label in labels.items()}


def _is_unseen(character: str) -> bool:
    return (
        character.isspace()
        or unicodedata.category(character) in ("Cc", "Cf")
        or character in _UNSEEN
        or any(ord(character) in selectors for selectors in _SELECTORS)
    )
