"""What a document is made of."""

from dataclasses import replace

from services.common.ids import document_id
from services.worker.ingest.compose_documents import compose, document_ids
from services.worker.ingest.provenance import HISTORY
from tests.unit.worker.builders import LABEL, collection, decision, ingest, outcome, seen, stored

NOW = "2026-01-02"
DOCUMENT = document_id("col_1", "obj_1", 0)


def test_a_document_has_its_derived_id_and_its_embedding() -> None:
    [row] = compose(outcome(), seen(), {}, NOW)
    assert row.document_id == DOCUMENT == document_ids(outcome())[0]
    assert [(item.model, item.dimensions) for item in row.embeddings] == [("fake", 2)]


def test_fields_are_passed_through_and_extracted_and_the_label_is_always_there() -> None:
    rules = [{"source_path": "metadata.colour", "target_path": "shade", "default": "grey"}, {"source_path": "size"}]
    of = ingest(collection=collection(field_passthrough=rules))
    [row] = compose(outcome(of, width=3), seen(), {}, NOW)
    assert row.fields == {"shade": "grey", "size": None, "width": 3, LABEL: None}


def test_without_a_taxonomy_there_is_no_match() -> None:
    [row] = compose(outcome(ingest(labellers=())), seen(**{LABEL: "dog"}), {}, NOW)
    assert (row.fields, row.taxonomy_match, row.labels) == ({LABEL: "dog"}, None, {})


def test_what_could_not_be_judged_is_kept_with_its_reason_also_where_no_field_is_known() -> None:
    faulty = replace(decision(None, 0.0), reason="No retriever.", values=())
    [row] = compose(outcome(ingest(labellers=()), faulty), seen(), {}, NOW)
    assert row.taxonomy_match == {"matched": False, "confidence": 0.0, "reason": "No retriever."}
    entry = {"taxonomy_id": "tax_1", "retriever_id": "ret_1", "reason": "No retriever."}
    assert row.internal["processing"]["not_judged"] == [entry]


def test_a_second_run_keeps_what_was_changed_on_the_document() -> None:
    earlier = stored(fields={LABEL: "dog", "note": "mine"}, labels={"note": {"source": "human"}})
    [row] = compose(outcome(None, decision("cat")), seen(**{LABEL: None}), {0: earlier}, NOW)
    assert row.fields == {LABEL: "cat", "note": "mine"}
    assert row.labels["note"] == {"source": "human"}
    assert row.labels[LABEL]["source"] == "auto"


def test_lineage_content_and_taxonomy_results_are_internal() -> None:
    [row] = compose(outcome(None, decision("cat", 0.8)), seen(), {}, NOW)
    assert row.internal["lineage"]["path"] == "bkt_1/col_1"
    assert row.internal["lineage"]["root_object_id"] == "obj_1"
    assert (row.internal["modality"], row.internal["size_bytes"], row.internal["content_hash"]) == (
        "image",
        3,
        "sha256:abc",
    )
    assert row.internal["_taxonomy_tax_1_id"] == "doc_example"
    assert row.internal["_taxonomy_tax_1_label"] == "cat"
    assert row.internal["_taxonomy_tax_1_score"] == 0.8


def test_every_run_is_remembered_up_to_a_limit() -> None:
    [first] = compose(outcome(), seen(), {}, NOW)
    assert [entry["at"] for entry in first.internal["processing"]["history"]] == [NOW]
    earlier = stored(internal={"processing": {"history": [{"at": "old"}] * 30}})
    [again] = compose(outcome(), seen(), {0: earlier}, NOW)
    history = again.internal["processing"]["history"]
    assert len(history) == HISTORY
    assert history[-1]["at"] == NOW
