-- Who may call, and whom not to send to.
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  -- SHA-256 of the key, hex: the key itself is shown once and kept nowhere.
  hash TEXT NOT NULL UNIQUE,
  -- JSON list of send, read, admin.
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);

CREATE TABLE suppression (
  channel TEXT NOT NULL,
  -- Address.key of the channel: normalised, or a hash where the address is a secret.
  address_key TEXT NOT NULL,
  label TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- The message whose event caused it; null when it was added by hand.
  source_message TEXT,
  -- When what caused it happened: an event older than a removal does not bring it back.
  caused_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER,
  PRIMARY KEY (channel, address_key)
) WITHOUT ROWID;

CREATE INDEX suppression_created ON suppression (created_at DESC, channel, address_key) WHERE removed_at IS NULL;
