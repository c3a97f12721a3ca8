-- Browsers that have signed in with an API key, and links that sign in once.

-- gateway; `likeness up` and `likeness link` make links. Tokens are kept as sha256, like keys.
-- `key_hash` names the key: when it is revoked or rotated, what was opened with it is of no use any more.
CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('browser', 'link')),
  key_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);
