"""The SQL of the list of collections: its columns, filters and search."""

from services.common.filters.tables import Column, Kind, Table
from services.gateway.collections.applications.store import APPLICATION_COLUMNS
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import AGE, CREATED, NAME_SEARCH, UPDATED

COLLECTIONS = Table(
    alias="c",
    columns={
        "collection_id": Column("collection_id"),
        "collection_name": Column("collection_name"),
        "description": Column("description"),
        "source.bucket_ids": Column("bucket_ids", Kind.OTHER),
        "bucket_ids": Column("bucket_ids", Kind.OTHER),
        "source.collection_ids": Column("source_collection_ids", Kind.OTHER),
        "enabled": Column("enabled", Kind.OTHER),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("feature_extractor",): "feature_extractor", ("source",): "source"},
    fields="metadata",
)
COLLECTION_COLUMNS = f"""c.*, {APPLICATION_COLUMNS},
    t.taxonomy_id, t.retriever_identifier, t.field_to_enrich, t.confidence_threshold, t.reference_labels,
    t.version AS taxonomy_version, t.options AS taxonomy_options,
    EXISTS (SELECT FROM retrievers r WHERE r.retriever_id = t.retriever_identifier
            AND r.metadata ->> 'made_for_collection' = c.collection_id) AS has_own_retriever,
    (SELECT s.trigger_id FROM triggers s WHERE s.of_collection_id = c.collection_id) AS trigger_id,
    (SELECT count(*) FROM documents d WHERE d.collection_id = c.collection_id) AS document_count,
    (SELECT jsonb_object_agg(b.bucket_id, b.bucket_schema) FROM buckets b
     WHERE b.bucket_id = ANY(c.bucket_ids)) AS bucket_schemas"""  # noqa: S608
COLLECTION_SOURCE = "collections c LEFT JOIN taxonomies t USING (collection_id)"
LIST_COLLECTIONS = Listing(
    table=COLLECTIONS,
    source=COLLECTION_SOURCE,
    columns=COLLECTION_COLUMNS,
    key=AGE.format(alias="c") + " || c.collection_id)",
    key_type="text",
)
SEARCH_COLLECTIONS = NAME_SEARCH.format(name="c.collection_name", alias="c")
