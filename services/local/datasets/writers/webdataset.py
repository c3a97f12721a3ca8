"""WebDataset: tar shards. A key has no dot, since readers split names at the first one."""

import io
import tarfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path, PurePosixPath

import orjson

from services.local.datasets.row import Row
from services.local.datasets.writer_types import FILE, TEXT, DataSet
from services.local.datasets.writers.place_files import bytes_of

SHARD_ROWS = 1000


def write_webdataset(folder: Path, data: DataSet) -> None:
    """`<split>-000000.tar` (`data-...` without splits), and `classes.txt`, the names of the numbers in `.cls`."""
    (folder / "classes.txt").write_text("".join(f"{label}\n" for label in data.labels), encoding="utf-8")
    numbers = {label: number for number, label in enumerate(data.labels)}
    for split, rows in data.in_splits():
        for number, shard in enumerate(_shards(rows)):
            with tarfile.open(folder / f"{split or 'data'}-{number:06d}.tar", "w", format=tarfile.GNU_FORMAT) as tar:
                for row in shard:
                    _add(tar, row, data, numbers)


def _shards(rows: Iterator[Row]) -> Iterator[Iterator[Row]]:
    for first in rows:
        yield chain([first], islice(rows, SHARD_ROWS - 1))


def _add(tar: tarfile.TarFile, row: Row, data: DataSet, numbers: dict[str, int]) -> None:
    key = row.id.replace(".", "_").replace("/", "_")
    texts = data.texts(row)
    if len(texts) == 1 and not data.several:
        _member(tar, f"{key}.cls", str(numbers[texts[0]]).encode())
    ending = "txt" if data.kind == "text" else PurePosixPath(row.name).suffix.lstrip(".").lower() or "bin"
    _member(tar, f"{key}.{ending}", bytes_of(row))
    record = {name: value for name, value in data.record(row, None).items() if name not in (FILE, TEXT)}
    _member(tar, f"{key}.json", orjson.dumps(record | {"name": row.name}))


def _member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
