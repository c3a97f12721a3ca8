"""Two spellings of one text: labels are kept composed (NFC), whichever way they are asked for."""

import unicodedata
from collections.abc import Iterable

from services.common.filters.tree import Scalar


def spellings(values: Iterable[Scalar]) -> list[Scalar]:
    """The values, each text also in its composed form."""
    return [each for value in values for each in _of(value)]


def _of(value: Scalar) -> tuple[Scalar, ...]:
    if not isinstance(value, str) or unicodedata.is_normalized("NFC", value):
        return (value,)
    return value, unicodedata.normalize("NFC", value)
