"""The database agrees with `label_value` on what is blank, and databases of before have no blank labels any more."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.common.database.migrate import migrate
from services.common.database.pool import Pool
from services.common.labels.label_values import label_value
from tests.property.test_label_values import values

COLLECTION = """
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
      extractor, model, feature_uri, dimensions)
    VALUES ('col_a', 'ns_a', 'a', '{bkt_a}', '{}', '{}', 'image_extractor@v1', 'm', 'mixpeek://a@v1/b', 2)"""
TAXONOMY = """
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id, retriever_identifier,
      field_to_enrich, confidence_threshold) VALUES ('tax_a', 'ns_a', 'a', 'col_a', 'r', 'kind', 0.3)"""
DOCUMENT = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields, labels,
      taxonomy_match) VALUES ($1, 'ns_a', 'col_a', 'bkt_a', 'obj_a', $2, $3, $4, $5)"""
AUTO_MATCH = {"matched": True, "confidence": 0.9, "source_document_id": "doc_x"}


async def test_every_character_shows_to_both_or_to_neither(pool: Pool) -> None:
    codes = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    rows = await pool.fetch("SELECT code FROM unnest($1::int[]) AS code WHERE NOT is_label(to_jsonb(chr(code)))", codes)
    assert [row["code"] for row in rows] == [code for code in codes if label_value(chr(code)) is None]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(given=values)
async def test_both_agree_on_nested_values(pool: Pool, given: Any) -> None:
    if "\\u0000" in ascii(given) or "\\x00" in ascii(given) or "\\ud" in ascii(given):
        return
    assert await pool.fetchval("SELECT is_label($1::jsonb)", given) == (label_value(given) is not None)


async def blank_of_before(pool: Pool, database_url: str, source: str, value: Any) -> tuple[Any, Any, Any]:
    """Fields, labels and match of a document that has had a label as it was kept before, after the migration."""
    await pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_a', 'a')")
    await pool.execute(
        "INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt_a', 'ns_a', 'a', '{}')"
    )
    await pool.execute(COLLECTION)
    await pool.execute(TAXONOMY)
    await pool.execute("INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ('obj_a', 'ns_a', 'bkt_a')")
    entry = {"source": source, "set_at": "2026-01-01", "value": value}
    match = AUTO_MATCH if source == "auto" else {"matched": False, "confidence": 0.0, "source": source}
    await pool.execute(DOCUMENT, "doc_a", 0, {"kind": value, "note": value}, {"kind": entry}, match)
    await pool.execute("DROP FUNCTION is_label")
    await pool.execute("DELETE FROM migrations WHERE name LIKE '0023%'")
    await migrate(database_url)
    row = await pool.fetchrow("SELECT fields, labels, taxonomy_match FROM documents")
    assert row is not None
    return row["fields"], row["labels"], row["taxonomy_match"]


@pytest.mark.parametrize("value", ["", " \u200b", [], {}, False, ["", " "], {"a": ""}], ids=ascii)
async def test_a_blank_label_that_no_person_set_waits_for_one(pool: Pool, database_url: str, value: Any) -> None:
    fields, labels, match = await blank_of_before(pool, database_url, "import", value)
    assert (fields, labels) == ({"kind": None, "note": value}, {})
    assert match == {"matched": False, "confidence": 0.0}


async def test_a_blank_label_of_a_machine_is_no_match_any_more(pool: Pool, database_url: str) -> None:
    fields, labels, match = await blank_of_before(pool, database_url, "auto", " ")
    assert (fields["kind"], labels, match) == (None, {}, {"matched": False, "confidence": 0.9})


async def test_what_a_person_left_blank_stays_cleared(pool: Pool, database_url: str) -> None:
    fields, labels, match = await blank_of_before(pool, database_url, "human", "")
    assert (fields["kind"], labels["kind"]["source"], labels["kind"]["value"]) == (None, "human", None)
    assert match["source"] == "human"


async def test_labels_that_say_something_stay(pool: Pool, database_url: str) -> None:
    fields, labels, match = await blank_of_before(pool, database_url, "auto", "Boots")
    assert (fields["kind"], labels["kind"]["value"], match) == ("Boots", "Boots", AUTO_MATCH)
