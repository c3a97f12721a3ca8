-- What a person took away waits in stale_labels for what a machine thinks of it; it is no label that fell.
CREATE OR REPLACE FUNCTION stale_fields(document documents) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(s.field, true), '{}') FROM stale_labels s
  WHERE s.document_id = document.document_id
    AND (s.rejected OR document.labels -> s.field ->> 'source' IS DISTINCT FROM 'human')
$$;
