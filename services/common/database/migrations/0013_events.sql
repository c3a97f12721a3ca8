-- Events: how they are read and pruned, and one that is told as the last processing of its object ends.

CREATE FUNCTION new_event_id() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT 'evt_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)
$$;

-- worker: what has been done of (object, collection) has ended so; of objects that have thereby ended all tell it.
CREATE OR REPLACE FUNCTION end_processing(objects_ text[], collections_ text[], status_ text, error_ text)
RETURNS TABLE (ended_object_id text, ended_collection_id text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  RETURN QUERY
    UPDATE processing p SET status = status_, error = error_, updated_at = now()
    FROM unnest(objects_, collections_) AS job (object_id, collection_id)
    WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING'
    RETURNING p.object_id, p.collection_id;
  WITH changed AS (
    UPDATE objects o SET status = parts.status, error = parts.error, updated_at = now()
    FROM (
      SELECT p.object_id, min(p.error) FILTER (WHERE p.status = 'FAILED') AS error,
             array_agg(p.collection_id ORDER BY p.collection_id) AS collection_ids,
             min(p.collection_id) FILTER (WHERE p.status = 'FAILED') AS failed_in,
             CASE WHEN bool_or(p.status = 'FAILED') THEN 'FAILED'
                  WHEN bool_and(p.status = 'COMPLETED') THEN 'COMPLETED' ELSE 'PROCESSING' END AS status
      FROM processing p WHERE p.object_id = ANY(objects_) GROUP BY p.object_id
    ) parts
    WHERE o.object_id = parts.object_id AND (o.status, o.error) IS DISTINCT FROM (parts.status, parts.error)
    RETURNING o.object_id, o.namespace_id, o.bucket_id, o.status, o.error, parts.collection_ids, parts.failed_in
  )
  INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
  SELECT new_event_id(), namespace_id, 'object.updated', 'object', object_id,
         jsonb_strip_nulls(jsonb_build_object('bucket_id', bucket_id, 'fields', '["status"]'::jsonb, 'status', status,
           'collection_ids', to_jsonb(collection_ids[:100]), 'collection_id', failed_in, 'error', left(error, 1000)))
  FROM changed WHERE status IN ('COMPLETED', 'FAILED');
END $$;

-- For the feed: all in their order, or those of one type. Age is nearly the same order.
CREATE UNIQUE INDEX events_by_seq ON events (seq);
CREATE INDEX events_by_type ON events (event_type, seq);
DROP INDEX events_by_age;
