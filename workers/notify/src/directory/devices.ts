import type { DeviceChannel } from "../devices/channels.ts";
import { notErasing } from "./recipients.ts";
import { join } from "./suppressions.ts";
import type { AddressOf } from "./suppressions.ts";

/** `gone`: its push service said so. `removed`: its owner did. `crowded`: there were too many, and this was unseen the longest. */
export type RetiredBecause = "gone" | "removed" | "crowded";

export interface Device extends AddressOf {
  readonly id: string;
  readonly channel: DeviceChannel;
  readonly recipient: string;
  /** JSON, as the channel takes it. */
  readonly address: string;
  readonly label: string;
  /** The VAPID public key that a push subscription was made with. */
  readonly vapidKey: string | undefined;
  /** Family of its user agent. */
  readonly userAgent: string | undefined;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly retiredAt: number | undefined;
}

/** Of one person; of more, those unseen the longest are retired. So many retired ones are remembered, too, the latest. */
export const maxDevices = 1_000;

/** Retired ones are remembered for so long, so that what is on its way is not sent there. */
export const retiredKeptMs = 30 * 86_400_000;

type Row = {
  id: string;
  channel: DeviceChannel;
  address_key: string;
  recipient: string;
  address: string;
  label: string;
  vapid_key: string | null;
  user_agent: string | null;
  created_at: number;
  seen_at: number;
  retired_at: number | null;
};

export async function findDevice(db: D1Database, { channel, addressKey }: AddressOf): Promise<Device | undefined> {
  const row = await db
    .prepare("SELECT * FROM device WHERE channel = ?1 AND address_key = ?2")
    .bind(channel, addressKey)
    .first<Row>();
  return row === null ? undefined : deviceOf(row);
}

/** What is sent to, the last seen first. */
export async function listDevices(
  db: D1Database,
  recipient: string,
  channel: DeviceChannel,
): Promise<readonly Device[]> {
  const { results } = await db
    .prepare(
      "SELECT * FROM device WHERE recipient = ?1 AND channel = ?2 AND retired_at IS NULL ORDER BY seen_at DESC, id LIMIT ?3",
    )
    .bind(recipient, channel, maxDevices)
    .all<Row>();
  return results.map(deviceOf);
}

/** All of somebody's, those that are retired too. */
export async function listDevicesOf(db: D1Database, recipient: string): Promise<readonly Device[]> {
  const { results } = await db
    .prepare("SELECT * FROM device WHERE recipient = ?1 ORDER BY channel, seen_at DESC, id")
    .bind(recipient)
    .all<Row>();
  return results.map(deviceOf);
}

/**
 * Writes a device down as its recipient's and as seen now, in one transaction: it moves to them from whoever had it, under
 * an id of its own, and comes back if it was retired. What providers had said of its address is over. `id` is used when it
 * is new to the recipient.
 *
 * @returns Undefined while the recipient is being erased.
 */
export async function putDevice(
  db: D1Database,
  { id, channel, addressKey, recipient, address, label, vapidKey, userAgent, seenAt: now }: Device,
): Promise<Device | undefined> {
  const results = await db.batch<Row>([
    db
      .prepare(
        `INSERT OR IGNORE INTO recipient (id, data, created_at, updated_at) SELECT ?1, '{}', ?2, ?2 WHERE ${notErasing()}`,
      )
      .bind(recipient, now),
    db
      .prepare(
        `INSERT INTO device (id, channel, address_key, recipient, address, label, vapid_key, user_agent, created_at, seen_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9
         WHERE EXISTS (SELECT 1 FROM recipient WHERE id = ?4) AND ${notErasing("?4")}
         ON CONFLICT (channel, address_key) DO UPDATE SET
           id = iif(device.recipient = excluded.recipient, device.id, excluded.id),
           created_at = iif(device.recipient = excluded.recipient, device.created_at, excluded.created_at),
           recipient = excluded.recipient, address = excluded.address, label = excluded.label,
           vapid_key = excluded.vapid_key, user_agent = coalesce(excluded.user_agent, device.user_agent),
           seen_at = max(device.seen_at, excluded.seen_at), retired_at = NULL, retired_because = NULL`,
      )
      .bind(id, channel, addressKey, recipient, address, label, vapidKey ?? null, userAgent ?? null, now),
    db
      .prepare(
        `UPDATE device SET retired_at = ?2, retired_because = 'crowded', address = '{}' WHERE id IN (
           SELECT id FROM device WHERE recipient = ?1 AND retired_at IS NULL
           ORDER BY (channel = ?3 AND address_key = ?4) DESC, seen_at DESC, id LIMIT -1 OFFSET ?5)`,
      )
      .bind(recipient, now, channel, addressKey, maxDevices),
    db
      .prepare(
        `DELETE FROM device WHERE id IN (
           SELECT id FROM device WHERE recipient = ?1 AND retired_at IS NOT NULL AND ${notErasing()}
           ORDER BY retired_at DESC, seen_at DESC, id LIMIT -1 OFFSET ?2)`,
      )
      .bind(recipient, maxDevices),
    db
      .prepare(
        `UPDATE suppression SET removed_at = ?3, lifted_at = max(coalesce(lifted_at, -1), ?3)
         WHERE channel = ?1 AND address_key = ?2 AND reason = 'recipient-gone' AND removed_at IS NULL
           AND ${notErasing("?4")}`,
      )
      .bind(channel, addressKey, now, recipient),
    db
      .prepare(
        `SELECT * FROM device WHERE channel = ?1 AND address_key = ?2 AND recipient = ?3 AND ${notErasing("?3")}`,
      )
      .bind(channel, addressKey, recipient),
  ]);
  const row = results.at(-1)?.results[0];
  return row && deviceOf(row);
}

