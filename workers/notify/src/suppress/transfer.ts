import type { ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import { addressOf } from "../accept/address.ts";
import { addOptOuts, optOutReasons } from "../directory/opt-outs.ts";
import type { OptOut, OptOutReason } from "../directory/opt-outs.ts";
import { addSuppressions, suppressionReasons } from "../directory/suppressions.ts";
import type { Suppression, SuppressionReason } from "../directory/suppressions.ts";
import type { ListedSuppression } from "../directory/suppression-list.ts";
import { erasedLabel } from "../ledger/erase-messages.ts";
import { jsonSlices } from "../ledger/sql.ts";
import { erasedKeyPattern } from "../recipients/erased-key.ts";
import { everyCategory } from "./category.ts";

/** Columns of the CSV, and fields of the JSON. What is empty is left out. */
export const transferColumns = [
  "channel",
  "address",
  "scope",
  "category",
  "reason",
  "sourceMessage",
  "causedAt",
  "createdAt",
  "expiresAt",
] as const;

export type TransferRow = Readonly<Partial<Record<(typeof transferColumns)[number], string | undefined>>>;

/** Of one import: with what D1 takes in one transaction in mind. */
export const maxImportRows = 10_000;

/** Whole, as nowhere else: to be imported elsewhere, an address must be an address. */
export function transferRow(one: ListedSuppression): TransferRow {
  const at = (moment: number | undefined): string | undefined =>
    moment === undefined ? undefined : new Date(moment).toISOString();
  return {
    channel: one.channel,
    address: one.addressKey,
    scope: one.scope,
    category: one.category,
    reason: one.reason,
    sourceMessage: one.sourceMessage,
    causedAt: at(one.causedAt),
    createdAt: at(one.createdAt),
    expiresAt: at(one.expiresAt),
  };
}

export interface TransferError {
  readonly column: string;
  readonly detail: string;
}

export type Imported =
  | { readonly ok: true; readonly suppression?: Suppression; readonly optOut?: OptOut }
  | { readonly ok: false; readonly errors: readonly TransferError[] };

/** Checks one row. Only `address` must be there: by default an email address that is not to be sent to at all. */
export async function readTransferRow(
  row: TransferRow,
  categories: ReadonlySet<string>,
  now: number,
): Promise<Imported> {
  const errors: TransferError[] = [];
  const { channel = "email", address = "", scope = "all", category, reason = "manual" } = row;
  const expected = (column: string, what: string): void => void errors.push({ column, detail: `expected ${what}` });
  const isChannel = Object.hasOwn(channelsById, channel);
  const found = isChannel ? await readKey(channel as ChannelId, address) : undefined;
  if (!isChannel) expected("channel", `one of ${Object.keys(channelsById).join(", ")}`);
  else if (found === undefined) expected("address", `an address of ${channel}`);
  if (scope !== "all" && scope !== "marketing") expected("scope", "all or marketing");
  const reasons: readonly string[] = scope === "all" ? suppressionReasons : optOutReasons;
  if (!reasons.includes(reason)) expected("reason", `one of ${reasons.join(", ")}`);
  if (category !== undefined && scope === "all") expected("category", "none with the scope all");
  else if (category !== undefined && !categories.has(category)) {
    expected("category", `one of ${Array.from(categories).join(", ")}`);
  }
  const sourceMessage = row.sourceMessage;
  if (sourceMessage !== undefined && !/^msg_[0-9a-f]{34}$/.test(sourceMessage))
    expected("sourceMessage", "a message's id");
  const moments = { causedAt: now, expiresAt: undefined as number | undefined };
  for (const column of ["causedAt", "expiresAt"] as const) {
    const text = row[column];
    if (text === undefined) continue;
    const at = readMoment(text);
    if (at === undefined) expected(column, "a time such as 2026-01-31T08:00:00Z");
    else moments[column] = at;
  }
  if (moments.expiresAt !== undefined && scope === "marketing") expected("expiresAt", "none: an opt-out does not end");
  if (errors.length > 0 || found === undefined) return { ok: false, errors };
  const about = { channel, ...found, sourceMessage, causedAt: Math.min(moments.causedAt, now) };
  if (scope === "marketing") {
    return { ok: true, optOut: { ...about, category: category ?? everyCategory, reason: reason as OptOutReason } };
  }
  // What has ended in the meantime is fine, and is nothing any more.
  if (moments.expiresAt !== undefined && moments.expiresAt <= now) return { ok: true };
  return {
    ok: true,
    suppression: { ...about, reason: reason as SuppressionReason, expiresAt: moments.expiresAt },
  };
}

/** RFC 3339, with an offset. */
export function readMoment(text: string): number | undefined {
  const at = Date.parse(text);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(at)
    ? at
    : undefined;
}

/**
 * Keys of addresses that are secrets, as an export has them. The address itself is refused: as a key it would suppress
 * nobody, and be kept readable.
 */
const keyPatterns: Readonly<Partial<Record<ChannelId, RegExp>>> = {
  slack: /^[A-Z0-9]+\/[A-Z0-9]+$/,
  discord: /^\d{17,20}$/,
  webpush: /^[0-9a-f]{64}$/,
  fcm: /^(?:token:[0-9a-f]{64}|topic:[\w.~%-]{1,900}|condition:[ !-~]{1,4096})$/,
};

/** An address, or the key that an export has in its place where the address is a secret. */
async function readKey(
  channel: ChannelId,
  address: string,
): Promise<{ addressKey: string; label: string } | undefined> {
  if (erasedKeyPattern.test(address)) return { addressKey: address, label: erasedLabel };
  const found = await addressOf(channel, address);
  if (found !== undefined) return { addressKey: found.key, label: found.label };
  return keyPatterns[channel]?.test(address) ? { addressKey: address, label: address.slice(0, 20) } : undefined;
}

/** Writes them all, or none: one transaction. */
export async function importAll(
  db: D1Database,
  rows: { readonly suppressions: readonly Suppression[]; readonly optOuts: readonly OptOut[] },
  now: number,
): Promise<void> {
  const statements = [
    ...slicesOf(rows.suppressions).map((slice) => addSuppressions(db, slice, now, true)),
    ...slicesOf(rows.optOuts).map((slice) => addOptOuts(db, slice, now, true)),
  ];
  if (statements.length > 0) await db.batch(statements);
}

/** As many as one bound value may hold. */
function slicesOf<T>(rows: readonly T[]): readonly (readonly T[])[] {
  return jsonSlices(rows).map((json) => JSON.parse(json) as readonly T[]);
}
