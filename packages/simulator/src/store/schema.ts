/** Statements that make the store's tables where they are not there yet. AUTOINCREMENT: an id is never given twice. */
export const schema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL, body TEXT)`,
  `CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    message_id TEXT,
    recipients TEXT NOT NULL,
    summary TEXT NOT NULL,
    content TEXT,
    request INTEGER NOT NULL
  )`,
  `CREATE INDEX IF NOT EXISTS messages_by_provider_id ON messages (provider, provider_message_id)`,
  // What a message said before an edit.
  `CREATE TABLE IF NOT EXISTS earlier (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    content TEXT
  )`,
  `CREATE INDEX IF NOT EXISTS earlier_by_message ON earlier (message)`,
  `CREATE TABLE IF NOT EXISTS other_requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)`,
  // Text that is too long for a row: of a request (r<seq>), a message (m<seq>), or what one said before (e<seq>).
  `CREATE TABLE IF NOT EXISTS parts (owner TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (owner, part)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    attempts TEXT NOT NULL
  )`,
  `CREATE INDEX IF NOT EXISTS webhooks_by_message ON webhooks (message)`,
  `CREATE INDEX IF NOT EXISTS webhooks_waiting ON webhooks (due_at) WHERE state = 'waiting'`,
  `CREATE TABLE IF NOT EXISTS witness (message_id TEXT PRIMARY KEY, accepted INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS faults (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS settings (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID`,
];
