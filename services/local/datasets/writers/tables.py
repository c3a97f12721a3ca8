"""CSV and JSON lines, a row per document, with the files beside them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from services.local.datasets.writer_types import FILE, ID, LABEL, SPLIT, TEXT, TOLD, DataSet, JsonObject
from services.local.datasets.writers.place_files import FILES, json_line, place_all


def write_csv(folder: Path, data: DataSet) -> None:
    """`data.csv`; what is no text or number stands in it as JSON."""
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns_of(data), restval="")
        writer.writeheader()
        for record in records_of(data):
            writer.writerow({name: _cell(value) for name, value in record.items()})
    place_all(folder / FILES, data)


def write_jsonl(folder: Path, data: DataSet) -> None:
    """`data.jsonl`."""
    with (folder / "data.jsonl").open("wb") as file:
        for record in records_of(data):
            file.write(json_line(record))
    place_all(folder / FILES, data)


def columns_of(data: DataSet) -> list[str]:
    """The names of all columns."""
    content = TEXT if data.kind == "text" else FILE
    return [ID, content, LABEL, *([SPLIT] if data.splits else []), *TOLD, *data.columns]


def records_of(data: DataSet) -> Iterator[JsonObject]:
    """The rows as flat objects; the path of a file is one below the folder of the set."""
    for row in data.rows():
        yield data.record(row, f"{FILES}/{row.name}")


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list | bool) else value
