"""What events say: ids, names and the names of changed fields, bounded, never contents.

A payload stays well under 20 kB: longer lists are cut, and always come with their count.
"""

from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MOST_IDS = 100
MOST_FIELDS = 50
LONGEST_NAME = 100
LONGEST_TEXT = 1000


def listed_ids(kind: str, ids: Sequence[str]) -> JsonObject:
    """The first ids of a `kind` such as document, and how many there are of them all."""
    return {f"{kind}_ids": list(ids[:MOST_IDS]), f"{kind}_count": len(ids)}


def changed_fields(names: Iterable[str]) -> JsonObject:
    """The names of changed fields in order, and how many there are where that is not all of them."""
    every = sorted(names)
    shown = [name[:LONGEST_NAME] for name in every[:MOST_FIELDS]]
    return {"fields": shown, **({"field_count": len(every)} if len(every) > len(shown) else {})}


def shortened(text: str | None) -> str | None:
    """A text such as an error, not too long."""
    return text if text is None or len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."
