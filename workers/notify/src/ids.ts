/**
 * Ids name their shard and their moment: `msg_` + shard (2 hex) + uuid (32 hex). The uuid is the accept time in ms
 * (12 hex), 48 random bits (12 hex) and a position (8 hex): 0 is the notification, 1 and up are its messages. So the
 * ledger's primary key orders by accept time, and the messages of a notification are one range of it, without an index.
 */
export type IdKind = "ntf" | "msg" | "sch";

export interface ParsedId {
  readonly shard: number;
  readonly uuid: string;
}

const idPattern = /^(ntf|msg|sch)_([0-9a-f]{2})([0-9a-f]{32})$/;

/** Undefined for anything but an id of this kind whose shard exists. */
export function parseId(kind: IdKind, text: string, shards: number): ParsedId | undefined {
  const match = idPattern.exec(text);
  if (match?.[1] !== kind) return undefined;
  const shard = Number.parseInt(match[2] ?? "", 16);
  return shard < shards ? { shard, uuid: match[3] ?? "" } : undefined;
}

export function formatId(kind: IdKind, shard: number, uuid: string): string {
  return `${kind}_${hex(shard, 2)}${uuid}`;
}

/** The 24 hex digits that a notification and its messages share. */
export function newStem(now: Date): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return hex(now.getTime(), 12) + Array.from(random, (byte) => hex(byte, 2)).join("");
}

export function uuidAt(stem: string, position: number): string {
  return stem + hex(position, 8);
}

/** Of a notification's or a message's uuid. */
export function stemOf(uuid: string): string {
  return uuid.slice(0, 24);
}

/** The name of a shard's object; fixed for good, like the number of shards. */
export function shardName(shard: number): string {
  return `shard-${shard}`;
}

export function shardOfName(name: string | undefined): number {
  const shard = Number(name?.slice("shard-".length));
  if (!Number.isInteger(shard)) throw new Error("A ledger shard is reached by its name.");
  return shard;
}

export function randomToken(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => hex(byte, 2)).join("");
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
