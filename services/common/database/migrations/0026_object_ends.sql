-- How objects end: once, when everything that was to be done of them has ended, with every reason and, of several
-- collections, whose it is.

-- worker: how the last run ended, for when the next one is canceled before it begins
ALTER TABLE processing ADD COLUMN before_status text CHECK (before_status IN ('COMPLETED', 'FAILED'));
ALTER TABLE processing ADD COLUMN before_error text;

-- Brings the status of objects, which the caller has locked, up to date with their records, and tells of those that
-- end thereby. One that has no records left was not processed: it waits again, or has failed where there is a reason.
CREATE FUNCTION settle_objects(objects_ text[], reason_ text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH records AS (
    SELECT p.object_id, count(*) AS total,
           array_agg(p.collection_id ORDER BY p.collection_id) AS collection_ids,
           min(p.collection_id) FILTER (WHERE p.status = 'FAILED') AS failed_in,
           string_agg(format('%s (collection ''%s'', %s)', p.error, c.collection_name, c.collection_id), '; '
                      ORDER BY p.collection_id) FILTER (WHERE p.status = 'FAILED') AS errors,
           min(p.error) AS only_error,
           bool_and(p.status = 'PENDING') AS waits,
           bool_or(p.status IN ('PENDING', 'PROCESSING')) AS is_open,
           bool_or(p.status = 'FAILED') AS has_failed
    FROM processing p JOIN collections c USING (collection_id) WHERE p.object_id = ANY(objects_) GROUP BY p.object_id
  ), standing AS (
    SELECT o.object_id, r.collection_ids, r.failed_in,
           CASE WHEN r.total IS NULL AND o.status NOT IN ('PENDING', 'PROCESSING') THEN o.status
                WHEN r.total IS NULL THEN CASE WHEN reason_ IS NULL THEN 'PENDING' ELSE 'FAILED' END
                WHEN r.waits THEN 'PENDING' WHEN r.is_open THEN 'PROCESSING'
                WHEN r.has_failed THEN 'FAILED' ELSE 'COMPLETED' END AS status,
           CASE WHEN r.total IS NULL AND o.status NOT IN ('PENDING', 'PROCESSING') THEN o.error
                WHEN r.total IS NULL THEN reason_ WHEN r.is_open THEN NULL
                WHEN r.total = 1 THEN r.only_error ELSE r.errors END AS error
    FROM objects o LEFT JOIN records r USING (object_id) WHERE o.object_id = ANY(objects_)
  ), changed AS (
    UPDATE objects o SET status = s.status, error = s.error, updated_at = now()
    FROM standing s
    WHERE o.object_id = s.object_id AND (o.status, o.error) IS DISTINCT FROM (s.status, s.error)
    RETURNING o.object_id, o.namespace_id, o.bucket_id, o.status, o.error, s.collection_ids, s.failed_in
  )
  INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
  SELECT new_event_id(), namespace_id, 'object.updated', 'object', object_id,
         jsonb_strip_nulls(jsonb_build_object('bucket_id', bucket_id, 'fields', '["status"]'::jsonb, 'status', status,
           'collection_ids', to_jsonb(collection_ids[:100]), 'collection_id', failed_in, 'error', left(error, 1000)))
  FROM changed WHERE status IN ('COMPLETED', 'FAILED');
END $$;

-- worker: what has been done of (object, collection) has ended so. The objects are locked before anything is read: of
-- two collections that end at once, the second sees the first.
CREATE OR REPLACE FUNCTION end_processing(objects_ text[], collections_ text[], status_ text, error_ text)
RETURNS TABLE (ended_object_id text, ended_collection_id text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  RETURN QUERY
    UPDATE processing p SET status = status_, error = error_, updated_at = now()
    FROM unnest(objects_, collections_) AS job (object_id, collection_id)
    WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING'
    RETURNING p.object_id, p.collection_id;
  PERFORM settle_objects(objects_);
END $$;
