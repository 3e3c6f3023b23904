import {
  confirmErasure,
  eraseFromDirectory,
  finishErasure,
  listKnownAddresses,
  listOpenErasures,
} from "../directory/erasures.ts";
import type { KnownAddress, StoredErasure } from "../directory/erasures.ts";
import type { Env } from "../env.ts";
import type { ErasureMark } from "../ledger/erasures.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { SigningKey } from "../signing-keys.ts";
import { erasedKeyOf } from "./erased-key.ts";

/** Those of one sweep: each asks every shard that has not confirmed. */
const erasuresPerSweep = 2;

/** Takes up again what was begun: whoever was at it has died, or a shard could not be reached. */
export async function resumeErasures(env: Env): Promise<void> {
  for (const erasure of await listOpenErasures(env.DB, erasuresPerSweep)) await advanceErasure(env, erasure);
}

/**
 * The directory first: from then on nobody is found by this name. Then the shards, each of which takes as long as it needs
 * and says when it is done. Every part may be done again.
 */
export async function advanceErasure(env: Env, erasure: StoredErasure): Promise<void> {
  const { id, recipient } = erasure;
  const [key] = settingsOf(env).recipients.erasureKeys;
  if (recipient === undefined || key === undefined) return;
  let { marks } = erasure;
  if (marks === undefined) {
    marks = await Promise.all((await listKnownAddresses(env.DB, recipient)).map((one) => markOf(key, one)));
    await eraseFromDirectory(env.DB, { id, recipient }, marks);
  }
  const open = allShards(env).filter((shard) => !erasure.confirmed.includes(shard));
  if (open.length === 0) await finishErasure(env.DB, { id, marks }, Date.now());
  const now = Date.now();
  const begun = await Promise.allSettled(
    open.map((shard) => shardStub(env, shard).erase({ id, recipient, marks }, now)),
  );
  const failed = begun.filter(({ status }) => status === "rejected").length;
  // The sweep comes by.
  if (failed > 0) console.error(JSON.stringify({ event: "erasure-not-begun", erasure: id, shards: failed }));
}

/** A shard has nothing more of somebody; the last one ends the erasure. */
export async function noteErased(env: Env, id: string, shard: number): Promise<void> {
  const erasure = await confirmErasure(env.DB, id, shard);
  if (erasure === undefined || erasure.doneAt !== undefined) return;
  const isOver = allShards(env).every((one) => erasure.confirmed.includes(one));
  if (isOver) await finishErasure(env.DB, erasure, Date.now());
}

async function markOf(key: SigningKey, { channel, addressKey, label, address }: KnownAddress): Promise<ErasureMark> {
  const erasedKey = await erasedKeyOf(key, { channel, addressKey });
  return { channel, addressKey, label, erasedKey, spelled: spellingsOf(channel, JSON.parse(address)) };
}

/** How requests that are kept may spell it. Nobody lists a push subscription or a token there by hand. */
function spellingsOf(channel: string, address: unknown): readonly string[] {
  if (channel === "webpush" || channel === "fcm") return [];
  const { email, webhookUrl } = Object(address) as { readonly email?: unknown; readonly webhookUrl?: unknown };
  return [address, email, webhookUrl].flatMap((text) => (typeof text === "string" ? text.trim().toLowerCase() : []));
}
