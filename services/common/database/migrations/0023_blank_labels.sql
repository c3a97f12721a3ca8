-- What is blank is no label, as services/common/label_values.py says; the range of characters is the same there.

-- Texts with a visible character, numbers and true say something, and so do the lists and objects that hold one.
CREATE FUNCTION is_label(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(jsonb_path_exists(value, '$.** ? (@ == true || @.type() == "number" || @ like_regex
    "[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}-\u{e01ef}]")'),
    false)
$$;

-- Blank labels of before become null: what a person left blank stays a person's, any other waits for a label again.
UPDATE documents d SET
  fields = d.fields || blank.nothing,
  labels = (d.labels - blank.names) || blank.cleared,
  taxonomy_match = CASE
    WHEN d.taxonomy_match IS NULL OR NOT blank.names @> ARRAY[blank.main] OR blank.cleared ? blank.main THEN d.taxonomy_match
    WHEN d.taxonomy_match ->> 'source' = 'import' THEN '{"matched": false, "confidence": 0.0}'
    ELSE (d.taxonomy_match - 'source_document_id') || '{"matched": false}' END,
  updated_at = now()
FROM (
  SELECT e.document_id, array_agg(f.field) AS names, jsonb_object_agg(f.field, 'null'::jsonb) AS nothing,
         coalesce(jsonb_object_agg(f.field, e.labels -> f.field || '{"value": null}')
                  FILTER (WHERE e.labels #>> ARRAY[f.field, 'source'] = 'human'), '{}') AS cleared,
         (SELECT l.label_fields[1] FROM labellers l WHERE l.collection_id = e.collection_id
          ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position LIMIT 1) AS main
  FROM (SELECT DISTINCT l.collection_id, field FROM labellers l, unnest(l.label_fields) AS field) AS f
  JOIN documents e USING (collection_id)
  WHERE e.fields ? f.field AND e.fields -> f.field <> 'null' AND NOT is_label(e.fields -> f.field)
  GROUP BY e.document_id, e.collection_id, e.labels
) AS blank
WHERE d.document_id = blank.document_id;
