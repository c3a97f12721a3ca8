-- Whoever follows the events, and the transaction id below which it has done them all. Written by the worker.
CREATE TABLE event_followers (
  follower text PRIMARY KEY,
  position xid8 NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_by_namespace ON events (namespace_id, seq);

-- Who wants to hear of which events. Written by the gateway; how its deliveries fare, from `consecutive_failures` on,
-- by the worker. Signing secrets inside `channels` are sealed. `namespace_ids` NULL means the whole organization.
-- A webhook hears of what is committed after it was made: what `made_in` sees is older.
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
  made_in pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
  consecutive_failures integer NOT NULL DEFAULT 0,
  first_failure_at timestamptz,
  last_failure_at timestamptz,
  last_failure_cause text,
  paused_at timestamptz,
  paused_reason text
);
CREATE INDEX webhooks_by_event ON webhooks USING gin (event_types) WHERE is_active;

-- One event to be told to one channel of one webhook or alert. Written by the worker, in the transaction that decides
-- that it is to be told; the gateway adds tests. A lane is what must keep its order: the same receiver, channel and
-- subject, by `seq`.
-- `due_at` is when the head of a lane is tried again, for people; `delivery_lanes` decides.
-- The id of a webhook's delivery is derived, so that an event is told to a channel once, however often it is found.
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
  error text,
  response_status integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CHECK ((webhook_id IS NULL) <> (alert_id IS NULL))
);
CREATE INDEX deliveries_by_lane ON deliveries (coalesce(webhook_id, alert_id), channel, subject, seq)
  WHERE status = 'pending';
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, row_key);
CREATE INDEX deliveries_by_execution ON deliveries (execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);
CREATE INDEX deliveries_by_end ON deliveries (ended_at) WHERE status <> 'pending';

-- The lanes that have something pending. Added by triggers, so that whoever writes deliveries need not know of them;
-- changed and removed by the worker. A worker that claims a lane sets `claimed_by`, and `due_at` to the end of its lease:
-- a lane is due when it may be claimed, be its worker dead or not. `failing`: the last attempt at its head failed.
CREATE TABLE delivery_lanes (
  receiver text NOT NULL,
  channel integer NOT NULL,
  subject text NOT NULL,
  due_at timestamptz NOT NULL DEFAULT now(),
  claimed_by text,
  failing boolean NOT NULL DEFAULT false,
  PRIMARY KEY (receiver, channel, subject)
);
CREATE INDEX delivery_lanes_due ON delivery_lanes (receiver, channel, due_at);

-- The update of a lane that is there already locks it, so that no worker removes it as empty meanwhile.
CREATE FUNCTION open_delivery_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO delivery_lanes AS lane (receiver, channel, subject)
    SELECT DISTINCT coalesce(webhook_id, alert_id), channel, subject FROM added WHERE status = 'pending' ORDER BY 1, 2, 3
  ON CONFLICT (receiver, channel, subject) DO UPDATE SET failing = lane.failing;
  RETURN NULL;
END $$;
CREATE TRIGGER deliveries_added AFTER INSERT ON deliveries REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION open_delivery_lanes();

-- What is replayed is sent at once, also in a lane that waits.
CREATE FUNCTION reopen_delivery_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO delivery_lanes AS lane (receiver, channel, subject)
    VALUES (coalesce(NEW.webhook_id, NEW.alert_id), NEW.channel, NEW.subject)
  ON CONFLICT (receiver, channel, subject)
    DO UPDATE SET due_at = CASE WHEN lane.claimed_by IS NULL THEN least(lane.due_at, now()) ELSE lane.due_at END;
  RETURN NULL;
END $$;
CREATE TRIGGER deliveries_reopened AFTER UPDATE OF status ON deliveries
  FOR EACH ROW WHEN (NEW.status = 'pending' AND OLD.status <> 'pending') EXECUTE FUNCTION reopen_delivery_lane();

-- A webhook that is resumed does not wait for what its failures had put off.
CREATE FUNCTION hurry_delivery_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE delivery_lanes SET due_at = now()
  WHERE receiver = NEW.webhook_id AND claimed_by IS NULL AND due_at > now();
  RETURN NULL;
END $$;
CREATE TRIGGER webhooks_resumed AFTER UPDATE OF is_active, paused_at ON webhooks FOR EACH ROW
  WHEN (NEW.is_active AND NEW.paused_at IS NULL AND (OLD.paused_at IS NOT NULL OR NOT OLD.is_active))
  EXECUTE FUNCTION hurry_delivery_lanes();
