-- What has not changed is not extracted again: records know what their documents were made of.

-- worker: a digest of the inputs that the documents were made of, null while it is not known
ALTER TABLE processing ADD COLUMN input_digest text;
-- worker: it is processed only if its input is another than before; `refetch`: addresses are asked again
ALTER TABLE processing ADD COLUMN look text CHECK (look IN ('check', 'refetch'));
-- worker: nothing but looks is due, and none of them has found anything; if none does, nobody is told
ALTER TABLE objects ADD COLUMN is_looked_at boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION settle_objects(objects_ text[], reason_ text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
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
    SELECT o.object_id, o.is_looked_at, r.collection_ids, r.failed_in,
           CASE WHEN r.total IS NULL AND o.status NOT IN ('PENDING', 'PROCESSING') THEN o.status
                WHEN r.total IS NULL THEN CASE WHEN reason_ IS NULL THEN 'PENDING' ELSE 'FAILED' END
                WHEN r.waits THEN 'PENDING' WHEN r.is_open THEN 'PROCESSING'
                WHEN r.has_failed THEN 'FAILED' ELSE 'COMPLETED' END AS status,
           CASE WHEN r.total IS NULL AND o.status NOT IN ('PENDING', 'PROCESSING') THEN o.error
                WHEN r.total IS NULL THEN reason_ WHEN r.is_open THEN NULL
                WHEN r.total = 1 THEN r.only_error ELSE r.errors END AS error
    FROM objects o LEFT JOIN records r USING (object_id) WHERE o.object_id = ANY(objects_)
  ), changed AS (
    UPDATE objects o SET status = s.status, error = s.error,
      is_looked_at = o.is_looked_at AND s.status IN ('PENDING', 'PROCESSING'),
      updated_at = CASE WHEN o.is_looked_at THEN o.updated_at ELSE now() END
    FROM standing s
    WHERE o.object_id = s.object_id AND (o.status, o.error) IS DISTINCT FROM (s.status, s.error)
    RETURNING o.object_id, o.namespace_id, o.bucket_id, o.status, o.error, s.collection_ids, s.failed_in, s.is_looked_at
  )
  INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
  SELECT new_event_id(), namespace_id, 'object.updated', 'object', object_id,
         jsonb_strip_nulls(jsonb_build_object('bucket_id', bucket_id, 'fields', '["status"]'::jsonb, 'status', status,
           'collection_ids', to_jsonb(collection_ids[:100]), 'collection_id', failed_in, 'error', left(error, 1000)))
  FROM changed WHERE status IN ('COMPLETED', 'FAILED') AND NOT is_looked_at;
END $$;

CREATE OR REPLACE FUNCTION end_processing(objects_ text[], collections_ text[], status_ text, error_ text)
RETURNS TABLE (ended_object_id text, ended_collection_id text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  RETURN QUERY
    UPDATE processing p SET status = status_, error = error_, updated_at = now()
    FROM unnest(objects_, collections_) AS job (object_id, collection_id)
    WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING'
    RETURNING p.object_id, p.collection_id;
  UPDATE objects SET is_looked_at = false WHERE object_id = ANY(objects_) AND is_looked_at;
  PERFORM settle_objects(objects_);
END $$;

-- worker: documents have been written that were made of inputs of these digests.
CREATE FUNCTION complete_processing(objects_ text[], collections_ text[], digests_ text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  UPDATE processing p SET input_digest = job.digest, look = NULL
  FROM unnest(objects_, collections_, digests_) AS job (object_id, collection_id, digest)
  WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING';
  PERFORM end_processing(objects_, collections_, 'COMPLETED', NULL);
END $$;

-- worker: the input of a record is what it was before.
CREATE FUNCTION end_look(object_ text, collection_ text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = object_ FOR NO KEY UPDATE;
  UPDATE processing SET status = 'COMPLETED', error = NULL, look = NULL, updated_at = now()
  WHERE object_id = object_ AND collection_id = collection_ AND status = 'PROCESSING';
  PERFORM settle_objects(ARRAY[object_]);
END $$;
