"""Hits are ordered for everybody in the same way; digests tell any difference."""

import numpy as np
import pytest

from services.index.domain import (
    CollectionId,
    DocumentId,
    Entry,
    Hit,
    ObjectId,
    RowKey,
    best_hits,
    clamp,
    digest,
)
from services.index.shards.entries import Entries
from tests.support.index.corpus import unit_vectors


def hit(document_id: str, score: float) -> Hit:
    return Hit(DocumentId(document_id), CollectionId("col"), ObjectId("obj"), score)


def test_equal_scores_go_by_document_id() -> None:
    hits = [hit("b", 0.5), hit("c", 0.9), hit("a", 0.5), hit("d", 0.1)]
    assert [each.document_id for each in best_hits(hits, 3)] == ["c", "a", "b"]


@pytest.mark.parametrize(("cosine", "score"), [(-0.2, 0.0), (0.0, 0.0), (0.4, 0.4), (1.0000001, 1.0)])
def test_scores_lie_between_0_and_1(cosine: float, score: float) -> None:
    assert clamp(cosine) == score


def test_the_digest_does_not_depend_on_the_order() -> None:
    ids, vectors = [DocumentId(f"doc_{at}") for at in range(5)], unit_vectors(5)
    order = [3, 1, 4, 0, 2]
    assert digest([ids[at] for at in order], vectors[order]) == digest(ids, vectors)


def test_the_digest_tells_a_swap_and_a_changed_bit() -> None:
    ids, vectors = [DocumentId("doc_a"), DocumentId("doc_b")], unit_vectors(2)
    changed = vectors.copy()
    changed[1, 3] = np.nextafter(changed[1, 3], np.float16(1))
    digests = {digest(ids, vectors), digest(ids, vectors[::-1]), digest(ids, changed), digest(ids[:1], vectors[:1])}
    assert len(digests) == 4


def test_the_entries_know_the_documents_of_an_object() -> None:
    five = [Entry(RowKey(at), DocumentId(f"doc_{at}"), ObjectId(f"obj_{at % 2}")) for at in range(5)]
    entries = Entries(five)
    entries.add(five[2])
    assert sorted(entries.keys_of_object(ObjectId("obj_0"))) == [0, 2, 4]
    assert entries.discard(DocumentId("doc_2")) == 2
    assert entries.discard(DocumentId("doc_2")) is None
    assert sorted(entries.keys_of_object(ObjectId("obj_0"))) == [0, 4]
    assert len(entries) == 4


def test_a_document_written_anew_gives_up_its_old_key() -> None:
    entries = Entries([Entry(RowKey(1), DocumentId("doc"), ObjectId("obj"))])
    entries.add(Entry(RowKey(2), DocumentId("doc"), ObjectId("obj")))
    assert entries.entry(RowKey(1)) is None
    assert entries.key_of(DocumentId("doc")) == 2
    assert list(entries.keys_of_object(ObjectId("obj"))) == [2]


def test_a_key_given_to_another_document_is_taken_from_the_first() -> None:
    entries = Entries([Entry(RowKey(1), DocumentId("first"), ObjectId("obj"))])
    entries.add(Entry(RowKey(1), DocumentId("second"), ObjectId("obj")))
    assert DocumentId("first") not in entries
    assert [entry.document_id for entry in entries] == ["second"]
    assert list(entries.keys_of_object(ObjectId("obj"))) == [1]
