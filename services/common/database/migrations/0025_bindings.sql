-- What names another resource means it by id from then on: a rename changes nothing, and what is deleted is not followed
-- by another of its name. What does not exist yet is bound once, when it is made.

-- `bindings`: "collection/<identifier>" or "taxonomy/<identifier>", as the retriever names it -> id. One whose resource
-- is gone stays until somebody names it anew. Written by triggers.
ALTER TABLE retrievers ADD COLUMN bindings jsonb NOT NULL DEFAULT '{}';

CREATE FUNCTION names_of_retriever(identifiers_ text[], stages_ jsonb) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'collection/' || unnest(identifiers_)
  UNION
  SELECT 'collection/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.collection_identifiers[*]') AS found
  UNION
  SELECT 'collection/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.collection_ids[*]') AS found
  UNION
  SELECT 'collection/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.collection_identifier') AS found
  UNION
  SELECT 'collection/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.collection_id') AS found
  UNION
  SELECT 'collection/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.target_collection_id') AS found
  UNION
  SELECT 'taxonomy/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.taxonomy_id') AS found
  UNION
  SELECT 'taxonomy/' || (found #>> '{}') FROM jsonb_path_query(stages_, 'lax $.**.taxonomy') AS found
$$;

-- As services/common/database/resources.py finds them: by id, by name, by prefix and name.
CREATE FUNCTION resource_named(namespace_ text, name_ text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT id FROM (
    SELECT collection_id AS id, collection_name AS name, 'collection/' AS kind, 'col_' AS prefix
    FROM collections WHERE namespace_id = namespace_
    UNION ALL
    SELECT taxonomy_id, taxonomy_name, 'taxonomy/', 'tax_' FROM taxonomies WHERE namespace_id = namespace_
  ) AS known
  WHERE name_ IN (kind || id, kind || name, kind || prefix || name)
  ORDER BY name_ = kind || id DESC, name_ = kind || name DESC LIMIT 1
$$;

CREATE FUNCTION is_bound_to_nothing(binding_ text, id_ text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN binding_ LIKE 'collection/%' THEN NOT EXISTS (SELECT FROM collections WHERE collection_id = id_)
              ELSE NOT EXISTS (SELECT FROM taxonomies WHERE taxonomy_id = id_) END
$$;

-- What is named anew forgets the things that are gone, so that it may mean what has their names now.
CREATE FUNCTION living_bindings(bindings_ jsonb, names_ text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each_text(bindings_)
  WHERE NOT (key = ANY(names_) AND is_bound_to_nothing(key, value))
$$;

CREATE FUNCTION bind_retriever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- Whoever makes what it names at this moment comes before or after: one of the two sees the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('bindings/' || NEW.namespace_id, 0));
  END IF;
  SELECT coalesce(jsonb_object_agg(found.name, found.id) FILTER (WHERE found.id IS NOT NULL), '{}') INTO NEW.bindings
  FROM (
    SELECT name, coalesce(NEW.bindings ->> name, resource_named(NEW.namespace_id, name)) AS id
    FROM names_of_retriever(NEW.collection_identifiers, NEW.stages) AS name WHERE name IS NOT NULL
  ) AS found;
  RETURN NEW;
END $$;
CREATE TRIGGER retrievers_bound BEFORE INSERT OR UPDATE OF collection_identifiers, stages, bindings ON retrievers
  FOR EACH ROW EXECUTE FUNCTION bind_retriever();

CREATE FUNCTION bind_retrievers_to(namespace_ text, names_ text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('bindings/' || namespace_, 0));
  UPDATE retrievers SET bindings = bindings WHERE retriever_id IN (
    SELECT r.retriever_id FROM retrievers r
    WHERE r.namespace_id = namespace_ AND EXISTS (
      SELECT FROM names_of_retriever(r.collection_identifiers, r.stages) AS name
      WHERE name = ANY(names_) AND NOT r.bindings ? name)
    ORDER BY r.retriever_id FOR NO KEY UPDATE);
END $$;

CREATE FUNCTION bind_to_collection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bind_retrievers_to(NEW.namespace_id, ARRAY['collection/' || NEW.collection_id,
    'collection/' || NEW.collection_name, 'collection/col_' || NEW.collection_name]);
  RETURN NULL;
END $$;
CREATE TRIGGER collections_named AFTER INSERT OR UPDATE OF collection_name ON collections
  FOR EACH ROW EXECUTE FUNCTION bind_to_collection();

CREATE FUNCTION bind_to_taxonomy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bind_retrievers_to(NEW.namespace_id, ARRAY['taxonomy/' || NEW.taxonomy_id,
    'taxonomy/' || NEW.taxonomy_name, 'taxonomy/tax_' || NEW.taxonomy_name]);
  RETURN NULL;
END $$;
CREATE TRIGGER taxonomies_named AFTER INSERT OR UPDATE OF taxonomy_name ON taxonomies
  FOR EACH ROW EXECUTE FUNCTION bind_to_taxonomy();

UPDATE retrievers SET bindings = '{}';

-- A collection may be given clusters that are still to be made; their names become ids when they are.
CREATE FUNCTION bind_to_cluster() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE collections c SET settings = c.settings || jsonb_build_object('cluster_applications', (
    SELECT jsonb_agg(CASE WHEN application ->> 'cluster_id' IN (NEW.cluster_name, 'clust_' || NEW.cluster_name)
                          THEN application || jsonb_build_object('cluster_id', NEW.cluster_id)
                          ELSE application END ORDER BY place)
    FROM jsonb_array_elements(c.settings -> 'cluster_applications') WITH ORDINALITY AS each (application, place)))
  WHERE c.namespace_id = NEW.namespace_id AND jsonb_typeof(c.settings -> 'cluster_applications') = 'array'
    AND (c.settings -> 'cluster_applications' @> jsonb_build_array(jsonb_build_object('cluster_id', NEW.cluster_name))
      OR c.settings -> 'cluster_applications'
         @> jsonb_build_array(jsonb_build_object('cluster_id', 'clust_' || NEW.cluster_name)));
  RETURN NULL;
END $$;
CREATE TRIGGER clusters_named AFTER INSERT OR UPDATE OF cluster_name ON clusters
  FOR EACH ROW EXECUTE FUNCTION bind_to_cluster();
UPDATE clusters SET cluster_name = cluster_name;

-- A scope that names a namespace has its id in `namespace_id`, and is for no other that is ever called so.
CREATE FUNCTION bound_scopes(scopes_ jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(
    CASE WHEN scope ? 'namespace_id' OR scope ->> 'resource_id' ~ '[*?[]' THEN scope
         ELSE scope || coalesce((SELECT jsonb_build_object('namespace_id', n.namespace_id) FROM namespaces n
                WHERE n.deleted_at IS NULL AND scope ->> 'resource_id' IN (n.namespace_id, n.namespace_name)
                ORDER BY n.namespace_id = scope ->> 'resource_id' DESC LIMIT 1), '{}') END ORDER BY place), '[]')
  FROM jsonb_array_elements(scopes_) WITH ORDINALITY AS each (scope, place)
$$;
CREATE FUNCTION bind_scopes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.scopes := bound_scopes(NEW.scopes);
  RETURN NEW;
END $$;
CREATE TRIGGER scopes_bound BEFORE INSERT OR UPDATE OF scopes ON api_keys
  FOR EACH ROW EXECUTE FUNCTION bind_scopes();
CREATE FUNCTION bind_scopes_to_namespace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_keys SET scopes = scopes
  WHERE scopes @> jsonb_build_array(jsonb_build_object('resource_id', NEW.namespace_name));
  RETURN NULL;
END $$;
CREATE TRIGGER namespaces_named AFTER INSERT OR UPDATE OF namespace_name ON namespaces
  FOR EACH ROW EXECUTE FUNCTION bind_scopes_to_namespace();
UPDATE api_keys SET scopes = scopes WHERE scopes <> '[]';

-- Names that were kept until now become ids, where they still name something.
CREATE FUNCTION pg_temp.ids_of(namespace_ text, kind_ text, names_ jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(coalesce(to_jsonb(CASE kind_
      WHEN 'collection' THEN resource_named(namespace_, 'collection/' || (name #>> '{}'))
      ELSE (SELECT bucket_id FROM buckets WHERE namespace_id = namespace_ AND deleted_at IS NULL
              AND (name #>> '{}' IN (bucket_id, bucket_name, 'bkt_' || bucket_name))
            ORDER BY bucket_id = name #>> '{}' DESC, bucket_name = name #>> '{}' DESC LIMIT 1) END), name) ORDER BY place)
  FROM jsonb_array_elements(names_) WITH ORDINALITY AS each (name, place)
$$;
CREATE FUNCTION pg_temp.retriever_of(namespace_ text, name_ text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT retriever_id FROM retrievers WHERE namespace_id = namespace_
    AND name_ IN (retriever_id, retriever_name, 'ret_' || retriever_name)
  ORDER BY retriever_id = name_ DESC, retriever_name = name_ DESC LIMIT 1
$$;
UPDATE triggers SET action_config = action_config || jsonb_build_object('include_buckets',
    pg_temp.ids_of(namespace_id, 'bucket', action_config -> 'include_buckets'))
WHERE jsonb_typeof(action_config -> 'include_buckets') = 'array';
UPDATE triggers SET action_config = action_config || jsonb_build_object('include_collections',
    pg_temp.ids_of(namespace_id, 'collection', action_config -> 'include_collections'))
WHERE jsonb_typeof(action_config -> 'include_collections') = 'array';
UPDATE alerts SET system_condition = jsonb_set(system_condition, '{params,collection_ids}',
    pg_temp.ids_of(namespace_id, 'collection', system_condition #> '{params,collection_ids}'))
WHERE jsonb_typeof(system_condition #> '{params,collection_ids}') = 'array'
  AND system_condition #> '{params,collection_ids}' <> '[]';
UPDATE alerts SET system_condition = jsonb_set(system_condition, '{params,retriever_id}',
    to_jsonb(pg_temp.retriever_of(namespace_id, system_condition #>> '{params,retriever_id}')))
WHERE pg_temp.retriever_of(namespace_id, system_condition #>> '{params,retriever_id}') IS NOT NULL;
UPDATE alerts SET retriever_id = pg_temp.retriever_of(namespace_id, retriever_identifier)
WHERE source = 'retriever' AND retriever_id IS NULL;
UPDATE taxonomies SET retriever_identifier = pg_temp.retriever_of(namespace_id, retriever_identifier)
WHERE pg_temp.retriever_of(namespace_id, retriever_identifier) <> retriever_identifier;
DROP FUNCTION pg_temp.ids_of, pg_temp.retriever_of;
