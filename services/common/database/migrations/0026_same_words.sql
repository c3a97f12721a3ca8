-- For uploads that skip duplicates: objects by the words of their fields.
CREATE INDEX objects_by_fields ON objects USING gin (fields jsonb_path_ops);
