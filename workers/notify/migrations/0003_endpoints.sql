-- Where apps want to be told of what happens. Few rows: a deployment has at most 20.
CREATE TABLE endpoint (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  -- JSON list of event types; "*" is all of them.
  types TEXT NOT NULL,
  -- JSON list of { secret, until }, the newest first. They sign, so that they cannot be kept as hashes.
  secrets TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  -- caller, gone (it answered 410) or failing (nothing but failure for five days).
  disabled_because TEXT,
  -- Of the first failure since it last answered with a 2xx.
  failing_since INTEGER
);

-- Grows with every change that the shards must know of: they keep the list with its number, and the newer one wins.
CREATE TABLE endpoint_revision (revision INTEGER NOT NULL);
INSERT INTO endpoint_revision (revision) VALUES (0);

CREATE TRIGGER endpoint_inserted AFTER INSERT ON endpoint BEGIN
  UPDATE endpoint_revision SET revision = revision + 1;
END;

CREATE TRIGGER endpoint_changed AFTER UPDATE OF types, disabled_at ON endpoint BEGIN
  UPDATE endpoint_revision SET revision = revision + 1;
END;

CREATE TRIGGER endpoint_deleted AFTER DELETE ON endpoint BEGIN
  UPDATE endpoint_revision SET revision = revision + 1;
END;

-- The directory's outbox: what apps are to be told of its changes, written by the transaction that made them, whoever
-- made them, and deleted once a shard has taken it over. Empty where there is no endpoint.
CREATE TABLE directory_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- JSON, as the app is told.
  data TEXT NOT NULL
);

CREATE TRIGGER suppression_inserted AFTER INSERT ON suppression
WHEN NEW.removed_at IS NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.created',
    NEW.created_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'all',
      'messageId', NEW.source_message, 'expiresAt', NEW.expires_at)
  );
END;

-- It comes back: after a removal, or after it had ended.
CREATE TRIGGER suppression_restored AFTER UPDATE ON suppression
WHEN NEW.removed_at IS NULL AND (OLD.removed_at IS NOT NULL OR OLD.expires_at <= NEW.created_at)
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.created',
    NEW.created_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'all',
      'messageId', NEW.source_message, 'expiresAt', NEW.expires_at)
  );
END;

CREATE TRIGGER suppression_removed AFTER UPDATE ON suppression
WHEN OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.removed',
    NEW.removed_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'all',
      'messageId', NEW.source_message, 'expiresAt', NEW.expires_at)
  );
END;

-- An opt-out suppresses what may be unsubscribed from: the same event, with the narrower scope.
CREATE TRIGGER opt_out_inserted AFTER INSERT ON opt_out
WHEN NEW.removed_at IS NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.created',
    NEW.created_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'marketing',
      'category', NEW.category, 'messageId', NEW.source_message)
  );
END;

CREATE TRIGGER opt_out_restored AFTER UPDATE ON opt_out
WHEN NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.created',
    NEW.created_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'marketing',
      'category', NEW.category, 'messageId', NEW.source_message)
  );
END;

CREATE TRIGGER opt_out_removed AFTER UPDATE ON opt_out
WHEN OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.removed',
    NEW.removed_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'marketing',
      'category', NEW.category, 'messageId', NEW.source_message)
  );
END;
