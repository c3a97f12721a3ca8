-- Clusters that run by themselves when documents come into a collection that they are applied to.

-- worker: written in the transaction that has read of the documents, deleted in the one that starts the run.
-- mode `assign` adds the new documents to the groups there are, `full` groups all anew
CREATE TABLE cluster_runs_due (
  cluster_id text NOT NULL REFERENCES clusters ON DELETE CASCADE,
  collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
  mode text NOT NULL CHECK (mode IN ('full', 'assign')),
  since timestamptz NOT NULL DEFAULT now(),
  looked_at timestamptz,
  PRIMARY KEY (cluster_id, collection_id, mode)
);
-- worker: when a cluster last ran by itself
ALTER TABLE clusters ADD COLUMN last_automatic_run_at timestamptz;
