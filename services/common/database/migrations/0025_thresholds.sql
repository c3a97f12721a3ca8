-- The threshold of those who name none, from the manifest of the model that the collection pinned.
ALTER TABLE collections ADD COLUMN label_threshold double precision CHECK (label_threshold BETWEEN 0 AND 1);
UPDATE collections SET label_threshold = CASE model WHEN 'yunet_sface' THEN 0.45 ELSE 0.30 END WHERE model IS NOT NULL;
-- Few documents cannot be judged, and every look at their collection asks for them.
CREATE INDEX documents_not_judged ON documents (collection_id) WHERE taxonomy_match ? 'reason';
