"""What of each table can be listed, filtered and sorted."""

from services.common.filters import DOCUMENTS, OBJECTS
from services.common.filters.tables import Column, Kind, Table
from services.gateway.collections.applications.store import APPLICATION_COLUMNS
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.objects.blobs.store import FILES

AGE = "(extract(epoch FROM {alias}.created_at)::numeric(20, 6)::text"
# Of what there may be millions the contract shows ten at a time.
FEW = 10
CREATED = Column("created_at", Kind.TIME)
UPDATED = Column("updated_at", Kind.TIME)

BUCKETS = Table(
    alias="b",
    columns={
        "bucket_id": Column("bucket_id"),
        "bucket_name": Column("bucket_name"),
        "description": Column("description"),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("bucket_schema",): "bucket_schema"},
    fields="metadata",
)
RETRIEVERS = Table(
    alias="r",
    columns={
        "retriever_id": Column("retriever_id"),
        "retriever_name": Column("retriever_name"),
        "description": Column("description"),
        "collection_identifiers": Column("collection_identifiers", Kind.OTHER),
        "collection_ids": Column("collection_identifiers", Kind.OTHER),
        "version": Column("version", Kind.OTHER),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("stages",): "stages", ("input_schema",): "input_schema"},
    fields="metadata",
)
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
NAMESPACES = Table(
    alias="n",
    columns={
        "namespace_id": Column("namespace_id"),
        "namespace_name": Column("namespace_name"),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={},
    fields="settings",
)

BUCKET_COLUMNS = """b.*,
    (SELECT count(*) FROM objects o WHERE o.bucket_id = b.bucket_id) AS object_count,
    (SELECT count(*) FROM objects o WHERE o.bucket_id = b.bucket_id AND o.status = 'FAILED') AS failed_object_count,
    (SELECT max(o.created_at) FROM objects o WHERE o.bucket_id = b.bucket_id) AS last_upload_at,
    (SELECT coalesce(sum(x.size_bytes), 0)::bigint FROM blobs x JOIN objects o USING (object_id)
     WHERE o.bucket_id = b.bucket_id) AS total_size_bytes,
    (SELECT jsonb_build_object('avg_size_bytes', coalesce(avg(x.size_bytes)::bigint, 0),
       'max_size_bytes', coalesce(max(x.size_bytes), 0), 'min_size_bytes', coalesce(min(x.size_bytes), 0))
     FROM blobs x JOIN objects o USING (object_id) WHERE o.bucket_id = b.bucket_id) AS blob_sizes,
    (SELECT jsonb_build_object('total', count(*),
       'active', count(*) FILTER (WHERE x.status IN ('PENDING', 'PROCESSING')),
       'completed', count(*) FILTER (WHERE x.status = 'COMPLETED'),
       'failed', count(*) FILTER (WHERE x.status IN ('FAILED', 'COMPLETED_WITH_ERRORS')))
     FROM batches x WHERE x.bucket_id = b.bucket_id) AS batch_stats"""
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
NAMESPACE_COLUMNS = """n.*,
    (SELECT count(*) FROM buckets x WHERE x.namespace_id = n.namespace_id AND x.deleted_at IS NULL) AS bucket_count,
    (SELECT count(*) FROM collections x WHERE x.namespace_id = n.namespace_id) AS collection_count,
    (SELECT count(*) FROM objects x WHERE x.namespace_id = n.namespace_id) AS object_count,
    (SELECT count(*) FROM documents x WHERE x.namespace_id = n.namespace_id) AS document_count"""
OBJECT_COLUMNS = """o.*,
    (SELECT count(*) FROM documents d WHERE d.object_id = o.object_id) AS document_count"""

LIST_BUCKETS = Listing(
    table=BUCKETS,
    source="buckets b",
    columns=BUCKET_COLUMNS,
    key=AGE.format(alias="b") + " || b.bucket_id)",
    key_type="text",
)
LIST_RETRIEVERS = Listing(
    table=RETRIEVERS,
    source="retrievers r",
    columns="r.*",
    key=AGE.format(alias="r") + " || r.retriever_id)",
    key_type="text",
)
LIST_COLLECTIONS = Listing(
    table=COLLECTIONS,
    source=COLLECTION_SOURCE,
    columns=COLLECTION_COLUMNS,
    key=AGE.format(alias="c") + " || c.collection_id)",
    key_type="text",
)
LIST_NAMESPACES = Listing(
    table=NAMESPACES,
    source="namespaces n",
    columns=NAMESPACE_COLUMNS,
    key=AGE.format(alias="n") + " || n.namespace_id)",
    key_type="text",
)
LIST_OBJECTS = Listing(table=OBJECTS, source="objects o", columns=OBJECT_COLUMNS, key="o.row_key", page_size=FEW)
LIST_DOCUMENTS = Listing(
    table=DOCUMENTS, source="documents d", columns="d.*", key="d.row_key", beside=FILES, page_size=FEW
)

NAME_SEARCH = "{name} ILIKE {{pattern}} OR coalesce({alias}.description, '') ILIKE {{pattern}}"
SEARCH_BUCKETS = NAME_SEARCH.format(name="b.bucket_name", alias="b")
SEARCH_RETRIEVERS = NAME_SEARCH.format(name="r.retriever_name", alias="r")
SEARCH_COLLECTIONS = NAME_SEARCH.format(name="c.collection_name", alias="c")
SEARCH_NAMESPACES = NAME_SEARCH.format(name="n.namespace_name", alias="n")
SEARCH_FIELDS = "EXISTS (SELECT FROM jsonb_each_text({alias}.fields) f WHERE f.value ILIKE {{pattern}})"
SEARCH_OBJECTS = SEARCH_FIELDS.format(alias="o") + " OR coalesce(o.key_prefix, '') ILIKE {pattern}"
SEARCH_DOCUMENTS = SEARCH_FIELDS.format(alias="d")
