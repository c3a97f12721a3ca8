-- What retrievers were asked and how they did it, and how well they answer.

-- gateway: `settings` holds what the contract stores and echoes: tags, budget limits, how to display, visibility
ALTER TABLE retrievers ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';

-- gateway: the newest of each namespace; retriever_id is null where the stages came with the request.
-- inputs are shortened; stages: [{stage_name, stage_type, input_count, output_count, duration_ms}]
CREATE TABLE retriever_executions (
  execution_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  retriever_id text REFERENCES retrievers ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('completed', 'failed')),
  error text,
  collection_ids text[] NOT NULL,
  inputs jsonb NOT NULL,
  inputs_hash text NOT NULL,
  query_summary text,
  stages jsonb NOT NULL,
  total_stages integer NOT NULL,
  total_processed bigint NOT NULL,
  total_returned integer NOT NULL,
  duration_ms double precision NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX executions_of_retriever ON retriever_executions (retriever_id, row_key);
CREATE INDEX executions_of_namespace ON retriever_executions (namespace_id, row_key);

-- gateway: queries whose right answers somebody knows
CREATE TABLE evaluation_datasets (
  dataset_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  dataset_name text NOT NULL,
  description text,
  queries jsonb NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (namespace_id, dataset_name)
);

-- gateway adds them, the worker's task fills in what came out
CREATE TABLE evaluations (
  evaluation_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  retriever_id text NOT NULL REFERENCES retrievers ON DELETE CASCADE,
  dataset_id text NOT NULL REFERENCES evaluation_datasets ON DELETE CASCADE,
  dataset_name text NOT NULL,
  config jsonb NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'failed')),
  query_count integer NOT NULL,
  results jsonb NOT NULL DEFAULT '{}',
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX evaluations_of_retriever ON evaluations (retriever_id, row_key);
