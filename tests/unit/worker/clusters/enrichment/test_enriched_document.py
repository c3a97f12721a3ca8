"""What a cluster may write into a document."""

from dataclasses import replace
from typing import Any

from services.common.row_types import StoredDocument
from services.worker.clusters.enrichment.enriched_document import (
    FieldMapping,
    Written,
    assigned,
    mappings_of,
    said_by_others,
    values_for,
)

LABELS = frozenset({"group"})
FIRST = Written(cluster_id="clust_1", run_id="run_1", now="2026-01-01")
SECOND = Written(cluster_id="clust_1", run_id="run_2", now="2026-02-01")
BOOTS = {"group_id": "cl_0", "group": "Boots"}


def document(fields: dict[str, Any] | None = None, labels: dict[str, Any] | None = None) -> StoredDocument:
    return StoredDocument(fields=fields or {}, labels=labels or {}, taxonomy_match=None, internal={})


def after(stored: StoredDocument, values: dict[str, Any], written: Written = FIRST) -> StoredDocument:
    found = assigned(stored, values, LABELS, written)
    assert found is not None
    return found


def test_free_fields_are_filled_and_labels_say_where_they_come_from() -> None:
    found = after(document({"colour": "red", "group": None}), BOOTS)
    assert found.fields == {"colour": "red", **BOOTS}
    assert found.labels == {
        "group": {
            "source": "auto",
            "value": "Boots",
            "cluster_id": "clust_1",
            "run_id": "run_1",
            "set_at": "2026-01-01",
        }
    }


def test_writing_the_same_again_changes_nothing() -> None:
    found = after(document(), BOOTS)
    assert assigned(found, BOOTS, LABELS, replace(FIRST, now="later")) is None


def test_a_later_run_brings_its_own_fields_up_to_date() -> None:
    found = after(after(document(), BOOTS), {"group_id": "cl_4", "group": "Lamps"}, SECOND)
    assert found.fields == {"group_id": "cl_4", "group": "Lamps"}
    assert found.labels["group"]["run_id"] == "run_2"


def test_what_no_group_holds_any_more_loses_what_the_cluster_wrote() -> None:
    found = after(after(document({"colour": "red"}), BOOTS), dict.fromkeys(BOOTS), SECOND)
    assert found.fields == {"colour": "red", "group_id": None, "group": None}
    assert found.labels == {}
    assert "clusters" not in found.internal


def test_a_field_that_is_mapped_no_more_is_taken_back() -> None:
    assert after(after(document(), BOOTS), {"group": "Boots"}, SECOND).fields == {"group_id": None, "group": "Boots"}


def test_labels_of_people_and_imports_stay() -> None:
    for source in ("human", "import"):
        stored = document({"group": "Mine"}, {"group": {"source": source, "value": "Mine"}})
        found = after(stored, BOOTS)
        assert found.fields["group"] == "Mine"
        assert found.labels == stored.labels


def test_a_label_that_a_person_cleared_stays_clear() -> None:
    stored = document({"group": None}, {"group": {"source": "human", "value": None}})
    assert after(stored, BOOTS).fields["group"] is None


def test_values_that_came_with_the_document_stay() -> None:
    found = after(document({"group_id": "theirs"}), BOOTS)
    assert found.fields == {"group_id": "theirs", "group": "Boots"}


def test_what_somebody_changed_since_is_theirs() -> None:
    before = after(document(), BOOTS)
    changed = replace(before, fields={**before.fields, "group_id": "theirs", "group": "theirs"})
    found = after(changed, {"group_id": "cl_9", "group": "Nine"}, SECOND)
    assert found.fields == {"group_id": "theirs", "group": "theirs"}


def test_the_label_of_another_machine_gives_way() -> None:
    stored = document({"group": "Shoes"}, {"group": {"source": "auto", "value": "Shoes", "taxonomy_id": "tax"}})
    assert after(stored, BOOTS).fields["group"] == "Boots"


def test_two_clusters_do_not_touch_each_others_fields() -> None:
    other = Written(cluster_id="clust_2", run_id="run_9", now="now")
    found = assigned(after(document(), {"group_id": "cl_0"}), {"group_id": "cl_7"}, LABELS, other)
    assert found is None


def test_mappings_name_what_goes_where() -> None:
    config = {"field_mappings": [{"source_field": "metadata.shop", "target_field": "metadata.shop_name"}]}
    mappings = mappings_of(config)
    assert mappings == (FieldMapping(source="metadata.shop", target="shop_name"),)
    assert values_for({"metadata": {"shop": "North"}}, mappings) == {"shop_name": "North"}
    assert values_for(None, mappings) == {"shop_name": None}
    assert [each.target for each in mappings_of(None)] == ["cluster_id", "cluster_label", "distance_to_centroid"]


def test_what_clusters_wrote_is_told_from_what_others_say() -> None:
    found = after(document({"colour": "red"}), BOOTS)
    assert said_by_others(found.fields, found.internal) == {"colour": "red"}
    assert said_by_others({**found.fields, "group": "Sandals"}, found.internal) == {"colour": "red", "group": "Sandals"}
    assert said_by_others({"colour": "red"}, {}) == {"colour": "red"}
