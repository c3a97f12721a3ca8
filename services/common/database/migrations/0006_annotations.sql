-- What people say of documents, and the indexes that lists of documents need.

-- gateway: the newest state of each annotation. It outlives its document: it is the record of a check.
-- `judged` is the machine's answer that was checked, as it stood then: {field, value, score, taxonomy_id, ...};
-- `verdict` is what the label says of it.
CREATE TABLE annotations (
  annotation_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  document_id text NOT NULL,
  collection_id text NOT NULL,
  label text NOT NULL,
  confidence double precision,
  reasoning text,
  payload jsonb,
  metadata jsonb,
  retriever_id text,
  execution_id text,
  stage_name text,
  judged jsonb,
  verdict text CHECK (verdict IN ('correct', 'incorrect')),
  actor_id text NOT NULL,
  actor_type text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX annotations_of_namespace ON annotations (namespace_id, row_key);
CREATE INDEX annotations_of_document ON annotations (document_id);
CREATE INDEX annotations_of_collection ON annotations (collection_id, row_key);

-- gateway: what each edit changed; `prior` holds the fields of `version` that the next version says otherwise
CREATE TABLE annotation_revisions (
  annotation_id text NOT NULL REFERENCES annotations ON DELETE CASCADE,
  version integer NOT NULL,
  prior jsonb NOT NULL,
  edited_at timestamptz NOT NULL DEFAULT now(),
  edited_by text NOT NULL,
  edited_by_type text NOT NULL,
  PRIMARY KEY (annotation_id, version)
);

-- lists filtered by a label: equality of any field, as containment
CREATE INDEX documents_by_fields ON documents USING gin (fields jsonb_path_ops);
-- lists of a whole namespace
CREATE INDEX documents_of_namespace ON documents (namespace_id, row_key);
