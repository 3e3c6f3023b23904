-- Devices that come and go, and topics that people and devices are members of.

-- How many are left on each VAPID key.
CREATE INDEX device_vapid_key ON device (vapid_key) WHERE retired_at IS NULL AND vapid_key IS NOT NULL;
-- What the sweep forgets.
CREATE INDEX device_retired ON device (retired_at) WHERE retired_at IS NOT NULL;

CREATE TRIGGER device_was_retired AFTER UPDATE OF retired_at ON device
WHEN OLD.retired_at IS NULL AND NEW.retired_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM endpoint WHERE disabled_at IS NULL)
BEGIN
  INSERT INTO directory_event (type, at, data) VALUES (
    'device.retired',
    NEW.retired_at,
    json_object('deviceId', NEW.id, 'recipient', NEW.recipient, 'channel', NEW.channel, 'address', NEW.label,
      'because', NEW.retired_because)
  );
END;

CREATE TABLE topic (
  -- The app's own.
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  -- 1: whoever has a recipient token joins by themselves.
  open INTEGER NOT NULL,
  -- How many rows of topic_member are its; kept by triggers.
  members INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Its members are being deleted, some at a time; then it goes, too.
  removed_at INTEGER
) WITHOUT ROWID;

CREATE TABLE topic_member (
  topic TEXT NOT NULL,
  recipient TEXT NOT NULL,
  -- The one device that is meant; empty: the recipient, with every address of theirs.
  device TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (topic, recipient, device)
) WITHOUT ROWID;

CREATE INDEX topic_member_recipient ON topic_member (recipient);
CREATE INDEX topic_member_device ON topic_member (device) WHERE device <> '';

CREATE TRIGGER topic_member_joined AFTER INSERT ON topic_member BEGIN
  UPDATE topic SET members = members + 1 WHERE id = NEW.topic;
END;

CREATE TRIGGER topic_member_left AFTER DELETE ON topic_member BEGIN
  UPDATE topic SET members = members - 1 WHERE id = OLD.topic;
END;

-- Whoever is forgotten is a member of nothing; and a device that is gone, or another person's by now.
CREATE TRIGGER recipient_left AFTER DELETE ON recipient BEGIN
  DELETE FROM topic_member WHERE recipient = OLD.id;
END;

CREATE TRIGGER device_left AFTER DELETE ON device BEGIN
  DELETE FROM topic_member WHERE device = OLD.id;
END;

CREATE TRIGGER device_moved AFTER UPDATE OF id ON device BEGIN
  DELETE FROM topic_member WHERE device = OLD.id;
END;
