-- The value that a dotted name leads to, cut at its dots; NULL for none and for null. The same rule as
-- services/common/paths.py: at each level the longest key first, a number is a position in a list, and any other name
-- is looked for in each object of a list.
CREATE FUNCTION value_at(holder jsonb, path text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  held jsonb;
  found jsonb;
BEGIN
  IF cardinality(path) = 0 THEN
    RETURN nullif(holder, 'null');
  END IF;
  IF jsonb_typeof(holder) = 'object' THEN
    FOR length IN REVERSE cardinality(path)..1 LOOP
      held := holder -> array_to_string(path[:length], '.');
      IF held IS NOT NULL THEN
        found := value_at(held, path[length + 1:]);
        IF found IS NOT NULL THEN
          RETURN found;
        END IF;
      END IF;
    END LOOP;
  ELSIF jsonb_typeof(holder) = 'array' THEN
    IF path[1] ~ '^-?[0-9]{1,6}$' THEN
      RETURN value_at(holder -> path[1]::int, path[2:]);
    END IF;
    SELECT jsonb_agg(item.value ORDER BY element.place, item.place) INTO found
    FROM jsonb_array_elements(holder) WITH ORDINALITY AS element (value, place),
      jsonb_path_query(value_at(element.value, path), '$[*]') WITH ORDINALITY AS item (value, place)
    WHERE jsonb_typeof(element.value) = 'object' AND item.value <> 'null';
    RETURN found;
  END IF;
  RETURN NULL;
END $$;

-- The value of a document's field by its name as people write it.
CREATE FUNCTION field_value(fields jsonb, field text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN position('.' IN field) = 0 THEN nullif(fields -> field, 'null')
              ELSE value_at(fields, string_to_array(field, '.')) END
$$;
