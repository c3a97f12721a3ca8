-- Who may call, what namespaces, buckets and collections say of themselves, and deletions that outlast a request.

-- gateway: one row, the organization that this server belongs to
CREATE TABLE organizations (
  organization_id text PRIMARY KEY,
  organization_name text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO organizations (organization_id, organization_name)
  VALUES ('org_' || left(replace(gen_random_uuid()::text, '-', ''), 10), 'Likeness');

-- gateway
CREATE TABLE users (
  user_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  email text NOT NULL UNIQUE,
  user_name text NOT NULL,
  avatar_url text,
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'viewer')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'pending')),
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- gateway; keys without a user are the operator's, made by `likeness keys`.
-- scopes: [{"resource_type": "namespace", "resource_id": pattern, "operations": [...] | null}], none means everywhere
ALTER TABLE api_keys
  ADD COLUMN user_id text REFERENCES users ON DELETE CASCADE,
  ADD COLUMN description text NOT NULL DEFAULT '',
  ADD COLUMN permissions text[] NOT NULL DEFAULT '{read,write,delete,admin}',
  ADD COLUMN scopes jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN rate_limit_override integer CHECK (rate_limit_override > 0),
  ADD COLUMN allowed_origins text[],
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN created_by text,
  ADD COLUMN revoked_by text;
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (user_id, name) WHERE revoked_at IS NULL;

-- What is being deleted keeps its row until a task has removed all that is in it, under a name that nobody can ask for.
ALTER TABLE namespaces
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
ALTER TABLE buckets
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN unique_key jsonb,
  ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';

-- `model`, `feature_uri` and `dimensions` are null for an extractor that makes no vectors.
-- `settings` holds what the contract stores and echoes: schedule, applications, enrichments.
ALTER TABLE collections
  ALTER COLUMN model DROP NOT NULL,
  ALTER COLUMN feature_uri DROP NOT NULL,
  ALTER COLUMN dimensions DROP NOT NULL,
  ADD CONSTRAINT collections_slot CHECK (num_nulls(model, feature_uri, dimensions) IN (0, 3)),
  ADD COLUMN source_collection_ids text[] NOT NULL DEFAULT '{}',
  ADD COLUMN enabled boolean NOT NULL DEFAULT true,
  ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
CREATE INDEX collections_of_collection ON collections USING gin (source_collection_ids);

-- written by a trigger, renewed by whoever stores a blob (services/common/database/garbage.py), emptied by the worker:
-- keys of the blob store that lost a reference. Rows are only added here, so that no two deletions wait for each other.
CREATE TABLE blob_garbage (
  row_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  storage_key text NOT NULL,
  condemned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX blob_garbage_by_key ON blob_garbage (storage_key);
CREATE INDEX blobs_by_storage_key ON blobs (storage_key);

CREATE FUNCTION condemn_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO blob_garbage (storage_key)
    SELECT DISTINCT storage_key FROM dropped WHERE storage_key IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER blobs_dropped AFTER DELETE ON blobs
  REFERENCING OLD TABLE AS dropped FOR EACH STATEMENT EXECUTE FUNCTION condemn_blobs();
CREATE TRIGGER uploads_dropped AFTER DELETE ON uploads
  REFERENCING OLD TABLE AS dropped FOR EACH STATEMENT EXECUTE FUNCTION condemn_blobs();
