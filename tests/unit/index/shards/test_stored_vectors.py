"""Vectors that would spoil a search stay out."""

import numpy as np
import pytest

from services.index.domain import CollectionId, DocumentId, Entry, FeatureUri, NamespaceId, ObjectId, RowKey, ShardKey
from services.index.shards.stored_vectors import StoredVector, check_rows
from tests.support.index.corpus import unit_vectors

KEY = ShardKey(NamespaceId("ns"), CollectionId("col"), FeatureUri("uri"))


def stored(number: int, content: bytes) -> StoredVector:
    return StoredVector(KEY, Entry(RowKey(number), DocumentId(f"doc_{number}"), ObjectId("obj")), content)


def changed(at: int, value: float) -> bytes:
    vector = unit_vectors(1, 8)[0].copy()
    vector[at] = value
    return bytes(vector.tobytes())


@pytest.mark.parametrize(
    "content",
    [
        changed(3, np.nan),
        changed(0, np.inf),
        changed(7, -np.inf),
        changed(2, 5.0),
        bytes(16),
        b"",
        unit_vectors(1, 4)[0].tobytes(),
        unit_vectors(1, 16)[0].tobytes(),
    ],
)
def test_a_bad_vector_is_left_out_and_the_others_are_not(content: bytes) -> None:
    good = unit_vectors(2, 8)
    rows = check_rows([stored(1, good[0].tobytes()), stored(2, content), stored(3, good[1].tobytes())], 8)
    assert [entry.document_id for entry in rows.entries] == ["doc_1", "doc_3"]
    assert rows.refused == ["doc_2"]
    np.testing.assert_array_equal(rows.vectors, good)


def test_no_rows() -> None:
    rows = check_rows([], 8)
    assert (rows.entries, rows.refused, rows.vectors.shape) == ([], [], (0, 8))
