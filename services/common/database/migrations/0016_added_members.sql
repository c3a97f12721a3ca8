-- What one `assign` added to a run, found without reading all the members of that run.
CREATE INDEX cluster_members_added ON cluster_members (added_by) WHERE added_by IS NOT NULL;
