"""What a value says as a label: blank says nothing, and two spellings of one text are one label."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from services.common.json.paths import with_each

# White space, control and format characters, fillers and selectors: what shows nothing. The database's `is_label`
# knows the same. Signs of the Arabic script that are format characters show.
BLANKS = (
    "\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001-\U000e01ef"
)
_IS_VISIBLE = re.compile(f"[^{BLANKS}]")
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


def label_values(fields: Mapping[str, Any], label_fields: Iterable[str]) -> dict[str, Any]:
    """The fields with those that are labels as labels, dotted ones also inside of others; the rest as it is."""
    return with_each(fields, label_fields, label_value)


def _text(value: str) -> str | None:
    if _IS_VISIBLE.search(value) is None:
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
