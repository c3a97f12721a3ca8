"""A database from before names were bound: what they name now is what they mean from then on."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.common.database import migrate as migrating
from services.common.database.pool import Connection, prepare_connection
from tests.support.postgres import Databases

NAME = "from_before"
ROWS = """
    INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_1', 'shop');
    INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt_1', 'ns_1', 'photos', '{}');
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source,
      feature_extractor, extractor, settings)
    VALUES ('col_1', 'ns_1', 'products', '{bkt_1}', '{}', '{}', 'x@v1',
      '{"cluster_applications": [{"cluster_id": "clust_kinds"}, {"cluster_id": "unknown"}]}');
    INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, collection_identifiers, stages)
    VALUES ('ret_1', 'ns_1', 'matcher', '{col_products,unknown}', '[]');
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id, retriever_identifier,
      field_to_enrich, confidence_threshold) VALUES ('tax_1', 'ns_1', 'kinds', 'col_1', 'ret_matcher', 'label', 0.3);
    INSERT INTO clusters (cluster_id, namespace_id, cluster_name, cluster_type, collection_ids, feature_uris, config)
    VALUES ('clust_1', 'ns_1', 'kinds', 'vector', '{col_1}', '{}', '{}');
    INSERT INTO alerts (alert_id, namespace_id, alert_name, source, system_condition, notification_config)
    VALUES ('alt_1', 'ns_1', 'empty', 'system',
      '{"type": "collection_empty", "params": {"collection_ids": ["products", "unknown"]}}', '{}');
    INSERT INTO alerts (alert_id, namespace_id, alert_name, source, retriever_identifier, notification_config)
    VALUES ('alt_2', 'ns_1', 'found', 'retriever', 'matcher', '{}');
    INSERT INTO triggers (trigger_id, namespace_id, action_type, action_config, resource_id, trigger_type,
      schedule_config)
    VALUES ('trig_1', 'ns_1', 'collection_trigger', '{"include_buckets": ["bkt_photos"]}', 'col_1', 'cron', '{}');
    INSERT INTO api_keys (key_id, key_prefix, key_hash, name, scopes)
    VALUES ('key_1', 'sk', 'x', 'key', '[{"resource_type": "namespace", "resource_id": "shop"}]');
    """


@pytest.fixture
async def old(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connection]:
    """A database with the migrations before the one that binds."""
    server = await asyncpg.connect(databases.server.url())
    await server.execute(f"CREATE DATABASE {NAME}")
    files = migrating.migration_files()
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migration_files", lambda: [each for each in files if each[0] < "0025"])
        await migrating.migrate(databases.url(NAME))
    connection = await asyncpg.connect(databases.url(NAME))
    await prepare_connection(connection)
    yield connection
    await connection.close()
    await server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    await server.close()


async def test_names_that_were_kept_become_ids_where_they_name_something(old: Connection, databases: Databases) -> None:
    await old.execute(ROWS)
    await migrating.migrate(databases.url(NAME))

    async def value(sql: str) -> object:
        found = await old.fetchval(sql)
        return json.loads(found) if isinstance(found, str) and found[:1] in "[{" else found

    assert await value("SELECT bindings FROM retrievers") == {"collection/col_products": "col_1"}
    assert await value("SELECT retriever_identifier FROM taxonomies") == "ret_1"
    applications = await old.fetchval("SELECT settings -> 'cluster_applications' FROM collections")
    assert applications == [{"cluster_id": "clust_1"}, {"cluster_id": "unknown"}]
    conditions = "SELECT system_condition #> '{params,collection_ids}' FROM alerts WHERE alert_id = 'alt_1'"
    assert await value(conditions) == ["col_1", "unknown"]
    assert await value("SELECT retriever_id FROM alerts WHERE alert_id = 'alt_2'") == "ret_1"
    assert await value("SELECT action_config -> 'include_buckets' FROM triggers") == ["bkt_1"]
    assert await value("SELECT scopes -> 0 ->> 'namespace_id' FROM api_keys") == "ns_1"
