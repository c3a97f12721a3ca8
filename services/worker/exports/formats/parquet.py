"""Parquet by arro3, which pulls batches one by one: a table of any length takes the memory of one row group."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema, list_array
from arro3.io import write_parquet

from services.worker.exports.columns import Kind, cells

BATCH = 2000
GROUP = 10_000
VECTORS = 256
COMPRESSION = "zstd(3)"
TYPES: Mapping[Kind, DataType] = {
    Kind.BOOL: DataType.bool(),
    Kind.INT: DataType.int64(),
    Kind.FLOAT: DataType.float64(),
    Kind.TEXT: DataType.utf8(),
}
Vector = tuple[Mapping[str, Any], np.ndarray[Any, Any]]
ABOUT = ("document_id", "feature_uri", "model")


def write_table(rows: Iterator[Mapping[str, Any]], kinds: Mapping[str, Kind], path: Path) -> None:
    """A column for each of `kinds`, in row groups of ten thousand."""
    schema = Schema([Field(name, TYPES[kind]) for name, kind in kinds.items()])
    _write(schema, (_batch(schema, kinds, chunk) for chunk in _chunks(rows, BATCH)), path)


def _batch(schema: Schema, kinds: Mapping[str, Kind], rows: list[Mapping[str, Any]]) -> RecordBatch:
    arrays = [Array(cells(rows, name, kind), TYPES[kind]) for name, kind in kinds.items()]
    return RecordBatch.from_arrays(arrays, schema=schema)


def write_vectors(rows: Iterator[Vector], path: Path) -> None:
    """document_id, feature_uri, model, and `vector`, a list of float32."""
    vector = Field("vector", DataType.list(DataType.float32()))
    schema = Schema([*(Field(name, DataType.utf8()) for name in ABOUT), vector])
    _write(schema, (_vectors(schema, chunk) for chunk in _chunks(rows, VECTORS)), path)


def _vectors(schema: Schema, rows: list[Vector]) -> RecordBatch:
    texts = [Array([about[name] for about, _ in rows], DataType.utf8()) for name in ABOUT]
    numbers = np.concatenate([vector for _, vector in rows]).astype(np.float32)
    ends = np.cumsum([0, *(len(vector) for _, vector in rows)], dtype=np.int32)
    vectors = list_array(Array.from_numpy(ends), Array.from_numpy(numbers))
    return RecordBatch.from_arrays([*texts, vectors], schema=schema)


def _write(schema: Schema, batches: Iterator[RecordBatch], path: Path) -> None:
    reader = RecordBatchReader.from_batches(schema, batches)
    write_parquet(reader, path, compression=COMPRESSION, max_row_group_size=GROUP)


def _chunks(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, size)):
        yield chunk
