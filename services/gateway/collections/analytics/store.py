"""Figures of a collection, from its documents and the records of their processing."""

OVERVIEW = """
    SELECT count(*) AS total, count(*) FILTER (WHERE created_at > now() - interval '24 hours') AS day,
           count(*) FILTER (WHERE created_at > now() - interval '7 days') AS week, max(updated_at) AS last,
           coalesce(avg((internal #>> '{processing,history,-1,duration_ms}')::float8), 0) AS latency
    FROM documents WHERE collection_id = $1"""
OUTCOMES = """
    SELECT count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
           count(*) FILTER (WHERE status = 'FAILED') AS failed
    FROM processing WHERE collection_id = $1"""
OUTCOMES_OVER_TIME = """
    SELECT date_trunc($4, updated_at, 'UTC') AS bucket, count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
           count(*) FILTER (WHERE status = 'FAILED') AS failed
    FROM processing WHERE collection_id = $1 AND updated_at >= $2 AND updated_at < $3 GROUP BY bucket"""
# An error begins with its reason: `REASON: what happened`.
FAILURES = """
    SELECT coalesce(substring(error FROM '^([A-Z][A-Z_]+):'), 'UNKNOWN') AS kind, count(*) AS count,
           (array_agg(error ORDER BY updated_at DESC))[1] AS recent
    FROM processing WHERE collection_id = $1 AND status = 'FAILED' AND updated_at >= $2 AND updated_at < $3
    GROUP BY kind ORDER BY count DESC, kind"""
TIMED = """
    WITH timed AS (
      SELECT document_id, created_at, (internal #>> '{processing,history,-1,duration_ms}')::float8 AS latency
      FROM documents WHERE collection_id = $1 AND created_at >= $2 AND created_at < $3)"""
QUANTILES = """count(*) AS count, coalesce(avg(latency), 0) AS average,
      coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY latency), 0) AS p95,
      coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY latency), 0) AS p99"""
LATENCY = f"{TIMED} SELECT {QUANTILES} FROM timed"  # noqa: S608
LATENCY_OVER_TIME = f"""{TIMED}
    SELECT date_trunc($4, created_at, 'UTC') AS bucket, {QUANTILES} FROM timed GROUP BY bucket ORDER BY bucket"""  # noqa: S608
SLOWEST = f"""{TIMED}
    SELECT document_id, latency FROM timed WHERE latency IS NOT NULL ORDER BY latency DESC LIMIT 10"""  # noqa: S608
ACTIVE_TAXONOMIES = "SELECT count(*) FROM labellers WHERE collection_id = $1"
# $2 the label field
COVERAGE = """
    SELECT count(*) AS total, count(*) FILTER (WHERE labelled) AS labelled,
           count(*) FILTER (WHERE labelled AND source = 'auto') AS auto,
           count(*) FILTER (WHERE labelled AND source = 'human') AS human,
           count(*) FILTER (WHERE labelled AND source = 'import') AS imported
    FROM (SELECT labels #>> ARRAY[$2, 'source'] AS source, is_label(field_value(fields, $2)) AS labelled
          FROM documents WHERE collection_id = $1) AS each"""
# $2 the label fields, $3 the confidence under which a machine's label is worth a look
QUEUE = """
    WITH waiting AS (
      SELECT d.document_id, f.field, NOT is_label(field_value(d.fields, f.field)) AS empty,
        wrong.field IS NOT NULL AS wrong
      FROM documents d CROSS JOIN unnest($2::text[]) AS f (field)
      LEFT JOIN stale_labels wrong ON wrong.document_id = d.document_id AND wrong.field = f.field AND wrong.rejected
      WHERE d.collection_id = $1 AND (wrong.field IS NOT NULL OR
        (NOT is_label(field_value(d.fields, f.field))
         AND d.labels #>> ARRAY[f.field, 'source'] IS DISTINCT FROM 'human')
        OR (d.labels #>> ARRAY[f.field, 'source'] = 'auto' AND (d.labels #>> ARRAY[f.field, 'score'])::float8 < $3
            AND NOT EXISTS (
              SELECT FROM annotations a WHERE a.document_id = d.document_id AND a.deleted_at IS NULL
                AND a.verdict IS NOT NULL AND a.judged ->> 'field' = f.field
                AND a.judged ->> 'value' = d.labels #>> ARRAY[f.field, 'value']))))
    SELECT field, count(*) FILTER (WHERE empty) AS unlabelled, count(*) FILTER (WHERE NOT empty AND NOT wrong) AS low,
           count(*) FILTER (WHERE NOT empty AND wrong) AS wrong,
           (SELECT count(DISTINCT document_id) FROM waiting) AS documents
    FROM waiting GROUP BY field"""
