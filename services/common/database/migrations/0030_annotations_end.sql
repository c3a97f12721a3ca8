-- An annotation ends with its document, whatever takes that away: lists as of an earlier time still show it.
CREATE FUNCTION end_annotations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH ended AS (
    UPDATE annotations SET deleted_at = clock_timestamp()
    WHERE deleted_at IS NULL AND document_id IN (SELECT document_id FROM gone)
    RETURNING annotation_id, namespace_id, document_id, collection_id, label, verdict, version
  )
  INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
  SELECT 'evt_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 20), namespace_id, 'annotation.deleted',
         'annotation', annotation_id,
         jsonb_build_object('document_id', document_id, 'collection_id', collection_id, 'label', label,
                            'verdict', verdict, 'version', version)
  FROM ended;
  RETURN NULL;
END $$;

CREATE TRIGGER annotations_end AFTER DELETE ON documents
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION end_annotations();

UPDATE annotations a SET deleted_at = clock_timestamp()
WHERE deleted_at IS NULL AND NOT EXISTS (SELECT FROM documents d WHERE d.document_id = a.document_id);
