import type { ChannelId } from "carillon";
import { addressOf } from "../accept/address.ts";
import { addOptOuts, readOptOuts, removeOptOuts } from "../directory/opt-outs.ts";
import type { OptOut } from "../directory/opt-outs.ts";
import type { Env } from "../env.ts";
import { parseId } from "../ids.ts";
import { ownProvider } from "../ledger/incoming-event.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import { shardStub } from "../ledger/shards.ts";
import { erasedKeysOf } from "../recipients/erased-key.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { everyCategory } from "../suppress/category.ts";
import type { Choice } from "./page.ts";
import type { UnsubscribeSubject } from "./token.ts";

/** What one may choose: every category that is not required, the link's own too where the deployment has lost it. */
export async function readChoices(env: Env, subject: UnsubscribeSubject): Promise<readonly Choice[]> {
  const optedOut = new Set<string>();
  for (const key of await keysOf(env, subject)) {
    for (const category of await readOptOuts(env.DB, { ...subject, addressKey: key })) optedOut.add(category);
  }
  const { categories } = settingsOf(env);
  const optional = Array.from(categories.values()).filter(({ required }) => !required);
  const own = categories.has(subject.category) ? [] : [ownCategory(settingsOf(env), subject)];
  return [...optional, ...own].map(({ name, title }) => ({
    name,
    title,
    wanted: !optedOut.has(name) && !optedOut.has(everyCategory),
  }));
}

/** The link's address, and what is left of it where somebody was erased who had it. */
async function keysOf(env: Env, { channel, addressKey }: UnsubscribeSubject): Promise<readonly string[]> {
  const erased = await erasedKeysOf(settingsOf(env).recipients.erasureKeys, channel, [addressKey]);
  return [addressKey, ...erased.keys()];
}

export function ownCategory(
  { categories }: Settings,
  { category }: UnsubscribeSubject,
): { readonly name: string; readonly title: string } {
  return categories.get(category) ?? { name: category, title: category };
}

/** Opts the address out of these categories. What it was opted out of before stays as it was. */
export async function leave(
  env: Env,
  subject: UnsubscribeSubject,
  categories: readonly string[],
  reason: "one-click" | "preferences",
): Promise<void> {
  const now = Date.now();
  await addOptOuts(env.DB, await optOutsOf(subject, categories, reason, now), now, true).run();
  await tell(env, subject, categories, reason, now);
}

/** Makes the choice the one that holds: opted out of what was shown and is not wanted, and of nothing that is wanted. */
export async function choose(
  env: Env,
  subject: UnsubscribeSubject,
  shown: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  const unwanted = shown.filter((name) => !wanted.includes(name));
  // An opt-out from everything holds until something is wanted again.
  if (wanted.length === 0) return leave(env, subject, unwanted, "preferences");
  const now = Date.now();
  const optOuts = await optOutsOf(subject, unwanted, "preferences", now);
  await env.DB.batch([
    ...(await keysOf(env, subject)).map((addressKey) =>
      removeOptOuts(env.DB, { ...subject, addressKey }, [everyCategory, ...wanted], now),
    ),
    addOptOuts(env.DB, optOuts, now, true),
  ]);
  if (unwanted.length > 0) await tell(env, subject, unwanted, "preferences", now);
}

async function optOutsOf(
  { channel, addressKey, message }: UnsubscribeSubject,
  categories: readonly string[],
  reason: "one-click" | "preferences",
  now: number,
): Promise<readonly OptOut[]> {
  const label = await labelOf({ channel, addressKey });
  return categories.map((category) => ({
    channel,
    addressKey,
    category,
    label,
    reason,
    sourceMessage: message,
    causedAt: now,
  }));
}

export async function labelOf({
  channel,
  addressKey,
}: Pick<UnsubscribeSubject, "channel" | "addressKey">): Promise<string> {
  return (await addressOf(channel as ChannelId, addressKey))?.label ?? "";
}

/**
 * Puts it into the timeline of the message that the link stood in. The opt-out holds already: that the message is no longer
 * kept, or its shard is busy, does not undo it.
 */
async function tell(
  env: Env,
  { addressKey, message }: UnsubscribeSubject,
  categories: readonly string[],
  how: string,
  now: number,
): Promise<void> {
  const id = parseId("msg", message, settingsOf(env).shards);
  if (id === undefined) return;
  const event: IncomingEvent = {
    uuid: id.uuid,
    // The same again is the same event.
    id: `${message}:unsubscribed:${categories.join(",")}`,
    provider: ownProvider,
    type: "unsubscribed",
    occurredAt: now,
    providerMessageId: undefined,
    addressKey,
    providerType: how,
    reason: categories.join(", "),
    code: undefined,
    raw: null,
    consequence: null,
  };
  try {
    await shardStub(env, id.shard).ingest([event], now);
  } catch {
    console.error(JSON.stringify({ event: "unsubscribe-not-told", shard: id.shard }));
  }
}
