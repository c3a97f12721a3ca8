-- Taxonomies in every form of the contract, their versions, and what is applied to which collection.

-- `config` is the contract's, normalised; `runs` are the retrievers that it needs: [{retriever, collection?, node?}];
-- `label_fields` are the document fields that it fills. The inline taxonomy of a collection has its own columns, and
-- `options` for what the tutorial does not name; a trigger says the same in `config`, so that readers know one form.
ALTER TABLE taxonomies
  ALTER COLUMN collection_id DROP NOT NULL,
  ALTER COLUMN retriever_identifier DROP NOT NULL,
  ALTER COLUMN field_to_enrich DROP NOT NULL,
  ALTER COLUMN confidence_threshold DROP NOT NULL,
  ADD COLUMN description text,
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN options jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN config jsonb,
  ADD COLUMN runs jsonb,
  ADD COLUMN label_fields text[],
  ADD CONSTRAINT taxonomies_inline CHECK
    (num_nulls(collection_id, retriever_identifier, field_to_enrich, confidence_threshold) IN (0, 4));

-- written by a trigger, never changed: what a taxonomy was at each version
CREATE TABLE taxonomy_versions (
  taxonomy_id text NOT NULL REFERENCES taxonomies ON DELETE CASCADE,
  version integer NOT NULL,
  config jsonb NOT NULL,
  runs jsonb NOT NULL,
  label_fields text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (taxonomy_id, version)
);

-- gateway: what runs for the new documents of a collection, after the inline taxonomy. A retriever enrichment has no
-- taxonomy but `config`, `runs` and `label_fields` of its own. `settings` is what the contract shows.
CREATE TABLE taxonomy_applications (
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  position integer NOT NULL,
  taxonomy_id text REFERENCES taxonomies,
  target_collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  execution_phase integer NOT NULL DEFAULT 1,
  priority integer NOT NULL DEFAULT 0,
  enabled boolean NOT NULL DEFAULT true,
  settings jsonb NOT NULL,
  config jsonb,
  runs jsonb,
  label_fields text[],
  PRIMARY KEY (collection_id, position),
  CHECK ((taxonomy_id IS NULL) = (config IS NOT NULL AND runs IS NOT NULL AND label_fields IS NOT NULL))
);
CREATE INDEX taxonomy_applications_of_target ON taxonomy_applications (target_collection_id);
CREATE INDEX taxonomy_applications_of_taxonomy ON taxonomy_applications (taxonomy_id);

CREATE FUNCTION define_inline_taxonomy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  field text := regexp_replace(NEW.field_to_enrich, '^metadata\.', '');
BEGIN
  IF NEW.collection_id IS NULL THEN
    RETURN NEW;
  END IF;
  NEW.config := jsonb_build_object(
    'taxonomy_type', 'flat', 'retriever_id', NEW.retriever_identifier, 'input_mappings', '[]'::jsonb, 'top_k', 1,
    'source_collection', jsonb_build_object('enrichment_fields',
      jsonb_build_array(jsonb_build_object('field_path', field, 'merge_mode', 'replace'))),
    'confidence_threshold', NEW.confidence_threshold, 'reference_labels', NEW.reference_labels) || NEW.options;
  NEW.runs := jsonb_build_array(jsonb_build_object('retriever', NEW.retriever_identifier));
  NEW.label_fields := ARRAY[field];
  RETURN NEW;
END $$;
CREATE TRIGGER taxonomies_defined BEFORE INSERT OR UPDATE ON taxonomies
  FOR EACH ROW EXECUTE FUNCTION define_inline_taxonomy();

CREATE FUNCTION keep_taxonomy_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO taxonomy_versions (taxonomy_id, version, config, runs, label_fields)
    VALUES (NEW.taxonomy_id, NEW.version, NEW.config, NEW.runs, NEW.label_fields) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER taxonomies_kept AFTER INSERT OR UPDATE ON taxonomies
  FOR EACH ROW EXECUTE FUNCTION keep_taxonomy_version();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a version of a taxonomy does not change';
END $$;
CREATE TRIGGER taxonomy_versions_fixed BEFORE UPDATE ON taxonomy_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

UPDATE taxonomies SET updated_at = updated_at;
ALTER TABLE taxonomies
  ALTER COLUMN config SET NOT NULL, ALTER COLUMN runs SET NOT NULL, ALTER COLUMN label_fields SET NOT NULL;

-- What labels the documents of each collection. Of two that fill one field the first that matches has it:
-- the inline taxonomy, then by phase, priority (the higher first) and position.
CREATE VIEW labellers AS
  SELECT t.collection_id, t.taxonomy_id, t.version, t.config, t.runs, t.label_fields, true AS inline,
         '{}'::jsonb AS settings, 0 AS execution_phase, 0 AS priority, 0 AS position
  FROM taxonomies t WHERE t.collection_id IS NOT NULL
  UNION ALL
  SELECT a.target_collection_id, a.taxonomy_id, coalesce(t.version, 0), coalesce(t.config, a.config),
         coalesce(t.runs, a.runs), coalesce(t.label_fields, a.label_fields), false,
         a.settings, a.execution_phase, a.priority, a.position
  FROM taxonomy_applications a LEFT JOIN taxonomies t USING (taxonomy_id) WHERE a.enabled;
