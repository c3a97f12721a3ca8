"""Objects against documents, counted by the database in one snapshot. $1 is the collection."""

# An object counts as submitted when there is a record of its processing, or a document of it.
SUBMITTED = """
    WITH submitted AS (
      SELECT coalesce(p.object_id, d.object_id) AS object_id, p.status AS state, p.error, p.note,
             d.object_id IS NOT NULL AS has_documents
      FROM (SELECT * FROM processing WHERE collection_id = $1) p
      FULL JOIN (SELECT DISTINCT object_id FROM documents WHERE collection_id = $1) d USING (object_id))"""
COUNTS = f"""{SUBMITTED}
    SELECT count(*) AS source, count(*) FILTER (WHERE has_documents) AS produced,
           count(*) FILTER (WHERE NOT has_documents AND state = 'FAILED') AS failed,
           count(*) FILTER (WHERE NOT has_documents AND state IN ('PENDING', 'PROCESSING')) AS processing,
           count(*) FILTER (WHERE NOT has_documents AND state = 'COMPLETED') AS empty
    FROM submitted"""  # noqa: S608
DISCREPANCIES = f"""{SUBMITTED}
    SELECT o.object_id, o.bucket_id, s.state, o.status, coalesce(s.error, s.note) AS error,
           extract(epoch FROM now() - o.created_at)::float8 AS age
    FROM submitted s JOIN objects o USING (object_id)
    WHERE NOT s.has_documents ORDER BY o.row_key LIMIT $2"""  # noqa: S608
# $2 the buckets, or $3 the collections, that it is made from
SOURCES = """
    SELECT o.object_id FROM objects o WHERE o.bucket_id = ANY($2)
    UNION SELECT d.object_id FROM documents d WHERE d.collection_id = ANY($3)"""
UNSUBMITTED = f"""{SUBMITTED}
    SELECT count(*) FROM ({SOURCES}) source
    WHERE NOT EXISTS (SELECT FROM submitted s WHERE s.object_id = source.object_id)"""  # noqa: S608
DOCUMENTS = """
    SELECT count(*) AS total, count(*) FILTER (
             WHERE o.bucket_id <> ALL($2) AND NOT EXISTS (
               SELECT FROM documents s WHERE s.object_id = d.object_id AND s.collection_id = ANY($3))) AS orphaned
    FROM documents d JOIN objects o USING (object_id) WHERE d.collection_id = $1"""
