-- What changed while a record was processed is done by another run, which may begin before the first has ended. When it
-- began (`processing.updated_at`) tells one from another: a run that has been followed by another ends nothing.

-- worker: documents have been written that were made of inputs of these digests.
DROP FUNCTION complete_processing(text[], text[], text[]);
CREATE FUNCTION complete_runs(objects_ text[], collections_ text[], begun_ timestamptz[], digests_ text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  WITH completed AS (
    UPDATE processing p
    SET status = 'COMPLETED', error = NULL, input_digest = run.digest, look = NULL, updated_at = now()
    FROM unnest(objects_, collections_, begun_, digests_) AS run (object_id, collection_id, begun_at, digest)
    WHERE p.object_id = run.object_id AND p.collection_id = run.collection_id
      AND p.status = 'PROCESSING' AND p.updated_at = run.begun_at
    RETURNING p.object_id
  )
  UPDATE objects SET is_looked_at = false WHERE object_id IN (SELECT object_id FROM completed) AND is_looked_at;
  PERFORM settle_objects(objects_);
END $$;

-- worker: a run has failed for good.
CREATE FUNCTION fail_run(object_ text, collection_ text, begun_ timestamptz, error_ text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = object_ FOR NO KEY UPDATE;
  PERFORM FROM processing WHERE object_id = object_ AND collection_id = collection_ AND updated_at = begun_;
  IF FOUND THEN
    PERFORM end_processing(ARRAY[object_], ARRAY[collection_], 'FAILED', error_);
  END IF;
END $$;

-- worker: the input of a record is what it was before.
DROP FUNCTION end_look(text, text);
CREATE FUNCTION end_look(object_ text, collection_ text, begun_ timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = object_ FOR NO KEY UPDATE;
  UPDATE processing SET status = 'COMPLETED', error = NULL, look = NULL, updated_at = now()
  WHERE object_id = object_ AND collection_id = collection_ AND status = 'PROCESSING' AND updated_at = begun_;
  PERFORM settle_objects(ARRAY[object_]);
END $$;
