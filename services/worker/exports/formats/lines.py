"""JSON lines and CSV."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from services.worker.exports.columns import Kind, cells

CHUNK = 1000
# A spreadsheet takes a cell that begins so for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def write_json(rows: Iterator[Mapping[str, Any]], path: Path) -> None:
    """One JSON object a line."""
    with path.open("wb") as file:
        for row in rows:
            file.write(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")


def write_csv(rows: Iterator[Mapping[str, Any]], kinds: Mapping[str, Kind], path: Path) -> None:
    """A header and a line for each row; a text that a spreadsheet would run has an apostrophe before it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(kinds)
        while chunk := list(islice(rows, CHUNK)):
            columns = [cells(chunk, name, kind) for name, kind in kinds.items()]
            writer.writerows([_safe(each) for each in line] for line in zip(*columns, strict=True))


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
