import { notErasing } from "./recipients.ts";

export interface Topic {
  /** The app's own. */
  readonly id: string;
  readonly title: string;
  /** Whoever has a recipient token joins by themselves. */
  readonly open: boolean;
  /** How many memberships it has. */
  readonly members: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Somebody with every address of theirs, or with one device alone. */
export interface Member {
  readonly recipient: string;
  /** Empty: the recipient. */
  readonly device: string;
}

export interface Membership extends Member {
  readonly joinedAt: number;
}

type Row = { id: string; title: string; open: number; members: number; created_at: number; updated_at: number };

const isThere = "removed_at IS NULL";

/** Makes a topic, or changes what it is called and who may join. `removing`: the members of the one before are still going. */
export async function putTopic(
  db: D1Database,
  { id, title, open }: Pick<Topic, "id" | "title" | "open">,
  now: number,
): Promise<"created" | "changed" | "removing"> {
  const [before, written] = (await db.batch([
    db.prepare("SELECT id FROM topic WHERE id = ?1").bind(id),
    db
      .prepare(
        `INSERT INTO topic (id, title, open, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, open = excluded.open, updated_at = excluded.updated_at
         WHERE topic.${isThere}`,
      )
      .bind(id, title, Number(open), now),
  ])) as [D1Result, D1Result];
  if (written.meta.changes === 0) return "removing";
  return before.results.length > 0 ? "changed" : "created";
}

export async function findTopic(db: D1Database, id: string): Promise<Topic | undefined> {
  const row = await db.prepare(`SELECT * FROM topic WHERE id = ?1 AND ${isThere}`).bind(id).first<Row>();
  return row === null ? undefined : topicOf(row);
}

/** By id; `after` is the one that the last page ended with. */
export async function listTopics(db: D1Database, after: string, limit: number): Promise<readonly Topic[]> {
  const { results } = await db
    .prepare(`SELECT * FROM topic WHERE id > ?1 AND ${isThere} ORDER BY id LIMIT ?2`)
    .bind(after, limit)
    .all<Row>();
  return results.map(topicOf);
}

/** From now on there is no such topic. Its members go with {@link trimTopics}. False when there was none. */
export async function removeTopic(db: D1Database, id: string, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare(`UPDATE topic SET removed_at = ?2 WHERE id = ?1 AND ${isThere}`)
    .bind(id, now)
    .run();
  return meta.changes > 0;
}

/** Of one turn: each is a few rows with its triggers. */
const membersPerTrim = 1_000;

/** Deletes members of topics that were removed, and the topics that have none left. True when there are more. */
export async function trimTopics(db: D1Database): Promise<boolean> {
  const [gone] = await db.batch([
    db
      .prepare(
        `DELETE FROM topic_member WHERE (topic, recipient, device) IN (
           SELECT m.topic, m.recipient, m.device FROM topic AS t JOIN topic_member AS m ON m.topic = t.id
           WHERE t.removed_at IS NOT NULL LIMIT ?1)`,
      )
      .bind(membersPerTrim),
    db.prepare(
      `DELETE FROM topic WHERE removed_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM topic_member WHERE topic_member.topic = topic.id)`,
    ),
  ]);
  return (gone?.meta.changes ?? 0) >= membersPerTrim;
}

/**
 * Lets somebody join, with one statement for what must be true of it: the topic is there, and so is the device, theirs and not
 * retired. A recipient that is not there is made.
 */
export async function join(
  db: D1Database,
  topic: string,
  { recipient, device }: Member,
  now: number,
): Promise<"joined" | "member" | "erasing" | "no-device" | "no-topic"> {
  const results = await db.batch([
    db
      .prepare(
        `INSERT OR IGNORE INTO recipient (id, data, created_at, updated_at)
         SELECT ?1, '{}', ?2, ?2 WHERE ${notErasing()} AND EXISTS (SELECT 1 FROM topic WHERE id = ?3 AND ${isThere})`,
      )
      .bind(recipient, now, topic),
    db
      .prepare(
        `SELECT (SELECT count(*) FROM topic WHERE id = ?2 AND ${isThere}) AS topic,
           (SELECT count(*) FROM recipient WHERE id = ?1) AS recipient,
           ?3 = '' OR EXISTS (SELECT 1 FROM device WHERE id = ?3 AND recipient = ?1 AND retired_at IS NULL) AS device`,
      )
      .bind(recipient, topic, device),
    db
      .prepare(
        `INSERT OR IGNORE INTO topic_member (topic, recipient, device, joined_at)
         SELECT ?2, ?1, ?3, ?4 FROM topic WHERE id = ?2 AND ${isThere}
           AND EXISTS (SELECT 1 FROM recipient WHERE id = ?1)
           AND (?3 = '' OR EXISTS (SELECT 1 FROM device WHERE id = ?3 AND recipient = ?1 AND retired_at IS NULL))`,
      )
      .bind(recipient, topic, device, now),
  ]);
  const [found] = (results[1]?.results ?? []) as { topic: number; recipient: number; device: number }[];
  if (found?.topic !== 1) return "no-topic";
  if (found.recipient !== 1) return "erasing";
  if (found.device !== 1) return "no-device";
  return (results[2]?.meta.changes ?? 0) > 0 ? "joined" : "member";
}

/** Without a device all memberships of the recipient end. False when there was none. */
export async function leave(
  db: D1Database,
  topic: string,
  recipient: string,
  device: string | undefined,
): Promise<boolean> {
  const { meta } = await db
    .prepare("DELETE FROM topic_member WHERE topic = ?1 AND recipient = ?2 AND (?3 IS NULL OR device = ?3)")
    .bind(topic, recipient, device ?? null)
    .run();
  return meta.changes > 0;
}

/** In the order of recipients and devices, which no joining or leaving changes; `after` is where the last page ended. */
export async function pageMembers(
  db: D1Database,
  topic: string,
  after: Member | undefined,
  limit: number,
): Promise<readonly Membership[]> {
  const { results } = await db
    .prepare(
      `SELECT recipient, device, joined_at FROM topic_member WHERE topic = ?1 AND (recipient, device) > (?2, ?3)
         AND EXISTS (SELECT 1 FROM topic WHERE id = ?1 AND ${isThere})
       ORDER BY recipient, device LIMIT ?4`,
    )
    .bind(topic, after?.recipient ?? "", after?.device ?? "", limit)
    .all<{ recipient: string; device: string; joined_at: number }>();
  return results.map(({ recipient, device, joined_at }) => ({ recipient, device, joinedAt: joined_at }));
}

/** Topics that somebody is a member of, at most as many as a page has. */
export async function topicsOf(
  db: D1Database,
  recipient: string,
  limit: number,
): Promise<readonly (Pick<Topic, "id" | "title"> & { readonly device: string; readonly joinedAt: number })[]> {
  const { results } = await db
    .prepare(
      `SELECT t.id, t.title, m.device, m.joined_at FROM topic_member AS m JOIN topic AS t ON t.id = m.topic
       WHERE m.recipient = ?1 AND t.removed_at IS NULL ORDER BY t.id, m.device LIMIT ?2`,
    )
    .bind(recipient, limit)
    .all<{ id: string; title: string; device: string; joined_at: number }>();
  return results.map(({ id, title, device, joined_at }) => ({ id, title, device, joinedAt: joined_at }));
}

function topicOf(row: Row): Topic {
  return {
    id: row.id,
    title: row.title,
    open: row.open === 1,
    members: row.members,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
