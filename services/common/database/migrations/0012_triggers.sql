-- Triggers: what is done by the clock, after events, or when documents have changed.

-- gateway; worker from `next_scheduled_at` on, and `status` when it gives up.
-- resource_id: what the action is done to. execution_config: what a cluster's action shows, as it was when it was made.
-- event_type: the events that count; watched_ids: the collections whose documents count or are measured, or for
-- events of objects their buckets. of_collection_id: the collection whose schedule this is.
-- next_scheduled_at is null where nothing is due: not active, or fewer events than it takes.
-- counts_from: only events of later transactions count. baseline_centroids: feature URI -> mean vector.
CREATE TABLE triggers (
  trigger_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  name text,
  description text,
  action_type text NOT NULL CHECK (action_type IN ('cluster', 'taxonomy_enrichment', 'batch_rerun',
    'collection_trigger', 'retriever_execution', 'alert_evaluation')),
  action_config jsonb NOT NULL,
  resource_id text NOT NULL,
  execution_config jsonb,
  trigger_type text NOT NULL CHECK (trigger_type IN ('cron', 'interval', 'event', 'conditional')),
  schedule_config jsonb NOT NULL,
  event_type text,
  watched_ids text[] NOT NULL DEFAULT '{}',
  of_collection_id text UNIQUE REFERENCES collections ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled', 'failed')),
  counts_from xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  next_scheduled_at timestamptz,
  last_triggered_at timestamptz,
  last_execution_task_id text,
  last_execution_status text,
  last_execution_error text,
  execution_count integer NOT NULL DEFAULT 0,
  consecutive_failures integer NOT NULL DEFAULT 0,
  event_counter bigint NOT NULL DEFAULT 0,
  last_cooldown_at timestamptz,
  baseline_snapshot jsonb,
  baseline_centroids jsonb,
  last_drift_measurement jsonb,
  last_volume_measurement jsonb,
  last_condition_check_at timestamptz
);
CREATE INDEX triggers_due ON triggers (next_scheduled_at) WHERE status = 'active';
CREATE INDEX triggers_of_namespace ON triggers (namespace_id, row_key);
CREATE INDEX triggers_of_resource ON triggers (resource_id);
CREATE INDEX triggers_of_event ON triggers (namespace_id, event_type) WHERE status = 'active';
CREATE INDEX triggers_of_watched ON triggers USING gin (watched_ids);

-- worker; gateway where somebody asks for an execution. One at a time of each trigger; those that were skipped name
-- the task that they would have waited for. times: how often the threshold was reached.
-- snapshot, centroids: what was measured when it fired, the next baseline if it succeeds.
CREATE TABLE trigger_executions (
  execution_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  trigger_id text NOT NULL REFERENCES triggers ON DELETE CASCADE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  task_id text NOT NULL,
  cause text NOT NULL CHECK (cause IN ('schedule', 'events', 'condition', 'request')),
  times bigint NOT NULL DEFAULT 1,
  snapshot jsonb,
  centroids jsonb,
  status text NOT NULL,
  error text,
  triggered_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
CREATE UNIQUE INDEX trigger_executions_open ON trigger_executions (trigger_id) WHERE ended_at IS NULL;
CREATE INDEX trigger_executions_of_trigger ON trigger_executions (trigger_id, row_key);

-- Schedules that collections were given before there was anybody to keep them: due now, then as they say.
INSERT INTO triggers (trigger_id, namespace_id, name, description, action_type, action_config, resource_id,
    trigger_type, schedule_config, of_collection_id, next_scheduled_at)
SELECT 'trig_' || substr(md5(collection_id), 1, 12), namespace_id, 'Schedule of ' || collection_name,
    settings #>> '{schedule,description}', 'collection_trigger', jsonb_build_object('collection_id', collection_id),
    collection_id, settings #>> '{schedule,trigger_type}', settings #> '{schedule,schedule_config}', collection_id, now()
FROM collections WHERE settings #>> '{schedule,trigger_type}' IN ('cron', 'interval');
