"""Puts the content of rows where a format wants it."""

import os
import shutil
from pathlib import Path

import orjson

from services.local.datasets.row import Row
from services.local.datasets.writer_types import DataSet

ROWS = "rows.jsonl"
FILES = "images"


def place(row: Row, target: Path) -> None:
    """The content of a row as a file: one on this disk is linked, which takes no room."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = row.content
    if content.path is not None:
        try:
            os.link(content.path, target)
        except OSError:
            shutil.copyfile(content.path, target)
        return
    target.write_bytes(content.data if content.data is not None else (content.text or "").encode())


def place_all(folder: Path, data: DataSet) -> None:
    """The files of all rows, in one folder."""
    if data.with_files and data.kind == "image":
        for row in data.rows():
            place(row, folder / row.name)


def bytes_of(row: Row) -> bytes:
    """The content of a row."""
    content = row.content
    if content.path is not None:
        return content.path.read_bytes()
    return content.data if content.data is not None else (content.text or "").encode()


def json_line(value: object) -> bytes:
    """An object as a line."""
    return orjson.dumps(value) + b"\n"
