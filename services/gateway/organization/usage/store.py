"""Figures of buckets, extractors and namespaces over time."""

# Each bucket of time: what was stored before it for all of it, and what came in it from then on; in byte seconds.
# Blobs of deleted objects are not known any more.
STORED = """
    WITH slots AS (
      SELECT t AT TIME ZONE 'UTC' AS bucket,
             greatest(t AT TIME ZONE 'UTC', $2) AS begins,
             least((t + ('1 ' || $4)::interval) AT TIME ZONE 'UTC', $3) AS ends
      FROM generate_series(date_trunc($4, $2 AT TIME ZONE 'UTC'), $3 AT TIME ZONE 'UTC', ('1 ' || $4)::interval) AS t
    ), kept AS (
      SELECT o.created_at, coalesce(sum(b.size_bytes), 0) AS bytes
      FROM objects o LEFT JOIN blobs b USING (object_id)
      WHERE o.bucket_id = $1 AND o.created_at < $3 GROUP BY o.object_id
    ), added AS (
      SELECT s.bucket, s.begins, s.ends, count(k.created_at) AS objects, coalesce(sum(k.bytes), 0) AS bytes,
             coalesce(sum(k.bytes * extract(epoch FROM s.ends - k.created_at)), 0) AS byte_seconds
      FROM slots s LEFT JOIN kept k ON date_trunc($4, k.created_at, 'UTC') = s.bucket AND k.created_at >= $2
      GROUP BY s.bucket, s.begins, s.ends
    )
    SELECT bucket, objects, (byte_seconds + extract(epoch FROM ends - begins) * (
             (SELECT coalesce(sum(bytes), 0) FROM kept WHERE created_at < $2)
             + sum(bytes) OVER (ORDER BY bucket) - bytes)) / 3600e9 AS gb_hours
    FROM added WHERE ends > begins ORDER BY bucket"""
UPLOADS = """
    WITH done AS (
      SELECT date_trunc($4, created_at, 'UTC') AS bucket, status, size_bytes,
             extract(epoch FROM completed_at - created_at) AS seconds
      FROM uploads WHERE bucket_id = $1 AND created_at >= $2 AND created_at < $3 AND status IN ('COMPLETED', 'FAILED'))
    SELECT bucket, count(*) AS count, count(*) FILTER (WHERE status = 'FAILED') AS failed,
           coalesce(1000 * avg(seconds), 0)::float8 AS average,
           coalesce(1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds), 0)::float8 AS p95,
           coalesce(1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds), 0)::float8 AS p99,
           coalesce(avg(size_bytes / nullif(seconds, 0)) / 1e6, 0)::float8 AS throughput
    FROM done GROUP BY bucket ORDER BY bucket"""
EXTRACTORS = """
    WITH mine AS (
      SELECT collection_id, extractor FROM collections
      WHERE namespace_id = $1 AND ($2::text IS NULL OR split_part(extractor, '@', 1) = $2)
    ), ended AS (
      SELECT extractor, count(*) FILTER (WHERE p.status = 'COMPLETED') AS completed,
             count(*) FILTER (WHERE p.status = 'FAILED') AS failed
      FROM mine JOIN processing p USING (collection_id)
      WHERE p.updated_at > now() - make_interval(hours => $3) AND p.status IN ('COMPLETED', 'FAILED') GROUP BY extractor
    ), timed AS (
      SELECT extractor, (d.internal #>> '{processing,history,-1,duration_ms}')::float8 AS latency
      FROM mine JOIN documents d USING (collection_id)
      WHERE d.updated_at > now() - make_interval(hours => $3)
    ), quantiles AS (
      SELECT extractor, avg(latency) AS average, percentile_cont(0.95) WITHIN GROUP (ORDER BY latency) AS p95,
             percentile_cont(0.99) WITHIN GROUP (ORDER BY latency) AS p99 FROM timed GROUP BY extractor)
    SELECT extractor, completed, failed, coalesce(average, 0) AS average, coalesce(p95, 0) AS p95,
           coalesce(p99, 0) AS p99
    FROM ended LEFT JOIN quantiles USING (extractor) ORDER BY extractor"""
SUMMARY = """
    SELECT
      (SELECT count(*) FROM buckets WHERE namespace_id = $1 AND deleted_at IS NULL) AS buckets,
      (SELECT count(*) FROM collections WHERE namespace_id = $1) AS collections,
      (SELECT count(*) FROM retrievers WHERE namespace_id = $1) AS retrievers,
      (SELECT count(*) FROM objects WHERE namespace_id = $1) AS objects,
      (SELECT count(*) FROM objects WHERE namespace_id = $1 AND status = 'FAILED') AS failed_objects,
      (SELECT count(*) FROM documents WHERE namespace_id = $1) AS documents,
      (SELECT count(*) FROM documents WHERE namespace_id = $1
       AND created_at > now() - make_interval(days => $2)) AS documents_added,
      (SELECT count(*) FROM retriever_executions WHERE namespace_id = $1
       AND created_at > now() - make_interval(days => $2)) AS executions"""
