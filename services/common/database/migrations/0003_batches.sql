-- Objects by unique key and by content, uploads by presigned URL, and batches of objects to be processed.

-- `unique_key` is a digest of the values of the bucket's unique key; null where the bucket has none
ALTER TABLE objects ADD COLUMN unique_key text;
CREATE UNIQUE INDEX objects_by_unique_key ON objects (bucket_id, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX blobs_by_hash ON blobs (sha256) WHERE sha256 IS NOT NULL;

-- gateway; worker fails those that nobody confirmed in time.
-- `staged_key` .. `sha256` say what has arrived; `storage_key` is where the content is once it is confirmed.
CREATE TABLE uploads (
  upload_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  bucket_id text NOT NULL REFERENCES buckets ON DELETE CASCADE,
  filename text NOT NULL,
  content_type text NOT NULL,
  file_size_bytes bigint,
  file_hash text,
  presigned_url_expiration integer NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  object_metadata jsonb NOT NULL DEFAULT '{}',
  create_object_on_confirm boolean NOT NULL,
  blob_property text,
  blob_type text,
  skip_duplicates boolean NOT NULL,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED', 'CANCELED')),
  message text,
  staged_key text,
  etag text,
  size_bytes bigint,
  sha256 text,
  mime_type text,
  storage_key text,
  object_id text,
  batch_id text,
  task_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  verified_at timestamptz,
  completed_at timestamptz
);
CREATE INDEX uploads_of_bucket ON uploads (bucket_id, row_key);
CREATE INDEX uploads_by_hash ON uploads (bucket_id, sha256) WHERE status = 'COMPLETED';
CREATE INDEX uploads_by_storage_key ON uploads (storage_key) WHERE storage_key IS NOT NULL;
CREATE INDEX uploads_open ON uploads (expires_at) WHERE status = 'PENDING';

-- gateway; worker changes the status of what was submitted.
-- `is_loaded` is false while a task still adds objects; `collection_ids` are those asked for, then those that it runs.
CREATE TABLE batches (
  batch_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  bucket_id text NOT NULL REFERENCES buckets ON DELETE CASCADE,
  batch_name text,
  status text NOT NULL DEFAULT 'DRAFT' CHECK
    (status IN ('DRAFT', 'PENDING', 'PROCESSING', 'COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED', 'CANCELED')),
  is_loaded boolean NOT NULL DEFAULT true,
  dedup_strategy text NOT NULL DEFAULT 'skip' CHECK (dedup_strategy IN ('skip', 'replace', 'force')),
  collection_ids text[] NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  task_id text,
  error text,
  retry_count integer NOT NULL DEFAULT 0,
  retry_reason text,
  last_retry_at timestamptz,
  submitted_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX batches_of_bucket ON batches (bucket_id, row_key);
CREATE INDEX batches_of_namespace ON batches (namespace_id, row_key);

-- gateway and worker: what a batch is about, also after an object is gone
CREATE TABLE batch_objects (
  batch_id text NOT NULL REFERENCES batches ON DELETE CASCADE,
  object_id text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (batch_id, object_id)
);

-- gateway and worker: one row per object and collection of a submitted batch. While `outcome` is null, the row of
-- `processing` tells; the outcome is written once, so that a later batch does not change what an earlier one says.
-- `enqueued`: this batch made the job, and did not find one already waiting.
CREATE TABLE batch_items (
  batch_id text NOT NULL REFERENCES batches ON DELETE CASCADE,
  object_id text NOT NULL,
  collection_id text NOT NULL,
  enqueued boolean NOT NULL,
  outcome text CHECK (outcome IN ('COMPLETED', 'FAILED', 'SKIPPED', 'LOST')),
  reason text,
  retries integer NOT NULL DEFAULT 0,
  ended_at timestamptz,
  PRIMARY KEY (batch_id, object_id, collection_id)
);
CREATE INDEX batch_items_open ON batch_items (object_id, collection_id) WHERE outcome IS NULL;

-- An item with neither outcome nor record, though its object and collection exist, was lost: that must never be.
CREATE VIEW batch_item_states AS
  SELECT i.batch_id, i.object_id, i.collection_id, i.retries, i.outcome IS NULL AS is_open,
         CASE WHEN i.outcome IS NOT NULL THEN i.outcome
              WHEN o.object_id IS NULL OR c.collection_id IS NULL THEN 'SKIPPED'
              ELSE coalesce(p.status, 'LOST') END AS state,
         CASE WHEN i.outcome IS NOT NULL THEN i.reason
              WHEN o.object_id IS NULL OR c.collection_id IS NULL THEN 'deleted'
              WHEN p.status IS NULL THEN 'LOST: its record is gone; retry the batch'
              ELSE p.error END AS reason,
         coalesce(i.ended_at, p.updated_at) AS updated_at
  FROM batch_items i
  LEFT JOIN objects o USING (object_id)
  LEFT JOIN collections c USING (collection_id)
  LEFT JOIN processing p USING (object_id, collection_id);
