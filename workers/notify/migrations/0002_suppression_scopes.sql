-- Suppressions that end, opt-outs of what is not required, and the soft bounces that are counted. Additive: the code before
-- this step goes on reading and writing `suppression` as it is, and does not know the rest.

-- When it ends by itself; null: never.
ALTER TABLE suppression ADD COLUMN expires_at INTEGER;
-- The last removal through the API, kept when the suppression comes back: nothing that was caused before it counts.
ALTER TABLE suppression ADD COLUMN cleared_at INTEGER;
-- When a provider last said that it sends there again: what providers had said before it counts no more, but complaints.
ALTER TABLE suppression ADD COLUMN lifted_at INTEGER;

-- Who does not want what may be unsubscribed from. Beside `suppression`, not in it: an address that bounces has not opted
-- out, and one that opted out still gets its receipts.
CREATE TABLE opt_out (
  channel TEXT NOT NULL,
  address_key TEXT NOT NULL,
  -- A category's name, or * for all that are not required.
  category TEXT NOT NULL,
  label TEXT NOT NULL,
  reason TEXT NOT NULL,
  source_message TEXT,
  caused_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER,
  -- As above: by the person or the API, and by a provider (on the row of *, for all categories).
  cleared_at INTEGER,
  lifted_at INTEGER,
  PRIMARY KEY (channel, address_key, category)
) WITHOUT ROWID;

CREATE INDEX opt_out_created ON opt_out (created_at DESC, channel, address_key, category) WHERE removed_at IS NULL;

-- Messages that softly bounced, until they are too old to count.
CREATE TABLE soft_bounce (
  channel TEXT NOT NULL,
  address_key TEXT NOT NULL,
  message TEXT NOT NULL,
  label TEXT NOT NULL,
  -- The message's first.
  at INTEGER NOT NULL,
  -- 1: it was delivered in the end, and counts no more.
  withdrawn INTEGER NOT NULL,
  PRIMARY KEY (channel, address_key, message)
) WITHOUT ROWID;

CREATE INDEX soft_bounce_at ON soft_bounce (at);
