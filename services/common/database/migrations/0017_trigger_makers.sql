-- The key that made a trigger; null for schedules of collections.
ALTER TABLE triggers ADD COLUMN created_by text;
