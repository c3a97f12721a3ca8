-- Core tables. The comment above each names the one service that writes it.

-- gateway
CREATE TABLE namespaces (
  namespace_id text PRIMARY KEY,
  namespace_name text NOT NULL UNIQUE,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- gateway
CREATE TABLE api_keys (
  key_id text PRIMARY KEY,
  key_prefix text NOT NULL,
  key_hash bytea NOT NULL UNIQUE,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);

-- gateway: secrets that its replicas share, such as the one that signs links
CREATE TABLE server_secrets (
  secret_name text PRIMARY KEY,
  secret_value bytea NOT NULL
);

-- gateway
CREATE TABLE buckets (
  bucket_id text PRIMARY KEY,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  bucket_name text NOT NULL,
  description text,
  bucket_schema jsonb NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (namespace_id, bucket_name)
);

-- gateway: `stages` in the contract's output form
CREATE TABLE retrievers (
  retriever_id text PRIMARY KEY,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  retriever_name text NOT NULL,
  description text,
  collection_identifiers text[] NOT NULL,
  stages jsonb NOT NULL,
  input_schema jsonb,
  metadata jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (namespace_id, retriever_name)
);

-- gateway: `model` is pinned at creation and serves the slot `feature_uri`
CREATE TABLE collections (
  collection_id text PRIMARY KEY,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  collection_name text NOT NULL,
  description text,
  bucket_ids text[] NOT NULL,
  source jsonb NOT NULL,
  feature_extractor jsonb NOT NULL,
  extractor text NOT NULL,
  model text NOT NULL,
  feature_uri text NOT NULL,
  dimensions integer NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (namespace_id, collection_name)
);
CREATE INDEX collections_of_bucket ON collections USING gin (bucket_ids);

-- gateway: one row per taxonomy version in force; an inline taxonomy belongs to its collection
CREATE TABLE taxonomies (
  taxonomy_id text PRIMARY KEY,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  taxonomy_name text NOT NULL,
  collection_id text NOT NULL UNIQUE REFERENCES collections ON DELETE CASCADE,
  retriever_identifier text NOT NULL,
  field_to_enrich text NOT NULL,
  confidence_threshold double precision NOT NULL,
  reference_labels text NOT NULL DEFAULT 'all' CHECK (reference_labels IN ('all', 'human')),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (namespace_id, taxonomy_name)
);

-- gateway writes fields; worker writes status and error.
-- human_fields: field -> time of the PATCH that set it; a person's, even before there is a document
CREATE TABLE objects (
  object_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  bucket_id text NOT NULL REFERENCES buckets ON DELETE CASCADE,
  key_prefix text,
  fields jsonb NOT NULL DEFAULT '{}',
  human_fields jsonb NOT NULL DEFAULT '{}',
  idempotency_key text,
  status text NOT NULL DEFAULT 'PENDING'
    CHECK (status IN ('DRAFT', 'PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (bucket_id, idempotency_key)
);
CREATE INDEX objects_of_bucket ON objects (bucket_id, row_key);

-- gateway; worker fills what it learns of a fetched blob (storage_key .. sha256)
CREATE TABLE blobs (
  blob_id text PRIMARY KEY,
  object_id text NOT NULL REFERENCES objects ON DELETE CASCADE,
  position integer NOT NULL,
  property text NOT NULL,
  type text NOT NULL,
  source_url text,
  storage_key text,
  filename text,
  mime_type text,
  size_bytes bigint,
  sha256 text,
  metadata jsonb NOT NULL DEFAULT '{}',
  UNIQUE (object_id, position),
  CHECK (source_url IS NOT NULL OR storage_key IS NOT NULL)
);

-- worker: one row per object and collection; the record that a job works on
CREATE TABLE processing (
  object_id text NOT NULL REFERENCES objects ON DELETE CASCADE,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
  attempts integer NOT NULL DEFAULT 0,
  error text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (object_id, collection_id)
);
CREATE INDEX processing_of_collection ON processing (collection_id, status);

-- Ends attempts and brings the status of their objects up to date; returns the records that were still open.
-- The objects are locked before anything is read: of two collections that end at once, the second sees the first.
CREATE FUNCTION end_processing(objects_ text[], collections_ text[], status_ text, error_ text)
RETURNS TABLE (ended_object_id text, ended_collection_id text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM objects WHERE object_id = ANY(objects_) ORDER BY object_id FOR NO KEY UPDATE;
  RETURN QUERY
    UPDATE processing p SET status = status_, error = error_, updated_at = now()
    FROM unnest(objects_, collections_) AS job (object_id, collection_id)
    WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING'
    RETURNING p.object_id, p.collection_id;
  UPDATE objects o SET status = parts.status, error = parts.error, updated_at = now()
  FROM (
    SELECT p.object_id, min(p.error) FILTER (WHERE p.status = 'FAILED') AS error,
           CASE WHEN bool_or(p.status = 'FAILED') THEN 'FAILED'
                WHEN bool_and(p.status = 'COMPLETED') THEN 'COMPLETED' ELSE 'PROCESSING' END AS status
    FROM processing p WHERE p.object_id = ANY(objects_) GROUP BY p.object_id
  ) parts
  WHERE o.object_id = parts.object_id AND (o.status, o.error) IS DISTINCT FROM (parts.status, parts.error);
END $$;

-- worker writes documents; gateway changes the fields that it passes through
CREATE TABLE documents (
  document_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  bucket_id text NOT NULL,
  object_id text NOT NULL REFERENCES objects ON DELETE CASCADE,
  part integer NOT NULL,
  fields jsonb NOT NULL,
  taxonomy_match jsonb,
  labels jsonb NOT NULL DEFAULT '{}',
  internal jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (collection_id, object_id, part)
);
CREATE INDEX documents_of_collection ON documents (collection_id, row_key);
CREATE INDEX documents_of_object ON documents (object_id);

-- worker: little-endian float16, unit norm
CREATE TABLE embeddings (
  document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
  feature_uri text NOT NULL,
  model text NOT NULL,
  dimensions integer NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (document_id, feature_uri),
  CHECK (octet_length(vector) = 2 * dimensions)
);
-- vectors do not compress; keep them in the row as long as it fits a page
ALTER TABLE embeddings ALTER COLUMN vector SET STORAGE EXTERNAL;
ALTER TABLE embeddings SET (toast_tuple_target = 8160);

-- written by triggers, read by the index. A sequence is not commit-ordered, so readers go by `xid`
-- and trust only what lies below pg_snapshot_xmin.
CREATE TABLE document_changes (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  document_id text NOT NULL,
  collection_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xid, seq)
);
CREATE INDEX document_changes_by_age ON document_changes (created_at);

CREATE FUNCTION log_document_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed documents := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  INSERT INTO document_changes (document_id, collection_id) VALUES (changed.document_id, changed.collection_id);
  RETURN NULL;
END $$;
CREATE FUNCTION log_embedding_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO document_changes (document_id, collection_id)
    SELECT d.document_id, d.collection_id FROM documents d WHERE d.document_id = NEW.document_id;
  RETURN NULL;
END $$;
CREATE TRIGGER embeddings_changed AFTER UPDATE ON embeddings
  FOR EACH ROW EXECUTE FUNCTION log_embedding_change();
CREATE TRIGGER documents_changed AFTER INSERT OR UPDATE OR DELETE ON documents
  FOR EACH ROW EXECUTE FUNCTION log_document_change();

-- outbox: an event exists if and only if its change was committed
CREATE TABLE events (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  event_id text NOT NULL UNIQUE,
  namespace_id text NOT NULL,
  event_type text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xid, seq)
);
CREATE INDEX events_by_age ON events (created_at);
