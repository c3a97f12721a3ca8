"""A snapshot is loaded exactly as it was written, or refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.index.domain import CollectionId, DocumentId, Entry, FeatureUri, NamespaceId, ObjectId, RowKey, ShardKey
from services.index.snapshots import snapshot_files
from services.index.snapshots.snapshot_files import Manifest, SnapshotError
from services.index.vectors.exact_block import Block
from services.index.vectors.hnsw_graph import Graph
from tests.support.index.corpus import unit_vectors

KEY = ShardKey(NamespaceId("ns_a"), CollectionId("col_a"), FeatureUri("mipxeek://a@v1/b"))
COUNT = 300
Store = Block | Graph


@pytest.fixture(params=[Block, Graph])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.param(16)
    made.put(list(map(RowKey, range(COUNT))), unit_vectors(COUNT, 16))
    made.remove([RowKey(5)])
    return made


def write(root: Path, store: Store, **changes: object) -> Path:
    place = snapshot_files.begin(snapshot_files.folder_of(root, KEY))
    snapshot_files.write_vectors(store, place)
    entries = [Entry(key, DocumentId(f"doc_{key}"), ObjectId(f"obj_{key}")) for key in store.row_keys()]
    snapshot_files.write_entries(entries, place)
    values = {
        "database": "1/2",
        "namespace_id": KEY.namespace_id,
        "collection_id": KEY.collection_id,
        "feature_uri": KEY.feature_uri,
        "model": "test_model",
        "dimensions": 16,
        "mode": store.mode,
        "expansion": 256,
        "count": len(store),
        "position": 77,
        "created_at": 1.5,
        "checksums": snapshot_files.checksums(place),
    }
    return snapshot_files.publish(place, Manifest.model_validate({**values, **changes}))


def test_what_is_loaded_is_what_was_written(tmp_path: Path, store: Store) -> None:
    write(tmp_path, store)
    loaded = snapshot_files.load(snapshot_files.folder_of(tmp_path, KEY))
    keys = sorted(store.row_keys())
    assert sorted(loaded.store.row_keys()) == keys
    assert [entry.document_id for entry in sorted(loaded.entries)] == [f"doc_{key}" for key in keys]
    np.testing.assert_array_equal(loaded.store.get(keys), store.get(keys))
    assert (loaded.manifest.position, loaded.store.mode) == (77, store.mode)


def test_a_loaded_store_can_be_changed(tmp_path: Path, store: Store) -> None:
    write(tmp_path, store)
    loaded = snapshot_files.load(snapshot_files.folder_of(tmp_path, KEY)).store
    loaded.put([RowKey(5)], unit_vectors(1, 16, seed=3))
    loaded.remove([RowKey(7)])
    assert RowKey(5) in loaded
    assert RowKey(7) not in loaded


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", ["vectors", "entries.json", "manifest.json"])
def test_damage_is_found(tmp_path: Path, store: Store, name: str, damage: Callable[[Path], None]) -> None:
    generation = write(tmp_path, store)
    before = (generation / name).read_bytes()
    damage(generation / name)
    if name == "manifest.json" and damage is flip:
        (generation / name).write_bytes(before.replace(b'"count": 299', b'"count": 298'))
    with pytest.raises(SnapshotError):
        snapshot_files.load(snapshot_files.folder_of(tmp_path, KEY))


@pytest.mark.parametrize("changes", [{"dimensions": 8}, {"dimensions": 32}, {"count": 7}])
def test_a_manifest_that_does_not_fit_its_vectors_is_refused(
    tmp_path: Path, store: Store, changes: dict[str, object]
) -> None:
    write(tmp_path, store, **changes)
    with pytest.raises(SnapshotError):
        snapshot_files.load(snapshot_files.folder_of(tmp_path, KEY))


def test_vectors_of_the_other_kind_are_refused(tmp_path: Path, store: Store) -> None:
    write(tmp_path, store, mode="hnsw" if store.mode == "exact" else "exact")
    with pytest.raises(SnapshotError):
        snapshot_files.load(snapshot_files.folder_of(tmp_path, KEY))


def test_only_the_newest_generation_stays(tmp_path: Path, store: Store) -> None:
    first = write(tmp_path, store)
    store.remove([RowKey(8)])
    second = write(tmp_path, store)
    assert snapshot_files.generations(first.parent) == [second]
    assert RowKey(8) not in snapshot_files.load(first.parent).store


def test_a_generation_that_was_never_finished_is_not_seen(tmp_path: Path, store: Store) -> None:
    finished = write(tmp_path, store)
    leftover = snapshot_files.begin(finished.parent)
    shutil.copy(finished / "vectors", leftover / "vectors")
    assert snapshot_files.load(finished.parent).manifest.position == 77
    snapshot_files.begin(finished.parent)
    assert not leftover.exists()


def test_an_empty_folder_has_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no finished generation"):
        snapshot_files.load(tmp_path)
