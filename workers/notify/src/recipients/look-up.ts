import { readReach } from "../directory/reach.ts";
import type { Reach } from "../directory/reach.ts";
import type { Env } from "../env.ts";
import type { RoutedAddress } from "../ledger/person.ts";
import type { LookupJob } from "../ledger/lookups.ts";
import type { LookupAnswer } from "../ledger/settle-lookups.ts";
import { shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import { defaultCategory } from "../suppress/category.ts";
import type { Category } from "../suppress/category.ts";
import { isWanted } from "./preferences.ts";

/** While the directory cannot be read, messages wait. */
const directoryPauseMs = 30_000;

/** Of one answer: each becomes a message. Twice what one recipient may have, so that each turn gets on by one at least. */
const maxDevices = 2_000;

/** Says of each message where its recipient is to be reached, or why it is not sent. */
export async function lookUp(env: Env, job: LookupJob): Promise<void> {
  const answers = await answersTo(env, job);
  // Without an answer the lease ends and somebody else looks, so it is worth asking again.
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      await shardStub(env, job.shard).settleLookups({ token: job.token, answers, now: Date.now() });
      return;
    } catch {
      console.error(JSON.stringify({ event: "lookup-not-recorded", shard: job.shard, attempt }));
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

async function answersTo(env: Env, { members }: LookupJob): Promise<readonly LookupAnswer[]> {
  const recipients = [...new Set(members.map(({ recipient }) => recipient))];
  const channels = [...new Set(members.flatMap((member) => member.channels))];
  let reach: Reach;
  try {
    reach = await readReach(env.DB, recipients, channels, maxDevices);
  } catch {
    return members.map(({ uuid }) => ({ uuid, kind: "postponed", forMs: directoryPauseMs }));
  }
  const { categories } = settingsOf(env);
  return members.map((member) => answerTo(member, reach, categories));
}

function answerTo(
  { uuid, recipient, channels, category = defaultCategory }: LookupJob["members"][number],
  { known, erasing, addresses, preferences, completeUpTo }: Reach,
  categories: ReadonlyMap<string, Category>,
): LookupAnswer {
  if (erasing.has(recipient)) return { uuid, kind: "nobody", reason: "being-erased" };
  if (!known.has(recipient)) return { uuid, kind: "nobody", reason: "unknown-recipient" };
  if (completeUpTo !== undefined && recipient > completeUpTo) return { uuid, kind: "postponed", forMs: 0 };
  const said = preferences.get(recipient) ?? [];
  const found: Record<string, RoutedAddress[]> = {};
  for (const { recipient: whose, channel, address, addressKey: key, label } of addresses) {
    if (whose !== recipient || !channels.includes(channel)) continue;
    (found[channel] ??= []).push({ recipient: address, addresses: [{ key, label }] });
  }
  const unwanted = channels.filter((channel) => !isWanted(said, categories, category, channel));
  for (const channel of unwanted) delete found[channel];
  return { uuid, kind: "known", addresses: found, unwanted };
}
