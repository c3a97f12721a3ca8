"""One shard on disk: `<root>/<shard>/<generation>/{manifest.json, entries.json, vectors}`.

A generation is written aside, synced and renamed, so it is there whole or not at all; its manifest vouches for every
byte with SHA-256. usearch itself loads flipped bytes and files of other dimensions without complaint.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from usearch.compiled import MetricKind, ScalarKind
from usearch.index import Index as UsearchIndex

from services.index.domain import DocumentId, Entry, ObjectId, RowKey, ShardKey
from services.index.vectors.exact_block import Block
from services.index.vectors.hnsw_graph import Graph, empty_index

MANIFEST = "manifest.json"
ENTRIES = "entries.json"
VECTORS = "vectors"
TEMPORARY = "writing-"


class SnapshotError(Exception):
    """A snapshot that must not be used, and why."""


class Manifest(BaseModel):
    """What a generation holds; `position` is where in the change log it stands, `created_at` in unix seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    database: str
    namespace_id: str
    collection_id: str
    feature_uri: str
    model: str
    dimensions: int
    dtype: Literal["float16"] = "float16"
    mode: Literal["exact", "hnsw"]
    expansion: int
    count: int
    position: int
    created_at: float
    checksums: dict[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A verified snapshot."""

    manifest: Manifest
    entries: list[Entry]
    store: Block | Graph


def folder_of(root: Path, key: ShardKey) -> Path:
    """Where the generations of a shard lie."""
    name = "\n".join((key.namespace_id, key.collection_id, key.feature_uri))
    return root / hashlib.sha256(name.encode()).hexdigest()[:32]


def begin(folder: Path) -> Path:
    """A new place to write a generation, and nothing of one that was never finished."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        shutil.rmtree(leftover)
    place = folder / f"{TEMPORARY}{time.time_ns():020d}"
    place.mkdir(parents=True)
    return place


def write_vectors(store: Block | Graph, place: Path) -> None:
    """The vectors; a block's rows in the order of its keys."""
    if isinstance(store, Block):
        with (place / VECTORS).open("wb") as file:
            file.write(store.matrix.data)
    else:
        store.index.save(str(place / VECTORS))


def write_entries(entries: Sequence[Entry], place: Path) -> None:
    """The entries, in the order of the vectors."""
    (place / ENTRIES).write_bytes(orjson.dumps([tuple(entry) for entry in entries]))


def checksums(place: Path) -> dict[str, str]:
    """SHA-256 (hex) of the data files."""
    return {name: _sha256(place / name) for name in (ENTRIES, VECTORS)}


def publish(place: Path, manifest: Manifest) -> Path:
    """Makes a generation the newest, durably, and removes the older ones."""
    (place / MANIFEST).write_text(manifest.model_dump_json(indent=1))
    for path in (*place.iterdir(), place):
        _sync(path)
    generation = place.with_name(place.name.removeprefix(TEMPORARY))
    place.rename(generation)
    _sync(generation.parent)
    for older in generations(generation.parent)[1:]:
        shutil.rmtree(older)
    return generation


def generations(folder: Path) -> list[Path]:
    """Finished generations, newest first."""
    return sorted((path for path in folder.iterdir() if path.name.isdigit()), reverse=True)


def load(folder: Path) -> Loaded:
    """The newest generation of a shard; SnapshotError when a byte is not as it was written."""
    newest = next(iter(generations(folder)), None)
    if newest is None:
        raise SnapshotError("no finished generation")
    try:
        manifest = Manifest.model_validate_json((newest / MANIFEST).read_bytes())
        if manifest.checksums != checksums(newest):
            raise SnapshotError("checksums differ")
        entries = [
            Entry(RowKey(a), DocumentId(b), ObjectId(c)) for a, b, c in orjson.loads((newest / ENTRIES).read_bytes())
        ]
        store = _read_block(newest, manifest, entries) if manifest.mode == "exact" else _read_graph(newest, manifest)
    except (OSError, ValidationError, ValueError, TypeError, RuntimeError) as error:
        raise SnapshotError(f"unreadable: {error}") from error
    if not len(entries) == len(store) == manifest.count or {entry.key for entry in entries} != set(store.row_keys()):
        raise SnapshotError("entries, vectors and manifest do not agree")
    return Loaded(manifest, entries, store)


def _read_block(place: Path, manifest: Manifest, entries: Sequence[Entry]) -> Block:
    vectors = np.fromfile(place / VECTORS, dtype=np.float16).reshape(len(entries), manifest.dimensions)
    block = Block(manifest.dimensions)
    block.put([entry.key for entry in entries], vectors)
    return block


def _read_graph(place: Path, manifest: Manifest) -> Graph:
    path = str(place / VECTORS)
    found = UsearchIndex.metadata(path) or {}
    wanted = {"dimensions": manifest.dimensions, "kind_scalar": ScalarKind.F16, "kind_metric": MetricKind.IP}
    if any(found.get(name) != value for name, value in wanted.items()):
        raise SnapshotError(f"the graph is of another kind: {found}")
    index = empty_index(manifest.dimensions)
    index.load(path)
    graph = Graph(manifest.dimensions, index)
    graph.expansion = manifest.expansion
    return graph


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
