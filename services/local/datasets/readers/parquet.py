"""Parquet: paths, addresses or embedded files, also Hugging Face's `{bytes, path}` and its named labels."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.optional_libraries import needs
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.records import columns_of, row_of
from services.local.datasets.row import Row

if TYPE_CHECKING:
    import pyarrow.parquet as pq

ROWS, BUFFER = 32, 1 << 20
HUGGING_FACE = b"huggingface"


def files_of(path: Path) -> list[Path]:
    """The Parquet files of a set: the path itself, or those below it."""
    if path.is_file():
        return [path]
    return [each for each in files.walk(path) if each.suffix == ".parquet"]


def read_parquet(path: Path, reading: Reading) -> Rows:
    """The rows of one file or of all below a folder, a few at a time."""
    for each in files_of(path):
        yield from _read(each, reading)


def _read(path: Path, reading: Reading) -> Rows:
    table = _opened(path)
    columns = columns_of(table.schema_arrow.names, reading, path, _label_names(table))
    split = _split_of(path)
    for number, record in enumerate(_records(table), 1):
        row = row_of(record, columns, reading, path, number)
        yield replace(row, split=row.split or split) if isinstance(row, Row) else row


def _opened(path: Path) -> "pq.ParquetFile":
    with needs("pyarrow"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    try:
        return pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidArgumentError(f"{path} cannot be read as Parquet: {error}.", path=str(path)) from error


def _records(table: "pq.ParquetFile") -> Iterator[dict[str, Any]]:
    for batch in table.iter_batches(batch_size=ROWS, use_threads=False):
        yield from batch.to_pylist()


def _label_names(table: "pq.ParquetFile") -> dict[str, tuple[str, ...]]:
    """Column -> the names of its numbers, as Hugging Face keeps them in the schema."""
    kept = (table.schema_arrow.metadata or {}).get(HUGGING_FACE)
    features = orjson.loads(kept).get("info", {}).get("features", {}) if kept else {}
    return {name: tuple(_names(feature)) for name, feature in features.items() if _names(feature)}


def _names(feature: Any) -> list[str]:
    """The names of a ClassLabel, or of a list of them."""
    inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
    return list(inner.get("names") or []) if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" else []


def _split_of(path: Path) -> str | None:
    """The split that Hugging Face's names of files tell (`train-00000-of-00001.parquet`)."""
    head = path.name.split("-")[0].split(".")[0]
    return head if head in ("train", "validation", "test") else None
