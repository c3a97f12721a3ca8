-- Alerts: what is watched, who is told of it, and what came of looking.

-- gateway; worker from `is_raised` on, which the gateway resets when it changes what is watched.
-- `retriever_identifier` is what the user wrote; `retriever_id` is what it named when it was last looked up.
-- `is_raised`: the condition held when it was last looked at. `is_told`: it has been told of since it last rose.
-- `due_at`: when to look next; once a worker looks, `leased_until` is when another may, and `claim` says whose answer
-- counts. `fault`: why the condition cannot be looked at. Signing secrets inside `notification_config` are sealed.
CREATE TABLE alerts (
  alert_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  alert_name text NOT NULL,
  description text,
  source text NOT NULL CHECK (source IN ('retriever', 'system')),
  retriever_identifier text,
  retriever_id text,
  trigger_on text NOT NULL DEFAULT 'results' CHECK (trigger_on IN ('results', 'no_results')),
  min_count integer,
  threshold jsonb,
  inputs jsonb NOT NULL DEFAULT '{}',
  cooldown_seconds integer NOT NULL DEFAULT 0,
  renotify_interval_seconds integer,
  system_condition jsonb,
  namespace_selector jsonb,
  notification_config jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  is_raised boolean NOT NULL DEFAULT false,
  is_told boolean NOT NULL DEFAULT false,
  last_fired_at timestamptz,
  last_evaluated_at timestamptz,
  duration_ms integer NOT NULL DEFAULT 0,
  fault text,
  due_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  claim text,
  UNIQUE (namespace_id, alert_name),
  CHECK ((source = 'retriever') = (retriever_identifier IS NOT NULL)),
  CHECK ((source = 'system') = (system_condition IS NOT NULL))
);
CREATE INDEX alerts_due ON alerts (coalesce(leased_until, due_at)) WHERE enabled;
ALTER TABLE deliveries ADD FOREIGN KEY (alert_id) REFERENCES alerts ON DELETE CASCADE;
CREATE INDEX deliveries_by_alert ON deliveries (alert_id) WHERE alert_id IS NOT NULL;

-- worker: what looking found. Looks that found the same again and told nobody share one row, whose `evaluations` counts
-- them. `triggered`: the condition held; `fired`: somebody was told. `details` says what a system condition measured.
CREATE TABLE alert_executions (
  execution_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL REFERENCES namespaces ON DELETE CASCADE,
  alert_id text NOT NULL REFERENCES alerts ON DELETE CASCADE,
  collection_id text NOT NULL,
  triggered boolean NOT NULL,
  fired boolean NOT NULL,
  match_count integer NOT NULL,
  matches jsonb,
  source_documents text[],
  details jsonb,
  error text,
  evaluations integer NOT NULL DEFAULT 1,
  executed_at timestamptz NOT NULL DEFAULT now(),
  duration_ms integer NOT NULL
);
CREATE INDEX alert_executions_of_alert ON alert_executions (alert_id, row_key);
CREATE INDEX alert_executions_of_namespace ON alert_executions (namespace_id, row_key);

-- worker: new documents of collections that an alert is applied to, each still to be asked about. A document may be
-- gone by then.
CREATE TABLE alert_documents (
  alert_id text NOT NULL REFERENCES alerts ON DELETE CASCADE,
  document_id text NOT NULL,
  collection_id text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (alert_id, document_id)
);
CREATE INDEX alert_documents_in_order ON alert_documents (alert_id, position);

-- An alert whose retriever was changed, deleted or made again is looked at soon, and not with the next sweep.
CREATE FUNCTION hurry_alerts_of_retriever() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed retrievers := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  UPDATE alerts SET due_at = least(due_at, now()) WHERE alert_id IN (
    SELECT alert_id FROM alerts WHERE namespace_id = changed.namespace_id AND source = 'retriever'
      AND (retriever_id = changed.retriever_id OR retriever_identifier IN
           (changed.retriever_id, changed.retriever_name, 'ret_' || changed.retriever_name))
    ORDER BY alert_id FOR NO KEY UPDATE);
  RETURN NULL;
END $$;
CREATE TRIGGER retrievers_watched AFTER INSERT OR DELETE OR UPDATE OF retriever_name, collection_identifiers, stages
  ON retrievers FOR EACH ROW EXECUTE FUNCTION hurry_alerts_of_retriever();
