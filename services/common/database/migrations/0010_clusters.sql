-- Groups of like documents: what to group and how, each time that it was done, and what came out.

-- gateway writes what is to be done; the worker how the last run went, from `status` on.
-- config: {"vector_config": ..} or {"attribute_config": ..}, complete; feature_uris is empty for attributes
CREATE TABLE clusters (
  cluster_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  cluster_name text NOT NULL,
  description text,
  metadata jsonb NOT NULL DEFAULT '{}',
  cluster_type text NOT NULL CHECK (cluster_type IN ('vector', 'attribute')),
  collection_ids text[] NOT NULL,
  feature_uris text[] NOT NULL,
  config jsonb NOT NULL,
  filters jsonb,
  llm_labeling jsonb,
  enrich_source_collection boolean NOT NULL DEFAULT false,
  source_enrichment_config jsonb,
  auto_execute_on_batch boolean NOT NULL DEFAULT false,
  auto_execute_min_documents integer,
  auto_execute_cooldown_seconds integer NOT NULL DEFAULT 3600,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'PENDING'
    CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELED')),
  error text,
  last_run_id text,
  last_task_id text,
  num_clusters integer,
  num_documents_clustered integer,
  execution_time_seconds double precision,
  quality_metrics jsonb,
  llm_labeling_errors text[] NOT NULL DEFAULT '{}',
  last_executed_at timestamptz,
  completed_at timestamptz,
  output_collection_id text REFERENCES collections ON DELETE SET NULL,
  UNIQUE (namespace_id, cluster_name)
);
CREATE INDEX clusters_of_collection ON clusters USING gin (collection_ids);

-- gateway adds a run, names it and overrides its labels; the worker writes the rest.
-- base_run_id: the run that holds its groups and members: itself, or for `assign` the one that it adds to.
-- models: feature URI -> model, in the order of the groups' centroids; options: what the execution asked for;
-- attempt: how often the worker began it, so that only the last one writes
CREATE TABLE cluster_runs (
  run_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  cluster_id text NOT NULL REFERENCES clusters ON DELETE CASCADE,
  base_run_id text NOT NULL REFERENCES cluster_runs (run_id) ON DELETE CASCADE,
  task_id text,
  mode text NOT NULL DEFAULT 'full' CHECK (mode IN ('full', 'assign')),
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'canceled')),
  algorithm text NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  attempt integer NOT NULL DEFAULT 0,
  run_name text,
  label_overrides jsonb NOT NULL DEFAULT '{}',
  num_clusters integer NOT NULL DEFAULT 0,
  num_points integer NOT NULL DEFAULT 0,
  feature_uris text[] NOT NULL DEFAULT '{}',
  models jsonb NOT NULL DEFAULT '{}',
  vis_n_components integer,
  metrics jsonb NOT NULL DEFAULT '{}',
  warnings text[] NOT NULL DEFAULT '{}',
  llm_labeling_errors text[] NOT NULL DEFAULT '{}',
  source_documents integer,
  vectors_retrieved integer,
  vectors_clustered integer,
  reconciliation_reasons text[] NOT NULL DEFAULT '{}',
  enriched_documents integer,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cluster_runs_of_cluster ON cluster_runs (cluster_id, row_key);
CREATE INDEX cluster_runs_of_base ON cluster_runs (base_run_id);

-- worker: `number` is the position of the group in the run, -1 is noise; `group_id` is the contract's id of it
-- (`cl_0`, `-1`). label is the worker's, from `label_source`; people's are in the run's label_overrides.
-- centroids: one little-endian float32 vector per feature of the run; place: the centroid in the picture.
-- representatives: [{document_id, collection_id}], the nearest first; attributes: what the members of it share;
-- parent: the group that it is a part of, which has no members of its own
CREATE TABLE cluster_groups (
  run_id text NOT NULL REFERENCES cluster_runs ON DELETE CASCADE,
  number integer NOT NULL,
  group_id text NOT NULL,
  parent integer,
  label text,
  label_source text,
  summary text,
  keywords text[] NOT NULL DEFAULT '{}',
  member_count integer NOT NULL,
  centroids bytea[] NOT NULL DEFAULT '{}',
  place real[] NOT NULL DEFAULT '{}',
  representatives jsonb NOT NULL DEFAULT '[]',
  attributes jsonb NOT NULL DEFAULT '{}',
  mean_cosine double precision,
  min_cosine double precision,
  PRIMARY KEY (run_id, number),
  UNIQUE (run_id, group_id)
);

-- worker: every document of a run once; those deleted since are gone from here too, and the groups' counts are stale.
-- distance is 1 - cosine to the centroid, null for noise; x, y, z are the place in the picture;
-- added_by: the `assign` run that added it to a run that was over
CREATE TABLE cluster_members (
  run_id text NOT NULL REFERENCES cluster_runs ON DELETE CASCADE,
  document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
  number integer NOT NULL,
  distance real,
  x real,
  y real,
  z real,
  added_by text,
  PRIMARY KEY (run_id, document_id)
);
CREATE INDEX cluster_members_of_group ON cluster_members (run_id, number, distance);
CREATE INDEX cluster_members_of_document ON cluster_members (document_id);
