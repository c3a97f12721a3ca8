"""The vectors of an export, in a file of their own."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from services.worker.exports.columns import Kind
from services.worker.exports.formats.lines import write_csv, write_json
from services.worker.exports.formats.parquet import write_vectors
from services.worker.exports.rows_on_disk import Spool

Vector = tuple[dict[str, Any], np.ndarray[Any, Any]]
COLUMNS = dict.fromkeys(("document_id", "feature_uri", "model", "vector"), Kind.TEXT)


def vectors_in(spool: Spool) -> Iterator[Vector]:
    """Each vector, as float32, with what it is of."""
    for about, text in spool.rows():
        yield about, np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)


def write(spool: Spool, kind: str, path: Path) -> None:
    """Writes them as `json`, `csv` or `parquet`; numbers are lists in the first two."""
    if kind == "parquet":
        write_vectors(vectors_in(spool), path)
    elif kind == "csv":
        write_csv(({**about, "vector": vector.tolist()} for about, vector in vectors_in(spool)), COLUMNS, path)
    else:
        write_json(({**about, "vector": vector} for about, vector in vectors_in(spool)), path)
