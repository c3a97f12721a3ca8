"""Tables of a row per picture or text: CSV, TSV, and JSON with an object a line or in a list."""

import csv
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.reader_types import Kind, Reading, Rows
from services.local.datasets.readers.records import Columns, Record, columns_of, row_of
from services.local.datasets.row import Row, Skipped

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
LINES = frozenset({".jsonl", ".ndjson"})
LARGEST = 100_000_000
SAMPLED = 100
METADATA = "metadata"
KINDS: tuple[Kind, ...] = ("image", "text")
Numbered = Iterator[tuple[int, Record]]


def table_at(path: Path, suffixes: Collection[str]) -> Path | None:
    """The table that a set is: itself, or the only one in a folder, when it names the files of that folder.

    A file of metadata is none, nor is a table without labels beside folders: they tell more of files whose labels
    the folders give.
    """
    if path.is_file():
        return path if path.suffix.lower() in suffixes else None
    table = only_table(path)
    if table is None or table.suffix.lower() not in suffixes or table.stem == METADATA or not tells_of(table, path):
        return None
    return table if _has_labels(table) or not any(each.is_dir() for each in path.iterdir()) else None


def only_table(folder: Path) -> Path | None:
    """The one table that lies in a folder; None where there is none, or several."""
    if not folder.is_dir():
        return None
    tables = [
        each for each in sorted(folder.iterdir()) if each.is_file() and each.suffix.lower() in (*DELIMITERS, *LINES)
    ]
    return tables[0] if len(tables) == 1 else None


def _has_labels(table: Path) -> bool:
    for kind in KINDS:
        try:
            return records_of(table, Reading(kind=kind))[0].label is not None
        except InvalidArgumentError:
            continue
    return False


def tells_of(table: Path, folder: Path) -> bool:
    """Whether the first row names a file that is there, or is a text itself in a folder without pictures."""
    for kind in KINDS:
        try:
            columns, records = records_of(table, Reading(kind=kind))
            first = next(records, (0, {}))[1]
            row = row_of(first, columns, Reading(kind=kind), table, 1)
        except InvalidArgumentError:
            continue
        if isinstance(row, Row) and row.content.text is not None:
            return not any(each.suffix.lower() in files.PICTURES for each in files.walk(folder))
        if isinstance(row, Row) and row.content.path is not None:
            return True
    return False


def read_table(path: Path, reading: Reading) -> Rows:
    """The rows of a table; a line that cannot be read is skipped and told."""
    table = table_at(path, (*DELIMITERS, *LINES)) or path
    columns, records = records_of(table, reading)
    for number, record in records:
        if isinstance(record.get(FAULT), str):
            yield Skipped(id=f"{table.name}#{number}", reason=record[FAULT])
        else:
            yield row_of(record, columns, reading, table, number)


FAULT = "\0fault"
"""Stands in for the columns of a line that cannot be read: no column has this name."""


def records_of(path: Path, reading: Reading) -> tuple[Columns, Numbered]:
    """What the columns of a table are, and its records with their numbers, from 1."""
    if path.suffix.lower() in LINES:
        return columns_of(_sampled(path), reading, path, {}), _lines(path)
    names = next(_cells(path), [])
    return columns_of(names, reading, path, {}), _records(path)


def _cells(path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(min(LARGEST, sys.maxsize))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file, delimiter=_delimiter(path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidArgumentError(f"{path} is no table in UTF-8: {error}.", path=str(path)) from error


def _delimiter(path: Path) -> str:
    """Commas or tabs, by the name; a CSV whose first line has semicolons and no comma is one of those."""
    if path.suffix.lower() != ".csv":
        return DELIMITERS.get(path.suffix.lower(), ",")
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.readline()
    return ";" if ";" in head and "," not in head else ","


def _records(path: Path) -> Numbered:
    lines = _cells(path)
    names = next(lines, [])
    for number, cells in enumerate((line for line in lines if line), 1):
        if len(cells) > len(names):
            reason = f"has {len(cells)} values for {len(names)} columns; quote a value that has the delimiter in it"
            yield number, {FAULT: reason}
        else:
            yield number, dict(zip(names, cells, strict=False))


def _lines(path: Path) -> Numbered:
    with path.open("rb") as file:
        for number, line in enumerate((each for each in file if each.strip()), 1):
            yield number, _parsed(line)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {FAULT: f"is not JSON: {error}"}
    return record if isinstance(record, dict) else {FAULT: "is not a JSON object"}


def _sampled(path: Path) -> list[str]:
    """The names of the first records: of JSON a line alone need not have them all."""
    names: dict[str, None] = {}
    for number, record in _lines(path):
        names.update(dict.fromkeys(name for name in record if name != FAULT))
        if number == SAMPLED:
            break
    return list(names)
