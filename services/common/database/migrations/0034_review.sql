-- Review by people: what waits, what they decided, and how to take a decision back.

-- gateway: each decision of a person, under the id that their client gave it. `outcome` is what was answered.
CREATE TABLE review_decisions (
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  decision_id text NOT NULL,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  field text NOT NULL,
  action text NOT NULL CHECK (action IN ('label', 'unknown', 'ignore', 'undo')),
  label text,
  undoes text,
  asked jsonb NOT NULL,
  outcome jsonb NOT NULL DEFAULT '[]',
  actor_id text NOT NULL,
  actor_type text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  undone_by text,
  PRIMARY KEY (namespace_id, decision_id)
);
CREATE INDEX review_decisions_of_collection ON review_decisions (collection_id, row_key);

-- gateway: a document or object that a decision changed, as it was before and as it was left
CREATE TABLE review_changes (
  namespace_id text NOT NULL,
  decision_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('document', 'object')),
  subject_id text NOT NULL,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  PRIMARY KEY (namespace_id, decision_id, kind, subject_id),
  FOREIGN KEY (namespace_id, decision_id) REFERENCES review_decisions ON DELETE CASCADE
);
CREATE INDEX review_changes_of_subject ON review_changes (subject_id);

-- gateway: documents that a person has looked at without giving a label. An unknown one may still be labelled by a
-- machine; an ignored one is never asked about again.
CREATE TABLE review_marks (
  document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
  field text NOT NULL,
  mark text NOT NULL CHECK (mark IN ('unknown', 'ignored')),
  decision_id text NOT NULL,
  PRIMARY KEY (document_id, field)
);

-- gateway: some of what waits, put into groups of look-alikes, so that the pages of a list agree. Kept for a day.
CREATE TABLE review_windows (
  window_id text PRIMARY KEY,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  field text NOT NULL,
  kind text NOT NULL,
  groups jsonb NOT NULL,
  last_document_id text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX review_windows_by_age ON review_windows (created_at);

-- What people said of a document's field, and the files that they looked at: whoever decides says which of it they saw.
CREATE FUNCTION review_version(document documents, field_ text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT left(md5(concat_ws('|',
    CASE WHEN document.labels -> field_ ->> 'source' IN ('human', 'import')
         THEN jsonb_build_array(document.labels -> field_ -> 'source', document.labels -> field_ -> 'value',
                                document.labels -> field_ -> 'set_at')::text END,
    (SELECT mark || decision_id FROM review_marks WHERE document_id = document.document_id AND field = field_),
    (SELECT string_agg(coalesce(sha256, source_url), ',' ORDER BY position) FROM blobs
     WHERE object_id = document.object_id))), 16)
$$;

-- What waits for its first label, in the order of the ids, which is none: a part of it is a fair sample of the whole.
CREATE INDEX documents_in_review ON documents (collection_id, document_id)
  WHERE coalesce(taxonomy_match ->> 'matched' = 'false' AND NOT taxonomy_match ? 'source', true);
DROP INDEX documents_without_label;
