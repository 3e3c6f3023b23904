-- Who people are: what an app names by its own id, and the service turns into addresses at the moment of sending.
CREATE TABLE recipient (
  -- The app's own.
  id TEXT PRIMARY KEY,
  -- BCP 47; null: not known.
  locale TEXT,
  -- IANA; null: not known.
  zone TEXT,
  -- JSON object: whatever the app wants to say of them.
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What the app gave. Push subscriptions and FCM tokens come and go by themselves: they are devices.
CREATE TABLE recipient_address (
  recipient TEXT NOT NULL,
  channel TEXT NOT NULL,
  -- Address.key of the channel, as in suppression.
  address_key TEXT NOT NULL,
  -- JSON, as the channel takes it.
  address TEXT NOT NULL,
  label TEXT NOT NULL,
  -- In the app's order; 0 is the preferred one of its channel.
  position INTEGER NOT NULL,
  PRIMARY KEY (recipient, channel, address_key)
) WITHOUT ROWID;

CREATE INDEX recipient_address_key ON recipient_address (channel, address_key);

-- What they said that they want, where they said something: the more exact row wins.
CREATE TABLE preference (
  recipient TEXT NOT NULL,
  -- A category's name, or * for all that are not required.
  category TEXT NOT NULL,
  -- A channel's name, or * for all.
  channel TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (recipient, category, channel)
) WITHOUT ROWID;

-- A browser's push subscription, or an app's FCM token. One row for one address: who registers it has it.
CREATE TABLE device (
  id TEXT PRIMARY KEY,
  -- webpush or fcm.
  channel TEXT NOT NULL,
  -- Address.key of the channel: a hash, because endpoints and tokens are secrets.
  address_key TEXT NOT NULL,
  recipient TEXT NOT NULL,
  -- JSON, as the channel takes it.
  address TEXT NOT NULL,
  label TEXT NOT NULL,
  -- The VAPID public key that a push subscription was made with, and has to be sent to with.
  vapid_key TEXT,
  -- firefox, chrome, ...; null: not known.
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  -- Sent to no more: null while it is.
  retired_at INTEGER,
  -- gone (the push service said so), removed (by its owner), crowded (too many, and this one unseen the longest).
  retired_because TEXT,
  UNIQUE (channel, address_key)
) WITHOUT ROWID;

CREATE INDEX device_recipient ON device (recipient, channel, seen_at);

-- Somebody is to be forgotten. Written before anything is deleted, so that what was begun is brought to its end.
CREATE TABLE erasure (
  id TEXT PRIMARY KEY,
  -- Null once it is done: then it does not say of whom.
  recipient TEXT,
  -- JSON list of { channel, addressKey, erasedKey }: the last is a keyed hash. Null once it is done.
  addresses TEXT,
  requested_at INTEGER NOT NULL,
  -- JSON list of the shards that have nothing more of them.
  confirmed TEXT NOT NULL DEFAULT '[]',
  done_at INTEGER
) WITHOUT ROWID;

CREATE UNIQUE INDEX erasure_recipient ON erasure (recipient) WHERE recipient IS NOT NULL;
