import { Hono } from "hono";
import type { Context } from "hono";
import { listDevicesOf } from "../directory/devices.ts";
import { listKnownAddresses } from "../directory/erasures.ts";
import { readPreferences } from "../directory/preferences.ts";
import { findRecipient } from "../directory/recipients.ts";
import { readSuppressionsOf } from "../directory/suppression-list.ts";
import { topicsOf } from "../directory/topics.ts";
import type { Env } from "../env.ts";
import { invalid, notFound } from "../problem.ts";
import { erasedKeysOf } from "../recipients/erased-key.ts";
import { exportMessages } from "../recipients/export.ts";
import { saidOf } from "../recipients/preferences.ts";
import { readRecipientId } from "../recipients/request.ts";
import { settingsOf } from "../settings.ts";
import { transferRow } from "../suppress/transfer.ts";
import { authorize } from "./authorize.ts";
import { readLimit } from "./page.ts";
import { viewOf } from "./recipients.ts";
import { iso, messageDetailView } from "./views.ts";

/** `GET /v1/recipients/:id/export`. */
export const recipientExport = new Hono<{ Bindings: Env }>();

/** Messages of a page: each may have a long timeline. */
const mostMessages = 50;

const maxTopics = 1_000;

/** All that is known of somebody. The first page has who they are, and each has messages. */
recipientExport.get("/:id/export", async (c) => {
  await authorize(c, "admin");
  const id = readRecipientId(c.req.param("id"));
  const limit = Math.min(readLimit(c), mostMessages);
  const cursor = c.req.query("cursor");
  if (cursor !== undefined && !/^[0-9a-f]{32}$/.test(cursor)) {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
  const profile = await profileOf(c, id, cursor !== undefined);
  const { messages, next } = await exportMessages(c.env, id, cursor, limit);
  const body = {
    ...profile,
    messages: messages.map(({ shard, message }) => ({
      ...messageDetailView(shard, message),
      address: JSON.parse(message.address) as unknown,
      // What providers said, as they said it.
      reported: message.timeline.flatMap(({ data }) => data["raw"] ?? []),
    })),
    nextCursor: next,
  };
  return c.json(body, 200, { "cache-control": "no-store" });
});

async function profileOf(
  c: Context<{ Bindings: Env }>,
  id: string,
  isLaterPage: boolean,
): Promise<Record<string, unknown>> {
  const { DB } = c.env;
  const recipient = await findRecipient(DB, id);
  if (recipient === undefined) throw notFound("recipient");
  if (isLaterPage) return {};
  const addresses = await listKnownAddresses(DB, id);
  const keys = settingsOf(c.env).recipients.erasureKeys;
  const all: { channel: string; addressKey: string }[] = [...addresses];
  for (const { channel, addressKey } of addresses) {
    for (const erased of (await erasedKeysOf(keys, channel, [addressKey])).keys())
      all.push({ channel, addressKey: erased });
  }
  const suppressions = await readSuppressionsOf(DB, all, Date.now());
  return {
    recipient: viewOf(recipient, ["admin"]),
    preferences: saidOf(await readPreferences(DB, id)),
    devices: (await listDevicesOf(DB, id)).map((device) => ({
      ...device,
      address: JSON.parse(device.address) as unknown,
      createdAt: iso(device.createdAt),
      seenAt: iso(device.seenAt),
      retiredAt: device.retiredAt === undefined ? undefined : iso(device.retiredAt),
    })),
    topics: (await topicsOf(DB, id, maxTopics)).map(({ joinedAt, ...one }) => ({ ...one, joinedAt: iso(joinedAt) })),
    suppressions: suppressions.map(transferRow),
  };
}
