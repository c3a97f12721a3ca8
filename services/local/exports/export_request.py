"""What an export was asked for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.common.errors import InvalidArgumentError

SPLIT = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,40})=(?P<share>[0-9.]+)(?P<percent>%?)")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of the command.

    `source` is the server, with the namespace. `splits` maps names to shares that add up to one, empty where none are
    asked for. `human_only` takes labels of people and imports alone; machine's labels count from `least_confidence` on.
    `keep_unlabelled` takes rows without a label that counts along.
    """

    source: str
    collection: str
    format: str
    path: Path
    label_field: str | None
    human_only: bool
    least_confidence: float
    keep_unlabelled: bool
    splits: Mapping[str, float]
    with_files: bool
    separator: str
    filters: str | None

    def told(self) -> dict[str, Any]:
        """What decides which rows are fetched: with the same, an export that was stopped is gone on with."""
        return {"source": self.source, "collection": self.collection, "filters": self.filters}


def shares_in(text: str) -> dict[str, float]:
    """`train=0.8,val=0.1,test=0.1` (or percents) as name -> share; InvalidArgumentError unless they add up to one."""
    shares: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        found = SPLIT.fullmatch(part)
        if found is None or found["name"] in shares:
            raise InvalidArgumentError(f"--split: '{part}' is not name=share, or is there twice.", path="--split")
        shares[found["name"]] = _share(found["share"], part) / (100 if found["percent"] else 1)
    if shares and abs(sum(shares.values()) - 1) > 1e-6:
        message = f"--split: the shares add up to {sum(shares.values()):g} and must add up to 1, or 100%."
        raise InvalidArgumentError(message, path="--split")
    return shares


def _share(text: str, part: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if share <= 0:
        raise InvalidArgumentError(f"--split: the share in '{part}' is no number above zero.", path="--split")
    return share
