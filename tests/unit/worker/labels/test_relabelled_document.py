"""Labelling anew: people's labels stay, and saying the same again changes nothing."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.labels.human_labels import judged_of
from services.common.labels.label_values import label_value
from services.common.row_types import StoredDocument
from services.worker.domain import Decision, FieldValue
from services.worker.labels.relabelled_document import Relabelling, of_persons, open_fields, relabelled, without
from tests.unit.worker.builders import LABEL, decision, stored

EARLIER, NOW, LATER = "2026-01-01", "2026-01-02", "2026-01-03"
BY = Relabelling(taxonomy_ids=frozenset({"tax_1"}), primary=LABEL, model="m", now=NOW)
OTHER = "shade"


def entry(source: str, value: Any) -> dict[str, Any]:
    return {"source": source, "set_at": EARLIER, "value": value}


def again(document: StoredDocument, decisions: list[Decision], by: Relabelling = BY) -> StoredDocument | None:
    """The document after the decisions, as the task does it."""
    fields = list(dict.fromkeys([LABEL, *(value.field for each in decisions for value in each.values)]))
    return relabelled(document, open_fields(document, fields, ()), decisions, by)


def test_an_unlabelled_document_gets_its_label_and_what_led_to_it() -> None:
    after = again(stored(fields={LABEL: None}), [decision("cat", 0.8)])
    assert after is not None
    assert after.fields[LABEL] == "cat"
    assert (after.labels[LABEL]["source"], after.labels[LABEL]["set_at"]) == ("auto", NOW)
    assert after.taxonomy_match == {"matched": True, "confidence": 0.8, "source_document_id": "doc_example"}
    assert after.internal["_taxonomy_tax_1_label"] == "cat"
    assert after.internal["processing"]["taxonomy_lineage"][0]["matched"] is True
    assert after.internal["processing"]["history"][-1]["at"] == NOW


def test_a_label_that_no_longer_reaches_the_threshold_goes() -> None:
    document = stored(fields={LABEL: "cat"}, labels={LABEL: entry("auto", "cat")})
    after = again(document, [decision(None, 0.4)])
    assert after is not None
    assert (after.fields[LABEL], after.labels, after.taxonomy_match) == (
        None,
        {},
        {"matched": False, "confidence": 0.4},
    )


def test_why_there_is_no_vector_stays_the_reason() -> None:
    document = stored(internal={"no_embedding": {"reason": "UNREADABLE_TEXT", "message": "It knows no letter."}})
    after = again(document, [replace(decision(None, 0.0), reason="The document has no vector to compare.")])
    assert after is not None
    assert after.taxonomy_match == {"matched": False, "confidence": 0.0, "reason": "It knows no letter."}
    assert again(after, [decision(None, 0.0)], replace(BY, now=LATER)) is None


def test_saying_the_same_again_changes_nothing_not_even_a_time() -> None:
    first = again(stored(fields={LABEL: None}), [decision("cat")])
    assert first is not None
    assert again(first, [decision("cat")], replace(BY, now=LATER)) is None


def test_the_results_of_other_taxonomies_stay() -> None:
    internal = {
        "_taxonomy_tax_2_label": "kept",
        "_taxonomy_tax_1_assignments": [],
        "processing": {"taxonomy_lineage": [{"taxonomy_id": "tax_2"}, {"taxonomy_id": "tax_1"}]},
    }
    after = again(stored(internal=internal), [decision("cat")])
    assert after is not None
    assert after.internal["_taxonomy_tax_2_label"] == "kept"
    assert "_taxonomy_tax_1_assignments" not in after.internal
    assert [each["taxonomy_id"] for each in after.internal["processing"]["taxonomy_lineage"]] == ["tax_2", "tax_1"]


def test_what_a_retriever_enrichment_could_not_judge_is_forgotten_once_it_can() -> None:
    by = replace(BY, taxonomy_ids=frozenset({""}))
    enrichment = replace(decision("cat"), taxonomy_id="")
    failed = replace(enrichment, matched=False, reason="No retriever.", values=())
    first = again(stored(), [failed], by)
    assert first is not None
    assert [each["reason"] for each in first.internal["processing"]["not_judged"]] == ["No retriever."]
    assert again(first, [failed], by) is None
    after = again(first, [enrichment], by)
    assert after is not None
    assert "not_judged" not in after.internal["processing"]


def test_a_field_that_a_person_cleared_on_the_object_is_not_open() -> None:
    assert open_fields(stored(fields={LABEL: None}), [LABEL], [LABEL]) == []
    assert open_fields(stored(fields={LABEL: None}), [LABEL], []) == [LABEL]


def test_a_value_without_provenance_is_taken_for_an_import() -> None:
    assert open_fields(stored(fields={LABEL: "came with it"}), [LABEL], []) == []


VALUES = st.one_of(st.none(), st.sampled_from(["cat", "dog"]), st.lists(st.sampled_from(["a", "b"]), max_size=2))
SOURCES = st.sampled_from([None, "human", "auto", "import"])
DOCUMENTS = st.builds(
    lambda parts: stored(
        fields={field: value for field, (value, _) in parts.items()},
        labels={field: entry(source, value) for field, (value, source) in parts.items() if source},
    ),
    st.fixed_dictionaries({LABEL: st.tuples(VALUES, SOURCES), OTHER: st.tuples(VALUES, SOURCES)}),
)
DECISIONS = st.lists(
    st.builds(
        lambda label, shade, append, taxonomy: replace(
            decision(label),
            taxonomy_id=taxonomy,
            values=(FieldValue(field=LABEL, value=label), FieldValue(field=OTHER, value=shade, append=append)),
        ),
        st.one_of(st.none(), st.sampled_from(["cat", "cow"])),
        VALUES,
        st.booleans(),
        st.sampled_from(["tax_1", "tax_2"]),
    ),
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(document=DOCUMENTS, decisions=DECISIONS)
def test_a_machine_never_changes_what_a_person_or_an_upload_said(
    document: StoredDocument, decisions: list[Decision]
) -> None:
    after = again(document, decisions) or document
    for field, value in document.fields.items():
        source = document.labels.get(field, {}).get("source")
        if source in ("human", "import") or (source is None and label_value(value) is not None):
            assert after.fields[field] == value
            assert after.labels.get(field) == document.labels.get(field)


@settings(max_examples=300, deadline=None)
@given(document=DOCUMENTS, decisions=DECISIONS)
def test_the_second_time_nothing_changes(document: StoredDocument, decisions: list[Decision]) -> None:
    after = again(document, decisions)
    if after is not None:
        assert again(after, decisions, replace(BY, now=LATER)) is None


def test_what_corrections_withdraw_stays_known_until_a_person_decides() -> None:
    by = replace(BY, corrects=True)
    document = stored(fields={LABEL: "cat"}, labels={LABEL: {**entry("auto", "cat"), "taxonomy_id": "tax_1"}})
    first = {"set_at": EARLIER, "value": "cat", "taxonomy_id": "tax_1"}
    cow = again(document, [decision("cow")], by)
    assert cow is not None
    assert cow.labels[LABEL]["withdrawn"] == judged_of(cow.labels[LABEL]) == first
    assert again(cow, [decision("cow")], by) is None
    hen = again(cow, [decision("hen")], by)
    assert hen is not None
    assert hen.labels[LABEL]["withdrawn"] == first
    back = again(hen, [decision("cat")], by)
    assert back is not None
    assert "withdrawn" not in back.labels[LABEL]
    plain = again(document, [decision("cow")])
    assert plain is not None
    assert "withdrawn" not in plain.labels[LABEL]


def test_what_corrections_leave_without_a_label_stays_known_too() -> None:
    by = replace(BY, corrects=True)
    document = stored(fields={LABEL: "cat"}, labels={LABEL: {**entry("auto", "cat"), "taxonomy_id": "tax_1"}})
    first = {"set_at": EARLIER, "value": "cat", "taxonomy_id": "tax_1"}
    bare = again(document, [decision(None)], by)
    assert bare is not None
    assert (bare.fields[LABEL], bare.labels, bare.internal["withdrawn"]) == (None, {}, {LABEL: first})
    assert without(document, [LABEL], [], [], by).internal["withdrawn"] == {LABEL: first}
    assert again(bare, [decision(None)], by) is None
    cow = again(bare, [decision("cow")], by)
    assert cow is not None
    assert (cow.labels[LABEL]["withdrawn"], "withdrawn" in cow.internal) == (first, False)
    asked_anew = again(bare, [decision("cow")])
    assert asked_anew is not None
    assert "withdrawn" not in {**asked_anew.labels[LABEL], **asked_anew.internal}


def test_a_machine_says_what_it_thinks_of_a_label_that_a_person_took_away() -> None:
    document = stored(fields={LABEL: None}, labels={LABEL: entry("human", None), OTHER: entry("auto", "x")})
    assert of_persons(document, [LABEL, OTHER, "third"]) == [LABEL]
    after = relabelled(document, [LABEL], [decision("cow", 0.8)], replace(BY, corrects=True))
    assert after is not None
    assert (after.fields[LABEL], after.labels[LABEL]["source"]) == (None, "human")
    assert after.labels[LABEL]["proposal"]["value"] == "cow"
    assert after.taxonomy_match == {"matched": False, "source": "manual", "confidence": 0.8}
