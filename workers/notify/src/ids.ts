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

/**
 * A route's notification has a part for each channel of each step: a row of `notification` with a stem of its own, which
 * differs from the others' in its last two digits. Part 0 is the notification itself. A part's messages have positions
 * that begin with 8: five digits of the person, then three of which of that person's addresses it is. So to everything
 * that only sends, a part is a notification like any other, and a message's id tells the route, the part and the person.
 */
export function partStem(stem: string, part: number): string {
  return stem.slice(0, 22) + hex(part, 2);
}

/** Most people of a route, and most addresses of one person on one channel. */
export const maxPeople = 0x7ffff;
export const maxSiblings = 0xfff;

/** Of a message of a route: to the `person`-th of its people, at the `sibling`-th of their addresses, both from 0. */
export function routedUuid(partsStem: string, person: number, sibling: number): string {
  return partsStem + hex(0x80000000 + person * 0x1000 + sibling, 8);
}

export function isRouted(uuid: string): boolean {
  return uuid.charCodeAt(24) >= "8".charCodeAt(0);
}

/** Of a routed message. */
export function partOf(uuid: string): number {
  return Number.parseInt(uuid.slice(22, 24), 16);
}

/** Names the person's walk along the route, of a routed message. */
export function escalationOf(uuid: string): string {
  return `${uuid.slice(0, 22)}00${uuid.slice(24, 29)}000`;
}

/** What the uuids of a person's messages of a part begin with. */
export function personOf(escalation: string, part: number): string {
  return partStem(escalation, part) + escalation.slice(24, 29);
}

/** What the uuids of a notification's messages end with at most: they all stand between it and this. */
export function lastOf(notification: string, isRoute: boolean): string {
  return isRoute ? `${notification.slice(0, 22)}ffffffffff` : `${stemOf(notification)}ffffffff`;
}

/** uuid of the notification that a message is of. */
export function notificationOf(uuid: string): string {
  return isRouted(uuid) ? uuidAt(partStem(uuid, 0), 0) : uuidAt(stemOf(uuid), 0);
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
