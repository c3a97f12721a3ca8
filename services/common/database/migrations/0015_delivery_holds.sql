-- Receivers that asked to be left alone for a while (Retry-After): the channel of a webhook or alert, and until when.
-- Written by the worker; a webhook or alert that somebody changes or resumes begins anew. The worker writes no
-- `updated_at` of webhooks.
CREATE TABLE delivery_holds (
  receiver text NOT NULL,
  channel integer NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (receiver, channel)
);

CREATE FUNCTION end_webhook_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM delivery_holds WHERE receiver = OLD.webhook_id;
  RETURN NULL;
END $$;
CREATE TRIGGER webhooks_begin_anew AFTER UPDATE OF updated_at ON webhooks
  FOR EACH ROW EXECUTE FUNCTION end_webhook_holds();

-- Its deliveries go by themselves; a worker would find its lanes empty one after the other.
CREATE FUNCTION forget_webhook_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM delivery_holds WHERE receiver = OLD.webhook_id;
  DELETE FROM delivery_lanes WHERE receiver = OLD.webhook_id;
  RETURN NULL;
END $$;
CREATE TRIGGER webhooks_deleted AFTER DELETE ON webhooks FOR EACH ROW EXECUTE FUNCTION forget_webhook_lanes();

CREATE FUNCTION end_alert_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM delivery_holds WHERE receiver = OLD.alert_id;
  RETURN NULL;
END $$;
CREATE TRIGGER alerts_begin_anew AFTER DELETE OR UPDATE OF notification_config ON alerts
  FOR EACH ROW EXECUTE FUNCTION end_alert_holds();

-- In the order in which everybody locks lanes, lest two wait for each other.
CREATE OR REPLACE FUNCTION hurry_delivery_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM delivery_lanes WHERE receiver = NEW.webhook_id AND claimed_by IS NULL AND due_at > now()
    ORDER BY receiver, channel, subject FOR UPDATE;
  UPDATE delivery_lanes SET due_at = now()
  WHERE receiver = NEW.webhook_id AND claimed_by IS NULL AND due_at > now();
  RETURN NULL;
END $$;

-- Whoever resumes a webhook, or changes its channels, does not wait for what failures had put off, paused or not.
DROP TRIGGER webhooks_resumed ON webhooks;
CREATE TRIGGER webhooks_resumed AFTER UPDATE OF is_active, paused_at, channels, updated_at ON webhooks FOR EACH ROW
  WHEN (NEW.is_active AND NEW.paused_at IS NULL AND (
    OLD.paused_at IS NOT NULL OR NOT OLD.is_active OR NEW.channels IS DISTINCT FROM OLD.channels
    OR (OLD.last_failure_at IS NOT NULL AND NEW.last_failure_at IS NULL)))
  EXECUTE FUNCTION hurry_delivery_lanes();
