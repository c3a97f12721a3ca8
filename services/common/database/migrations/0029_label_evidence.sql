-- A machine's label never outlives its evidence: what each rests on, and which no longer stand.

-- What the machines' labels of one document rest on. Labels of before `rests_on` was written name their evidence.
CREATE FUNCTION lent_of(labels jsonb)
RETURNS TABLE (field text, rests_on text, lent_field text, lent_value jsonb) LANGUAGE sql IMMUTABLE AS $$
  SELECT entry.key, lent ->> 'document_id', coalesce(lent ->> 'field', ''), nullif(lent -> 'value', 'null')
  FROM jsonb_each(labels) AS entry, jsonb_array_elements(
    CASE WHEN entry.value ? 'rests_on' THEN entry.value -> 'rests_on'
         WHEN entry.value #>> '{evidence,0,document_id}' IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
           'document_id', entry.value #> '{evidence,0,document_id}', 'field', entry.key))
         ELSE '[]' END) AS lent
  WHERE entry.value ->> 'source' = 'auto' AND lent ->> 'document_id' IS NOT NULL
$$;

-- triggers: `field` of a document holds what a machine said, since the document `rests_on` lent it its `lent_field`
-- (empty: because it is there at all). `lent_value` is what that was, where it can be compared.
CREATE TABLE label_evidence (
  document_id text NOT NULL,
  field text NOT NULL,
  rests_on text NOT NULL,
  lent_field text NOT NULL,
  lent_value jsonb,
  PRIMARY KEY (document_id, field, rests_on, lent_field)
);
CREATE INDEX label_evidence_by_source ON label_evidence (rests_on);

-- triggers; gateway and worker name the task that decides again: labels that are no references, because what they rest
-- on is not what it was, or (`rejected`) because a person says that they are wrong. `xid` is of the change that did it.
-- `rounds` counts how often one was decided again and did not stand even then.
CREATE TABLE stale_labels (
  document_id text NOT NULL,
  field text NOT NULL,
  namespace_id text NOT NULL,
  collection_id text NOT NULL,
  rejected boolean NOT NULL DEFAULT false,
  task_id text,
  rounds integer NOT NULL DEFAULT 0,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (document_id, field)
);
CREATE INDEX stale_labels_of_task ON stale_labels (task_id, collection_id, document_id);
CREATE INDEX stale_labels_waiting ON stale_labels (xid) WHERE task_id IS NULL AND NOT rejected;

-- `d.stale_fields` in a query: {field: true} of each label of the document that is no reference
CREATE FUNCTION stale_fields(document documents) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(s.field, true), '{}') FROM stale_labels s WHERE s.document_id = document.document_id
$$;

