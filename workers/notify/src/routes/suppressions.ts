import type { Address, ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import { Hono } from "hono";
import * as v from "valibot";
import { blankMessageTo } from "../accept/address.ts";
import { addSuppressions, listSuppressions, readSuppression, removeSuppression } from "../directory/suppressions.ts";
import type { ListedSuppression, SuppressionCursor } from "../directory/suppressions.ts";
import type { Env } from "../env.ts";
import { invalid, notFound } from "../problem.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { readLimit } from "./page.ts";
import { iso } from "./views.ts";

export const suppressions = new Hono<{ Bindings: Env }>();

/** The address stands in the body, never in a URL: URLs are logged on their way. */
const addressRequest = v.strictObject(
  {
    channel: v.picklist(Object.keys(channelsById) as ChannelId[], "expected a channel"),
    address: v.union([v.string(), v.record(v.string(), v.unknown())], "expected an address of the channel"),
  },
  "expected an object",
);

suppressions.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const page = await listSuppressions(c.env.DB, readCursor(c.req.query("cursor")), limit);
  const last = page.at(-1);
  return c.json({
    suppressions: page.map(viewOf),
    nextCursor: page.length === limit && last !== undefined ? cursorOf(last) : undefined,
  });
});

suppressions.put("/", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, addressRequest);
  const { key, label } = await readAddress(value);
  const now = Date.now();
  const { channel } = value;
  await addSuppressions(
    c.env.DB,
    [{ channel, addressKey: key, label, reason: "manual", sourceMessage: undefined, causedAt: now }],
    now,
  );
  const stored = await readSuppression(c.env.DB, channel, key);
  return stored === undefined ? c.body(null, 204) : c.json(viewOf(stored));
});

suppressions.delete("/", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, addressRequest);
  const { key } = await readAddress(value);
  if (!(await removeSuppression(c.env.DB, value.channel, key, Date.now()))) throw notFound("suppression");
  return c.body(null, 204);
});

/** The address as its channel normalises it. */
async function readAddress({ channel, address }: v.InferOutput<typeof addressRequest>): Promise<Address> {
  const message = blankMessageTo(channel, address);
  if ("ok" in message) throw invalid([{ field: message.field.replace(/^to\b/, "address"), detail: message.detail }]);
  const [first] = await channelsById[channel].addresses(message as never);
  if (first === undefined) throw invalid([{ field: "address", detail: "expected an address of the channel" }]);
  return first;
}

function viewOf({
  channel,
  label,
  reason,
  sourceMessage,
  causedAt,
  createdAt,
}: ListedSuppression): Record<string, unknown> {
  return { channel, address: label, reason, sourceMessage, causedAt: iso(causedAt), createdAt: iso(createdAt) };
}

function cursorOf({ createdAt, channel, addressKey }: ListedSuppression): string {
  const bytes = new TextEncoder().encode(JSON.stringify([createdAt, channel, addressKey]));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function readCursor(text: string | undefined): SuppressionCursor | undefined {
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const [createdAt, channel, addressKey] = v.parse(
      v.tuple([v.number(), v.string(), v.string()]),
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    return { createdAt, channel, addressKey };
  } catch {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
}
