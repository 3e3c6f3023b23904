-- Apps are told when a suppression ends by itself. Additive: the code before this step tells nobody, and goes on as it did.

-- The end that was told; another one than `expires_at` where it has come back since.
ALTER TABLE suppression ADD COLUMN ended_at INTEGER;

CREATE INDEX suppression_ends ON suppression (expires_at) WHERE expires_at IS NOT NULL AND ended_at IS NOT expires_at;

CREATE TRIGGER suppression_ended AFTER UPDATE OF ended_at ON suppression
WHEN NEW.removed_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.ended_at IS NOT OLD.ended_at
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'suppression.removed',
    NEW.ended_at,
    json_object('channel', NEW.channel, 'address', NEW.label, 'reason', NEW.reason, 'scope', 'all',
      'messageId', NEW.source_message, 'expiresAt', NEW.expires_at)
  );
END;
