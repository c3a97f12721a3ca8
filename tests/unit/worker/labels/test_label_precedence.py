"""Whose label a document gets."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.extractors.passthrough import Rule, label_source
from services.common.row_types import ObjectFields, StoredDocument
from services.worker.domain import Decision
from services.worker.labels.label_precedence import Claims, Label, is_imported, settle
from services.worker.labels.machine_labels import needs_label
from services.worker.labels.merged_answers import answer_for
from tests.unit.worker.builders import LABEL, decision, ingest, seen, stored

NOW, EARLIER = "2026-01-02", "2026-01-01"
AUTO_DOG = {LABEL: {"source": "auto", "value": "dog"}}


def settled(
    current: ObjectFields, decided: Decision | None = None, earlier: StoredDocument | None = None, source: str = LABEL
) -> Label:
    answer = answer_for(LABEL, [] if decided is None else [decided])
    return settle(
        Claims(field=LABEL, source=source, current=current, stored=earlier, answer=answer, model="m", now=NOW)
    )


def test_a_match_becomes_an_auto_label_with_its_evidence() -> None:
    label = settled(seen(**{LABEL: None}), decision("cat", 0.8))
    assert label.value == "cat"
    assert label.match == {"matched": True, "confidence": 0.8, "source_document_id": "doc_example"}
    assert label.provenance == {
        "source": "auto",
        "set_at": NOW,
        "value": "cat",
        "score": 0.8,
        "threshold": 0.3,
        "evidence": [{"document_id": "doc_example", "score": 0.8}],
        "rests_on": [],
        "model": "m",
        "taxonomy_id": "tax_1",
        "taxonomy_version": 2,
    }


def test_no_match_reports_the_best_score_all_the_same() -> None:
    label = settled(seen(**{LABEL: None}), decision(None, 0.21))
    assert (label.value, label.provenance, label.match) == (None, None, {"matched": False, "confidence": 0.21})


def test_what_could_not_be_judged_says_why() -> None:
    label = settled(seen(**{LABEL: None}), replace(decision(None, 0.0), reason="No retriever."))
    assert label.match == {"matched": False, "confidence": 0.0, "reason": "No retriever."}


def test_a_match_and_a_person_need_no_reason() -> None:
    faulty = replace(decision(None, 0.0), reason="No retriever.")
    answer = answer_for(LABEL, [faulty, decision("cat")])
    assert answer is not None
    assert (answer.value, answer.reason) == ("cat", "")
    assert "reason" not in settled(seen({LABEL: EARLIER}, **{LABEL: "dog"}), faulty).match


def test_a_label_that_came_with_the_upload_is_an_import() -> None:
    label = settled(seen(**{LABEL: "dog"}))
    assert label.value == "dog"
    assert label.provenance == {"source": "import", "set_at": NOW, "value": "dog"}
    assert label.match["matched"] is False


@pytest.mark.parametrize("blank", ["", " ", [], {}, False, ["", " "]], ids=ascii)
def test_a_blank_label_of_an_upload_leaves_the_machine_to_decide(blank: Any) -> None:
    assert not is_imported(seen(**{LABEL: blank}), LABEL)
    assert settled(seen(**{LABEL: blank}), decision("cat")).value == "cat"
    assert settled(seen({LABEL: EARLIER}, **{LABEL: blank}), decision("cat")).value is None


def test_a_label_of_an_upload_is_kept_in_its_one_spelling() -> None:
    label = settled(seen(**{LABEL: " Cafe\u0301 "}))
    assert label.value == (label.provenance or {})["value"] == "Caf\u00e9"


@pytest.mark.parametrize("value", ["dog", None])
def test_a_person_wins_over_a_match_also_by_clearing(value: str | None) -> None:
    label = settled(seen({LABEL: EARLIER}, **{LABEL: value}), decision("cat"))
    assert label.value == value
    assert label.provenance is not None
    assert (label.provenance["source"], label.provenance["set_at"]) == ("human", EARLIER)
    assert label.provenance["proposal"]["value"] == "cat"
    assert label.match == {"matched": False, "source": "manual", "confidence": 0.8}


def test_a_label_that_a_person_set_on_the_document_is_kept() -> None:
    human = {LABEL: {"source": "human", "value": "cow", "set_at": EARLIER}}
    match = {"matched": False, "source": "manual", "confidence": 0.5}
    earlier = stored(fields={LABEL: "cow"}, labels=human, taxonomy_match=match)
    label = settled(seen(**{LABEL: None}), None, earlier)
    assert (label.value, label.provenance, label.match) == ("cow", human[LABEL], match)


@pytest.mark.parametrize("value", ["cow", None])
def test_beside_a_persons_label_stands_what_the_machine_says_of_the_picture_that_is_there(value: str | None) -> None:
    proposal = {"source": "auto", "value": "dog", "set_at": "2025-12-31", "taxonomy_id": "tax_1"}
    human = {"source": "human", "value": value, "set_at": EARLIER, "proposal": proposal}
    match = {"matched": False, "source": "manual", "confidence": 0.5}
    earlier = stored(fields={LABEL: value}, labels={LABEL: human}, taxonomy_match=match)
    label = settled(seen(**{LABEL: None}), decision("cat", 0.8), earlier)
    assert (label.value, label.match) == (value, {**match, "confidence": 0.8})
    assert label.provenance is not None
    assert (label.provenance["source"], label.provenance["set_at"]) == ("human", EARLIER)
    assert (label.provenance["proposal"]["value"], label.provenance["judged"]["value"]) == ("cat", "dog")
    nothing = settled(seen(**{LABEL: None}), decision(None, 0.1), earlier)
    assert nothing.provenance is not None
    assert "proposal" not in nothing.provenance
    assert nothing.match == {**match, "confidence": 0.1}


def test_what_a_person_decided_over_is_remembered_whatever_the_machine_says_later() -> None:
    earlier = stored(fields={LABEL: "dog"}, labels={LABEL: {"source": "auto", "value": "dog", "taxonomy_id": "tax_1"}})
    label = settled(seen({LABEL: NOW}, **{LABEL: "cow"}), decision("cat"), earlier)
    assert label.provenance is not None
    assert label.provenance["judged"] == {"value": "dog", "taxonomy_id": "tax_1"}
    assert label.provenance["proposal"]["value"] == "cat"
    again = stored(fields={LABEL: "cow"}, labels={LABEL: label.provenance})
    kept = settled(seen({LABEL: NOW}, **{LABEL: "cow"}), decision("hen"), again).provenance
    assert kept is not None
    assert kept["judged"] == {"value": "dog", "taxonomy_id": "tax_1"}


def test_a_machine_may_change_its_own_mind() -> None:
    earlier = stored(fields={LABEL: "dog"}, labels=AUTO_DOG)
    assert settled(seen(**{LABEL: None}), decision("cat"), earlier).value == "cat"
    assert settled(seen(**{LABEL: None}), decision(None), earlier).value is None


def test_what_the_machine_said_earlier_becomes_the_proposal() -> None:
    label = settled(seen({LABEL: EARLIER}, **{LABEL: "cow"}), None, stored(labels=AUTO_DOG))
    assert label.provenance is not None
    assert label.provenance["proposal"] == AUTO_DOG[LABEL]


def test_the_label_follows_the_passthrough_to_its_source() -> None:
    rules = (Rule(source="tag", target=LABEL),)
    assert label_source(LABEL, rules) == "tag"
    assert label_source("other", rules) == "other"
    assert settled(seen({"tag": EARLIER}, tag="cow"), decision("cat"), source="tag").value == "cow"


@pytest.mark.parametrize(
    ("current", "labelled"),
    [
        (seen(**{LABEL: None}), False),
        (seen(), False),
        (seen(**{LABEL: "cat"}), True),
        (seen(**{LABEL: ""}), False),
        (seen({LABEL: EARLIER}, **{LABEL: None}), False),
        (seen({LABEL: EARLIER}, **{LABEL: "cat"}), False),
        (seen({"other": EARLIER}, **{LABEL: None}), False),
    ],
)
def test_only_what_came_with_a_label_needs_no_machine(current: Any, labelled: bool) -> None:
    assert is_imported(current, LABEL) is labelled


@pytest.mark.parametrize("earlier", [None, "dog", "cow"])
def test_beside_a_label_of_the_upload_stands_what_the_machine_says_when_it_is_asked(earlier: str | None) -> None:
    imported = {"source": "import", "set_at": EARLIER, "value": earlier}
    document = None if earlier is None else stored(fields={LABEL: earlier}, labels={LABEL: imported})
    label = settled(seen(**{LABEL: "dog"}), decision("cat", 0.8), document)
    assert label.provenance is not None
    assert (label.value, label.provenance["source"], label.provenance["value"]) == ("dog", "import", "dog")
    assert label.provenance["set_at"] == (EARLIER if earlier == "dog" else NOW)
    assert label.provenance["proposal"]["value"] == "cat"
    assert label.match == {"matched": False, "source": "import", "confidence": 0.8}


def test_what_is_processed_anew_is_asked_about_whoever_labelled_it() -> None:
    labelled = ingest(seen=seen(**{LABEL: "dog"}))
    assert not needs_label(labelled)
    assert needs_label(replace(labelled, input_digest="abc"))
    assert not needs_label(replace(labelled, input_digest="abc", labellers=()))
