-- Whoever follows the events, and the transaction id below which it has done them all. Written by the worker.
CREATE TABLE event_followers (
  follower text PRIMARY KEY,
  position xid8 NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_by_namespace ON events (namespace_id, seq);

-- Who wants to hear of which events. Written by the gateway; how its deliveries fare, from `consecutive_failures` on,
-- by the worker. Signing secrets inside `channels` are sealed. `namespace_ids` NULL means the whole organization.
CREATE TABLE webhooks (
  webhook_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  webhook_name text NOT NULL UNIQUE,
  namespace_ids text[],
  event_types text[] NOT NULL,
  resource_types text[],
  channels jsonb NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  consecutive_failures integer NOT NULL DEFAULT 0,
  first_failure_at timestamptz,
  last_failure_at timestamptz,
  last_failure_cause text,
  paused_at timestamptz,
  paused_reason text
);
CREATE INDEX webhooks_by_event ON webhooks USING gin (event_types) WHERE is_active;

-- One event to be told to one channel of one webhook or alert. Written by the worker, in the transaction that decides
-- that it is to be told. A lane is what must keep its order: the same receiver, channel and subject, by `seq`.
CREATE TABLE deliveries (
  delivery_id text PRIMARY KEY,
  row_key bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  namespace_id text NOT NULL,
  webhook_id text REFERENCES webhooks ON DELETE CASCADE,
  alert_id text,
  execution_id text,
  channel integer NOT NULL,
  channel_type text NOT NULL,
  event_id text NOT NULL REFERENCES events (event_id) ON DELETE CASCADE,
  subject text NOT NULL,
  seq bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed', 'canceled')),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  error text,
  response_status integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CHECK ((webhook_id IS NULL) <> (alert_id IS NULL))
);
CREATE INDEX deliveries_by_lane ON deliveries (coalesce(webhook_id, alert_id), channel, subject, seq)
  WHERE status = 'pending';
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, row_key);
CREATE INDEX deliveries_by_execution ON deliveries (execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);
