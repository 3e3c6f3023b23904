import {
  confirmErasure,
  eraseFromDirectory,
  findErasure,
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
export async function advanceErasure(env: Env, { id, recipient, marks }: StoredErasure): Promise<void> {
  const [key] = settingsOf(env).recipients.erasureKeys;
  if (recipient === undefined || key === undefined) return;
  if (marks === undefined) {
    const known = await listKnownAddresses(env.DB, recipient);
    const own = await Promise.all(known.map((one) => markOf(key, one)));
    await eraseFromDirectory(env.DB, { id, recipient }, own);
  }
  // As it stands now: others may be at it, and have brought it to its end.
  const erasure = await findErasure(env.DB, id);
  if (erasure?.recipient === undefined || erasure.marks === undefined) return;
  const open = allShards(env).filter((shard) => !erasure.confirmed.includes(shard));
  if (open.length === 0) await finishErasure(env.DB, erasure, Date.now());
  const begin = { id, recipient, marks: erasure.marks };
  const begun = await Promise.allSettled(open.map((shard) => shardStub(env, shard).erase(begin, Date.now())));
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
