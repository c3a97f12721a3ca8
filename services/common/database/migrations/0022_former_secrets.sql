-- A channel may have several former secrets, each of which signs until its announced time: a list in the place of one.
CREATE FUNCTION with_former_secrets(config jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN config ? 'sealed_previous' THEN
    config - 'sealed_previous' - 'previous_until' || jsonb_build_object('former_secrets', jsonb_build_array(
      jsonb_build_object('sealed', config -> 'sealed_previous', 'until', config -> 'previous_until')))
  ELSE config END $$;

UPDATE webhooks SET channels = (
  SELECT jsonb_agg(jsonb_set(channel, '{configs}', with_former_secrets(channel -> 'configs')) ORDER BY place)
  FROM jsonb_array_elements(channels) WITH ORDINALITY AS each (channel, place))
WHERE jsonb_path_exists(channels, '$[*].configs.sealed_previous');

UPDATE alerts SET notification_config = jsonb_set(notification_config, '{channels}', (
  SELECT jsonb_agg(jsonb_set(channel, '{config}', with_former_secrets(channel -> 'config')) ORDER BY place)
  FROM jsonb_array_elements(notification_config -> 'channels') WITH ORDINALITY AS each (channel, place)))
WHERE jsonb_path_exists(notification_config, '$.channels[*].config.sealed_previous');

DROP FUNCTION with_former_secrets;
