-- Fields that a bucket's schema declares as times compare as instants: texts in ISO 8601, in UTC where they name no zone.

-- The instant that a text names, in a form whose order is theirs; NULL for a text that names none.
CREATE FUNCTION moment_text(given text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  zoned text;
BEGIN
  IF given !~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?$' THEN
    RETURN NULL;
  END IF;
  zoned := CASE WHEN length(given) = 10 THEN given || ' 00:00Z'
                WHEN given ~ '(Z|[+-]\d\d(:?\d\d)?)$' THEN given ELSE given || 'Z' END;
  IF NOT pg_input_is_valid(zoned, 'timestamptz') THEN
    RETURN NULL;
  END IF;
  RETURN to_char(zoned::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US');
END $$;

-- A value to sort by: a text that names an instant is in the form above.
CREATE FUNCTION moment_value(value jsonb) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(value) WHEN 'string' THEN coalesce(to_jsonb(moment_text(value #>> '{}')), value) ELSE value END
$$;

-- The dotted names of the times among the properties of a schema.
CREATE FUNCTION moment_paths(properties jsonb, lead text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
  name text;
  rule jsonb;
BEGIN
  FOR name, rule IN SELECT key, value FROM jsonb_each(properties) WHERE jsonb_typeof(properties) = 'object' LOOP
    IF rule ->> 'type' = 'array' AND jsonb_typeof(rule -> 'items') = 'object' THEN
      rule := rule -> 'items';
    END IF;
    IF rule ->> 'type' IN ('date', 'datetime') THEN
      RETURN NEXT lead || name;
    ELSIF jsonb_typeof(rule -> 'properties') = 'object' THEN
      RETURN QUERY SELECT moment_paths(rule -> 'properties', lead || name || '.');
    END IF;
  END LOOP;
END $$;

CREATE VIEW bucket_moments AS
  SELECT b.bucket_id, path FROM buckets b, moment_paths(b.bucket_schema -> 'properties') AS path;

-- Of a collection: what its buckets or source collections declare, also under the names that it passes them on by.
CREATE VIEW collection_moments AS
  WITH declared AS (
    SELECT c.collection_id, m.path FROM collections c JOIN bucket_moments m ON m.bucket_id = ANY(c.bucket_ids)
    UNION
    SELECT c.collection_id, path FROM collections c, moment_paths(c.settings -> 'input_schema') AS path
  )
  SELECT collection_id, path FROM declared
  UNION
  SELECT d.collection_id, rule ->> 'target_path' FROM declared d JOIN collections c USING (collection_id),
    jsonb_array_elements(CASE jsonb_typeof(c.feature_extractor -> 'field_passthrough') WHEN 'array'
                         THEN c.feature_extractor -> 'field_passthrough' ELSE '[]' END) AS rule
  WHERE rule ->> 'target_path' IS NOT NULL
    AND regexp_replace(rule ->> 'source_path', '^(\$\.)?((payload|metadata)\.)?', '') = d.path;