/** Takes a device from its recipient; nothing happens where it is not theirs. What it was sent to with is forgotten. */
export async function removeDevice(
  db: D1Database,
  recipient: string,
  { channel, addressKey }: AddressOf,
  now: number,
): Promise<void> {
  await db
    .prepare(
      `UPDATE device SET retired_at = ?4, retired_because = 'removed', address = '{}'
       WHERE channel = ?1 AND address_key = ?2 AND recipient = ?3 AND retired_at IS NULL`,
    )
    .bind(channel, addressKey, recipient, now)
    .run();
}

/** That an address was gone, and when the request was made that said so. */
export interface Gone extends AddressOf {
  readonly label: string;
  readonly sourceMessage: string | undefined;
  readonly causedAt: number;
}

/**
 * Retires the devices that have these addresses, but for those that were registered after it; an address that no device has is
 * suppressed. Two statements, whatever their number; a repetition changes nothing.
 */
export function retireDevices(db: D1Database, gone: readonly Gone[], now: number): readonly D1PreparedStatement[] {
  const json = JSON.stringify(gone);
  return [
    db
      .prepare(
        `UPDATE device SET retired_at = ?2, retired_because = 'gone', address = '{}' FROM json_each(?1) AS one
         WHERE device.channel = one.value ->> 'channel' AND device.address_key = one.value ->> 'addressKey'
           AND device.retired_at IS NULL AND device.seen_at < one.value ->> 'causedAt'`,
      )
      .bind(json, now),
    db
      .prepare(
        `INSERT INTO suppression (channel, address_key, label, reason, source_message, caused_at, created_at)
         SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'label', 'recipient-gone',
                value ->> 'sourceMessage', value ->> 'causedAt', ?2
         FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM device
           WHERE device.channel = value ->> 'channel' AND device.address_key = value ->> 'addressKey') ${join}`,
      )
      .bind(json, now, 0),
  ];
}

/** How many devices stand on each VAPID key. */
export async function countByVapidKey(db: D1Database): Promise<ReadonlyMap<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT vapid_key, count(*) AS devices FROM device WHERE retired_at IS NULL AND vapid_key IS NOT NULL
       GROUP BY vapid_key ORDER BY vapid_key`,
    )
    .all<{ vapid_key: string; devices: number }>();
  return new Map(results.map(({ vapid_key, devices }) => [vapid_key, devices]));
}

/** Forgets those that were retired long ago: some at a time. */
export async function trimDevices(db: D1Database, now: number): Promise<void> {
  await db
    .prepare("DELETE FROM device WHERE id IN (SELECT id FROM device WHERE retired_at < ?1 LIMIT 500)")
    .bind(now - retiredKeptMs)
    .run();
}

function deviceOf(row: Row): Device {
  return {
    id: row.id,
    channel: row.channel,
    addressKey: row.address_key,
    recipient: row.recipient,
    address: row.address,
    label: row.label,
    vapidKey: row.vapid_key ?? undefined,
    userAgent: row.user_agent ?? undefined,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    retiredAt: row.retired_at ?? undefined,
  };
}