-- Marks labels, and whatever rests on them, as no longer standing; people's labels stand for themselves.
CREATE FUNCTION mark_stale(documents_ text[], fields_ text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH RECURSIVE hit AS (
    SELECT document_id, field FROM unnest(documents_, fields_) AS h (document_id, field)
    UNION
    SELECT e.document_id, e.field FROM hit JOIN label_evidence e
      ON e.rests_on = hit.document_id AND e.lent_field = hit.field
  ), marked AS (
    INSERT INTO stale_labels (document_id, field, namespace_id, collection_id)
    SELECT hit.document_id, hit.field, d.namespace_id, d.collection_id FROM hit JOIN documents d USING (document_id)
    WHERE d.labels -> hit.field ->> 'source' = 'auto' ORDER BY hit.document_id, hit.field
    ON CONFLICT (document_id, field) DO UPDATE SET task_id = NULL, rejected = false, xid = pg_current_xact_id()
    RETURNING document_id, collection_id
  )
  INSERT INTO document_changes (document_id, collection_id) SELECT DISTINCT document_id, collection_id FROM marked;
END $$;

-- Judges labels that were just written: those whose evidence stands are references, the others are not. Whoever changes
-- the evidence at the same time waits for this transaction, and then finds these labels; or this one waits for that.
CREATE FUNCTION check_labels(documents_ text[], fields_ text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  fallen_documents text[];
  fallen_fields text[];
BEGIN
  PERFORM FROM documents WHERE document_id IN (
    SELECT e.rests_on FROM label_evidence e
    JOIN unnest(documents_, fields_) AS written (document_id, field) USING (document_id, field))
  ORDER BY document_id FOR SHARE;
  SELECT array_agg(document_id), array_agg(field) INTO fallen_documents, fallen_fields FROM (
    SELECT DISTINCT e.document_id, e.field FROM label_evidence e
    JOIN unnest(documents_, fields_) AS written (document_id, field) USING (document_id, field)
    LEFT JOIN documents r ON r.document_id = e.rests_on
    WHERE r.document_id IS NULL
       OR (e.lent_value IS NOT NULL AND e.lent_value IS DISTINCT FROM field_value(r.fields, e.lent_field))
       OR EXISTS (SELECT FROM stale_labels s WHERE s.document_id = e.rests_on AND s.field = e.lent_field)) fallen;
  DELETE FROM stale_labels s USING unnest(documents_, fields_) AS written (document_id, field)
  WHERE s.document_id = written.document_id AND s.field = written.field AND NOT s.rejected
    AND NOT EXISTS (SELECT FROM unnest(fallen_documents, fallen_fields) AS fallen (document_id, field)
                    WHERE fallen.document_id = s.document_id AND fallen.field = s.field);
  IF fallen_documents IS NOT NULL THEN
    PERFORM mark_stale(fallen_documents, fallen_fields);
  END IF;
END $$;

-- Labels of a document that a person calls wrong are no references, nor is what rests on them; others are again.
CREATE FUNCTION reject_labels(document text, fields_ text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  new_fields text[];
  resting_documents text[];
  resting_fields text[];
BEGIN
  DELETE FROM stale_labels WHERE document_id = document AND rejected AND field <> ALL(fields_);
  WITH rejected_now AS (
    INSERT INTO stale_labels (document_id, field, namespace_id, collection_id, rejected)
    SELECT d.document_id, f.field, d.namespace_id, d.collection_id, true
    FROM documents d, unnest(fields_) AS f (field) WHERE d.document_id = document
    ON CONFLICT (document_id, field) DO NOTHING RETURNING field
  )
  SELECT array_agg(field) INTO new_fields FROM rejected_now;
  SELECT array_agg(e.document_id), array_agg(e.field) INTO resting_documents, resting_fields
  FROM label_evidence e WHERE e.rests_on = document AND e.lent_field = ANY(new_fields);
  IF resting_documents IS NOT NULL THEN
    PERFORM mark_stale(resting_documents, resting_fields);
  END IF;
  INSERT INTO document_changes (document_id, collection_id)
    SELECT d.document_id, d.collection_id FROM documents d WHERE d.document_id = document;
END $$;

CREATE FUNCTION keep_new_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  documents_ text[];
  fields_ text[];
BEGIN
  WITH kept AS (
    INSERT INTO label_evidence SELECT a.document_id, lent.* FROM after a, lent_of(a.labels) lent
    ON CONFLICT DO NOTHING RETURNING document_id, field
  )
  SELECT array_agg(document_id), array_agg(field) INTO documents_, fields_
    FROM (SELECT DISTINCT document_id, field FROM kept) k;
  IF documents_ IS NOT NULL THEN
    PERFORM check_labels(documents_, fields_);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_bring_evidence AFTER INSERT ON documents
  REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION keep_new_evidence();

CREATE FUNCTION follow_changed_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  documents_ text[];
  fields_ text[];
BEGIN
  -- what others took of these documents, and is otherwise now
  SELECT array_agg(e.document_id), array_agg(e.field) INTO documents_, fields_
  FROM before b JOIN after a USING (document_id) JOIN label_evidence e ON e.rests_on = a.document_id
  WHERE b.fields IS DISTINCT FROM a.fields AND e.lent_field <> ''
    AND field_value(b.fields, e.lent_field) IS DISTINCT FROM field_value(a.fields, e.lent_field);
  IF documents_ IS NOT NULL THEN
    PERFORM mark_stale(documents_, fields_);
  END IF;
  -- a rejected label that is another now, or a person's
  DELETE FROM stale_labels s USING before b, after a
  WHERE s.rejected AND s.document_id = b.document_id AND a.document_id = b.document_id
    AND (field_value(b.fields, s.field) IS DISTINCT FROM field_value(a.fields, s.field)
         OR (b.labels -> s.field IS DISTINCT FROM a.labels -> s.field
             AND coalesce(a.labels -> s.field ->> 'source', '') <> 'auto'));
  -- what their own labels rest on
  SELECT array_agg(document_id), array_agg(field) INTO documents_, fields_ FROM (
    SELECT a.document_id, jsonb_object_keys(b.labels || a.labels) AS field, b.labels AS said_before, a.labels AS says_now
    FROM before b JOIN after a USING (document_id) WHERE b.labels IS DISTINCT FROM a.labels) label
  WHERE said_before -> field IS DISTINCT FROM says_now -> field;
  IF documents_ IS NOT NULL THEN
    DELETE FROM label_evidence e USING unnest(documents_, fields_) AS written (document_id, field)
      WHERE e.document_id = written.document_id AND e.field = written.field;
    INSERT INTO label_evidence SELECT a.document_id, lent.* FROM after a, lent_of(a.labels) lent
      JOIN unnest(documents_, fields_) AS written (document_id, field) USING (field)
      WHERE written.document_id = a.document_id ON CONFLICT DO NOTHING;
    PERFORM check_labels(documents_, fields_);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_change_evidence AFTER UPDATE ON documents
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION follow_changed_evidence();

CREATE FUNCTION drop_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  documents_ text[];
  fields_ text[];
BEGIN
  DELETE FROM label_evidence e USING before b WHERE e.document_id = b.document_id;
  DELETE FROM stale_labels s USING before b WHERE s.document_id = b.document_id;
  SELECT array_agg(e.document_id), array_agg(e.field) INTO documents_, fields_
    FROM before b JOIN label_evidence e ON e.rests_on = b.document_id;
  IF documents_ IS NOT NULL THEN
    PERFORM mark_stale(documents_, fields_);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_take_evidence AFTER DELETE ON documents
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION drop_evidence();

-- Another vector of the same document is another reference: a picture was replaced.
CREATE FUNCTION follow_changed_vectors() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  documents_ text[];
  fields_ text[];
BEGIN
  SELECT array_agg(e.document_id), array_agg(e.field) INTO documents_, fields_
  FROM before b JOIN after a USING (document_id, feature_uri) JOIN label_evidence e ON e.rests_on = a.document_id
  WHERE b.vector IS DISTINCT FROM a.vector;
  IF documents_ IS NOT NULL THEN
    PERFORM mark_stale(documents_, fields_);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER embeddings_change_evidence AFTER UPDATE ON embeddings
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION follow_changed_vectors();

INSERT INTO label_evidence SELECT d.document_id, lent.* FROM documents d, lent_of(d.labels) lent ON CONFLICT DO NOTHING;

-- What waits for its first label, counted when somebody gives one.
CREATE INDEX documents_without_label ON documents (collection_id)
  WHERE coalesce(taxonomy_match ->> 'matched' = 'false' AND NOT taxonomy_match ? 'source', true);
