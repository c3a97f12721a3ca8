-- gateway: parts of an object whose document a person deleted: they stay gone when the object is processed again.
-- `vector` tells a face again, `content_hash` whether a page or chunk is still that of the same file.
CREATE TABLE rejected_parts (
  object_id text NOT NULL REFERENCES objects ON DELETE CASCADE,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  part integer NOT NULL,
  vector bytea,
  content_hash text,
  rejected_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (object_id, collection_id, part)
);
CREATE INDEX rejected_parts_of_collection ON rejected_parts (collection_id);
