/**
 * The shard's tables, as steps that were each taken once. Steps only ever add (an index may change: it holds nothing of its
 * own): while a deploy rolls out, the old code reads what the new code's steps have made. The primary keys are the order of reading, so that a row costs one write.
 */
const steps: readonly string[] = [
  `
  CREATE TABLE notification (
    uuid TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    -- When the first try is due: accepted_at unless the caller gave a later moment.
    send_at INTEGER NOT NULL,
    -- JSON list of provider ids in the caller's order; null leaves it to the deployment.
    providers TEXT,
    -- JSON; null when it stands in content_part.
    content TEXT,
    content_bytes INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Content over 1 MB, in parts of 1 MB: no value may pass 2 MB.
  CREATE TABLE content_part (
    notification TEXT NOT NULL,
    part INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (notification, part)
  ) WITHOUT ROWID;

  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    -- JSON list of the notifications' uuids.
    notifications TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE message (
    uuid TEXT PRIMARY KEY,
    -- JSON of the caller's address.
    recipient TEXT NOT NULL,
    -- JSON list of { key, label }: one, or those of an envelope. Evidence is kept by its index.
    addresses TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- Where it stands; what is shown while there is no evidence.
    place TEXT NOT NULL,
    -- What is shown: derived from place and evidence whenever either changes.
    status TEXT NOT NULL,
    due_at INTEGER,
    chunk TEXT,
    -- provider:account of the next or last try; null is the first in order.
    lane TEXT,
    lane_tries INTEGER NOT NULL DEFAULT 0,
    lane_since INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    -- How many of them ended without an answer.
    unknown_tries INTEGER NOT NULL DEFAULT 0,
    -- How many leases ended under it without an outcome.
    lost_leases INTEGER NOT NULL DEFAULT 0,
    -- JSON: by attempt (its seq), a list by address.
    evidence TEXT NOT NULL DEFAULT '{}',
    milestones TEXT NOT NULL DEFAULT '{}',
    provider TEXT,
    provider_message_id TEXT,
    possible_duplicate INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;

  CREATE INDEX message_due ON message (priority, due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX message_provider ON message (provider_message_id) WHERE provider_message_id IS NOT NULL;

  -- Attempts, events and decisions, in the order that they were learned.
  CREATE TABLE timeline (
    message TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    event_key TEXT,
    provider TEXT,
    provider_message_id TEXT,
    PRIMARY KEY (message, seq)
  ) WITHOUT ROWID;

  -- What was claimed together. Open: handed to Deliver under a lease. Waiting: its outcome is unknown, and it is tried
  -- again as this same chunk, so that the provider recognises its key.
  CREATE TABLE chunk (
    id TEXT NOT NULL,
    token TEXT NOT NULL,
    lane TEXT NOT NULL,
    members TEXT NOT NULL,
    open INTEGER NOT NULL,
    -- Open: end of the lease. Waiting: when to try again.
    at INTEGER NOT NULL,
    -- The clock that the content is rendered with, at every try.
    rendered_at INTEGER NOT NULL,
    PRIMARY KEY (open, id)
  ) WITHOUT ROWID;
  -- The open ones are few and one range of the primary key; waiting ones can be many, and cost a row more.
  CREATE INDEX chunk_waiting ON chunk (at) WHERE open = 0;

  CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    payload TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX outbox_due ON outbox (due_at);

  -- Events whose message is not known (yet).
  CREATE TABLE stray (
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX stray_due ON stray (due_at) WHERE due_at IS NOT NULL;
  `,
  `
  -- What kind of message it is; null: transactional.
  ALTER TABLE notification ADD COLUMN category TEXT;

  -- Lanes whose provider refuses our credentials, until it takes a message again.
  CREATE TABLE lane_trouble (
    lane TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    -- The provider's HTTP status and code.
    status INTEGER,
    code TEXT
  ) WITHOUT ROWID;

  -- What came and was not stored, by name.
  CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- JSON of the content's metadata: apps are told it with each event, and the content may be large.
  ALTER TABLE notification ADD COLUMN metadata TEXT;

  -- The directory's endpoints, as far as a transaction needs them to decide who is told of what it did; and each one's lane.
  CREATE TABLE listener (
    endpoint TEXT PRIMARY KEY,
    -- JSON list of event types.
    types TEXT NOT NULL,
    -- 0: disabled, told nothing. Removed ones stay until their deliveries are gone.
    enabled INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    -- End of the lease of those that are out, else of a pause; past: free.
    free_at INTEGER NOT NULL,
    -- Of those that are out; null: none.
    token TEXT,
    -- Turns in a row in which everything failed.
    failed_turns INTEGER NOT NULL
  ) WITHOUT ROWID;
  -- Number of the directory's list that these are from.
  CREATE TABLE listener_revision (revision INTEGER NOT NULL);

  -- One event for one endpoint.
  CREATE TABLE delivery (
    endpoint TEXT NOT NULL,
    -- uuid of the message, or of an event that is about none.
    subject TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    -- When the transaction that caused it ran.
    at INTEGER NOT NULL,
    data TEXT NOT NULL,
    -- pending, delivered, or dead.
    state TEXT NOT NULL,
    -- Null where it is settled, and while an earlier one of its subject is pending: one at a time, in their order.
    due_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    -- JSON list of what the endpoint answered.
    answers TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (endpoint, subject, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX delivery_due ON delivery (endpoint, due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX delivery_dead ON delivery (endpoint, subject, sequence) WHERE state = 'dead';
  `,
  `
  -- Never sent after this; null: no end.
  ALTER TABLE notification ADD COLUMN expires_at INTEGER;
  -- Id of the schedule that made it.
  ALTER TABLE notification ADD COLUMN schedule TEXT;
  -- JSON: messages that are trimmed away, by status.
  ALTER TABLE notification ADD COLUMN trimmed TEXT;
  -- Where the message has been moved alone, or started over: its own due moment instead of the notification's.
  ALTER TABLE message ADD COLUMN due_from INTEGER;
  -- uuids: of the message that this one repeats, and of the one that repeats it.
  ALTER TABLE message ADD COLUMN replay_of TEXT;
  ALTER TABLE message ADD COLUMN replayed_as TEXT;

  -- Messages that ended as failed, until somebody has replayed or discarded them.
  CREATE TABLE dead_letter (
    message TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    -- Of the last try; null when there was none.
    provider TEXT,
    reason TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE schedule (
    uuid TEXT PRIMARY KEY,
    name TEXT,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    -- JSON of the notification that each run makes.
    request TEXT NOT NULL,
    paused INTEGER NOT NULL,
    -- The moment that the next run stands for; null: there is none.
    run_at INTEGER,
    -- When to make that run, or to make sure that it was made.
    due_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    -- JSON: what became of the last run.
    last_run TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX schedule_due ON schedule (due_at) WHERE due_at IS NOT NULL;

  -- How many messages were trimmed away, by the day (UTC) that they were accepted on.
  CREATE TABLE trimmed (
    day TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, channel, status)
  ) WITHOUT ROWID;
  `,
  `
  -- JSON of the route, of a notification that has one. Its later parts are notifications of their own, see ids.ts.
  ALTER TABLE notification ADD COLUMN route TEXT;

  -- One person's walk along a route.
  CREATE TABLE escalation (
    uuid TEXT PRIMARY KEY,
    -- JSON: by part, whom the later steps are sent to.
    addresses TEXT NOT NULL,
    -- JSON: which steps were started, when and why.
    trace TEXT NOT NULL,
    -- When the next step starts, unless something comes before; null: no time starts one.
    due_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX escalation_due ON escalation (due_at) WHERE due_at IS NOT NULL;
  `,
  `
  -- When this shard is to be called by the queue; gone once it was, or once nobody waits for it any more.
  CREATE TABLE wake (
    at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    -- When its publication was handed over last.
    planned_at INTEGER NOT NULL,
    -- Null until the queue has taken it.
    published_at INTEGER,
    PRIMARY KEY (at, generation)
  ) WITHOUT ROWID;

  -- One row: how it goes with the queue.
  CREATE TABLE waking (
    id INTEGER PRIMARY KEY,
    -- Of the last wake.
    generation INTEGER NOT NULL,
    -- What is due until then goes out by the shard's own alarm: it was called a moment ago.
    open_until INTEGER NOT NULL,
    -- Wakes in a row for which nobody called.
    silent INTEGER NOT NULL,
    -- Since when nothing can be published; null: it can.
    failing_since INTEGER,
    failed_at INTEGER,
    failure TEXT
  ) WITHOUT ROWID;
  `,
  `
  -- What is due, by lane: one that must wait stands in nobody's way. An index has no data of its own, and the builds before,
  -- which ask for it by this name, find the same rows with it.
  DROP INDEX message_due;
  CREATE INDEX message_due ON message (priority, lane, due_at) WHERE due_at IS NOT NULL;

  -- Lanes that rest, or are on trial after that.
  CREATE TABLE lane_pause (
    lane TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    -- Requests that failed in a row.
    failures INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Nothing of this priority that waits for this lane can be claimed before.
  CREATE TABLE lane_gate (
    lane TEXT NOT NULL,
    priority INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (lane, priority)
  ) WITHOUT ROWID;
  `,
  `
  -- The app's own id of whom the message is for, where it was said instead of an address.
  ALTER TABLE message ADD COLUMN recipient_id TEXT;
  CREATE INDEX message_recipient ON message (recipient_id) WHERE recipient_id IS NOT NULL;

  -- Messages whose recipient's addresses are to be looked up when they are due. Until then they are due by this alone.
  CREATE TABLE lookup (
    message TEXT PRIMARY KEY,
    priority INTEGER NOT NULL,
    -- Null while somebody looks.
    due_at INTEGER,
    -- How often somebody has.
    tries INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX lookup_due ON lookup (priority, due_at) WHERE due_at IS NOT NULL;

  -- Who looks. Few: past its end it has died, and its members are due again.
  CREATE TABLE lookup_job (
    token TEXT PRIMARY KEY,
    -- JSON list of messages.
    members TEXT NOT NULL,
    at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- When all that is personal was taken out of it. What comes for it later leaves no more.
  ALTER TABLE message ADD COLUMN erased_at INTEGER;

  -- People who are to be forgotten here, until they are.
  CREATE TABLE erasure (
    id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    -- JSON list of their addresses, and of what stands for each.
    marks TEXT NOT NULL,
    -- How far it has got: see ledger/erasures.ts.
    stage INTEGER NOT NULL,
    after TEXT NOT NULL,
    due_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- One row: which messages have had their status derived anew since the rules for it changed.
  CREATE TABLE status_audit (
    id INTEGER PRIMARY KEY,
    -- The rules: see ledger/status-sql.ts.
    rules TEXT NOT NULL,
    -- uuid of the last one; null: all have.
    after TEXT
  ) WITHOUT ROWID;
  `,
  `
  -- Of a broadcast's message: what tells it from another that would stand at the same place.
  ALTER TABLE message ADD COLUMN member TEXT;
  -- The shard that took the notification, where that is another one: here are some of its messages.
  ALTER TABLE notification ADD COLUMN home INTEGER;

  -- A notification to a topic that this shard took: how far its members have been read.
  CREATE TABLE broadcast (
    uuid TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- waiting, running, complete, canceled or expired.
    state TEXT NOT NULL,
    -- JSON: where the last page ended; null at the beginning and at the end.
    cursor TEXT,
    -- Read so far, and made of them so far.
    members INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    -- Members who do not want it, and who have no address for it.
    unwanted INTEGER NOT NULL DEFAULT 0,
    unreachable INTEGER NOT NULL DEFAULT 0,
    -- When to read on, or when that is given up; null: it is over.
    due_at INTEGER,
    -- Of who reads.
    token TEXT,
    tries INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX broadcast_due ON broadcast (due_at) WHERE due_at IS NOT NULL;

  -- What each shard said last of its messages.
  CREATE TABLE broadcast_count (
    uuid TEXT NOT NULL,
    shard INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- JSON: messages by status.
    counts TEXT NOT NULL,
    PRIMARY KEY (uuid, shard)
  ) WITHOUT ROWID;

  -- A broadcast's messages here, whichever shard took it.
  CREATE TABLE broadcast_part (
    uuid TEXT PRIMARY KEY,
    home INTEGER NOT NULL,
    -- Grows with every change of them.
    changed INTEGER NOT NULL DEFAULT 0,
    -- When their counts are to be told; null: there is nothing new.
    due_at INTEGER,
    -- How many they were when they were counted last.
    size INTEGER NOT NULL DEFAULT 0,
    -- Set: nothing more is sent, and pages that come late are refused.
    canceled_at INTEGER,
    -- When to look for messages that wait for another try, once it was canceled.
    sweep_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX broadcast_part_due ON broadcast_part (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX broadcast_part_sweep ON broadcast_part (sweep_at) WHERE sweep_at IS NOT NULL;
  `,
  `
  -- 1: no other chunk of its lane and priority is claimed while it is out.
  ALTER TABLE chunk ADD COLUMN narrow INTEGER NOT NULL DEFAULT 0;
  `,
];

/** Takes the steps that this shard has not taken. Runs in the constructor, before any call. */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  sql.exec("CREATE TABLE IF NOT EXISTS _migrations (step INTEGER PRIMARY KEY, taken_at INTEGER NOT NULL)");
  const taken = Number(sql.exec("SELECT count(*) AS taken FROM _migrations").one()["taken"]);
  for (let step = taken; step < steps.length; step++) {
    storage.transactionSync(() => {
      sql.exec(steps[step] ?? "");
      sql.exec("INSERT INTO _migrations (step, taken_at) VALUES (?, ?)", step, Date.now());
    });
  }
}
