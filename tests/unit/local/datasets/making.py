"""Small sets on disk."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from services.local.datasets.formats import rows_of
from services.local.datasets.reader_types import Reading
from services.local.datasets.row import Row, Skipped


def picture(shade: int = 0, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 0, 0)).save(buffer, kind)
    return buffer.getvalue()


def write(root: Path, *names: str) -> Path:
    """Pictures, each of its own shade, below `root`."""
    for shade, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(shade))
    return root


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value))
    return path


def read(path: Path, format_name: str | None = None, **reading: Any) -> tuple[dict[str, Row], dict[str, str]]:
    """The rows by their ids, and the reasons of what was skipped by theirs."""
    rows: dict[str, Row] = {}
    skipped: dict[str, str] = {}
    for each in rows_of(path, Reading(**reading), format_name):
        if isinstance(each, Skipped):
            skipped[each.id] = each.reason
        else:
            assert each.id not in rows
            rows[each.id] = each
    return rows, skipped


def labels(rows: Mapping[str, Row], separator: str = "/") -> dict[str, list[str]]:
    return {name: said(row.labels, separator) for name, row in rows.items()}


def said(found: Iterable[Any], separator: str = "/") -> list[str]:
    return [label.text(separator) for label in found]
