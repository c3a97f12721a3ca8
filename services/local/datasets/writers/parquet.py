"""Parquet as Hugging Face's `datasets` keeps it: pictures inside, labels as numbers that the schema names."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema, list_array, struct_array
from arro3.io import write_parquet as write_stream

from services.local.datasets.row import Row
from services.local.datasets.writer_types import ID, LABEL, TEXT, TOLD, DataSet, JsonObject
from services.local.datasets.writers.place_files import bytes_of

IMAGE = "image"
PARTS = [Field("bytes", DataType.binary()), Field("path", DataType.utf8())]
NUMBERS = {"label_confidence": DataType.float64(), "label_taxonomy_version": DataType.int64()}
DTYPES = {"label_confidence": "float64", "label_taxonomy_version": "int64"}
BATCH_ROWS, BATCH_BYTES = 1000, 16_000_000
GROUP_ROWS = 10_000
SPLIT_NAMES = {"val": "validation"}
"""What `datasets` calls a split that others call otherwise."""


def write_parquet(folder: Path, data: DataSet) -> None:
    """`data/<split>-00000-of-00001.parquet`; everything is `train` where there are no splits."""
    (folder / "data").mkdir()
    schema = Schema(
        _fields(data), metadata={"huggingface": orjson.dumps({"info": {"features": features(data)}}).decode()}
    )
    for split, rows in data.in_splits():
        path = folder / "data" / f"{SPLIT_NAMES.get(split, split) or 'train'}-00000-of-00001.parquet"
        batches = (_batch(schema, data, chunk) for chunk in _chunks(rows, data))
        write_stream(
            RecordBatchReader.from_batches(schema, batches),
            path,
            compression="zstd(3)",
            max_row_group_size=100 if data.kind == "image" and data.with_files else GROUP_ROWS,
        )


def features(data: DataSet) -> JsonObject:
    """The features as `datasets` writes them into a schema."""
    label: JsonObject = {"names": list(data.labels), "_type": "ClassLabel"}
    content = {TEXT: _value("string")} if data.kind == "text" else {IMAGE: {"_type": "Image"}}
    return {
        ID: _value("string"),
        **content,
        LABEL: {"feature": label, "_type": "List"} if data.several else label,
        **{name: _value(DTYPES.get(name, "string")) for name in TOLD},
        **{name: _value("string") for name in data.columns},
    }


def _value(dtype: str) -> JsonObject:
    return {"dtype": dtype, "_type": "Value"}


def _fields(data: DataSet) -> list[Field]:
    content = Field(TEXT, DataType.utf8()) if data.kind == "text" else Field(IMAGE, DataType.struct(PARTS))
    label = DataType.list(DataType.int64()) if data.several else DataType.int64()
    told = [Field(name, NUMBERS.get(name, DataType.utf8())) for name in TOLD]
    further = [Field(name, DataType.utf8()) for name in data.columns]
    return [Field(ID, DataType.utf8()), content, Field(LABEL, label), *told, *further]


def _chunks(rows: Iterator[Row], data: DataSet) -> Iterator[list[Row]]:
    """Rows for a batch: so many that their files fit in a few megabytes."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += row.content.path.stat().st_size if row.content.path and data.with_files else 0
        if len(chunk) == BATCH_ROWS or size > BATCH_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _batch(schema: Schema, data: DataSet, rows: list[Row]) -> RecordBatch:
    numbers = {label: number for number, label in enumerate(data.labels)}
    records = [data.record(row, None) for row in rows]
    told = [Array([each[name] for each in records], NUMBERS.get(name, DataType.utf8())) for name in TOLD]
    further = [Array([_text(each.get(name)) for each in records], DataType.utf8()) for name in data.columns]
    ids = Array([row.id for row in rows], DataType.utf8())
    return RecordBatch.from_arrays(
        [ids, _content(data, rows), _labels(data, numbers, rows), *told, *further], schema=schema
    )


def _content(data: DataSet, rows: list[Row]) -> Any:
    if data.kind == "text":
        return Array([row.content.text for row in rows], DataType.utf8())
    contents = [bytes_of(row) if data.with_files else None for row in rows]
    names = Array([row.name for row in rows], DataType.utf8())
    return struct_array([Array(contents, DataType.binary()), names], fields=PARTS)


def _labels(data: DataSet, numbers: Mapping[str, int], rows: list[Row]) -> Any:
    found = [[numbers[text] for text in data.texts(row)] for row in rows]
    if not data.several:
        return Array([each[0] if each else None for each in found], DataType.int64())
    ends = np.cumsum([0, *map(len, found)], dtype=np.int32)
    flat = np.array([number for each in found for number in each], dtype=np.int64)
    return list_array(Array.from_numpy(ends), Array.from_numpy(flat))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
