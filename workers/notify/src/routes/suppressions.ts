import type { Address, ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import { Hono } from "hono";
import * as v from "valibot";
import { blankMessageTo } from "../accept/address.ts";
import { addOptOuts, removeOptOuts } from "../directory/opt-outs.ts";
import { listSuppressions, readSuppressions } from "../directory/suppression-list.ts";
import type { ListedSuppression } from "../directory/suppression-list.ts";
import { addSuppressions, removeSuppression } from "../directory/suppressions.ts";
import type { Env } from "../env.ts";
import { invalid, notFound } from "../problem.ts";
import { erasedKeysOf } from "../recipients/erased-key.ts";
import { settingsOf } from "../settings.ts";
import { everyCategory } from "../suppress/category.ts";
import { readMoment } from "../suppress/transfer.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { formatCursor, readCursor } from "./cursor.ts";
import { readLimit } from "./page.ts";
import { iso } from "./views.ts";

export const suppressions = new Hono<{ Bindings: Env }>();

const target = {
  channel: v.picklist(Object.keys(channelsById) as ChannelId[], "expected a channel"),
  /** It stands in the body, never in a URL: URLs are logged on their way. */
  address: v.union([v.string(), v.record(v.string(), v.unknown())], "expected an address of the channel"),
  scope: v.optional(v.picklist(["all", "marketing"], "expected all or marketing"), "all"),
  /** With the scope `marketing`: one category alone. */
  category: v.optional(v.string("expected a category's name")),
};

const removal = v.strictObject(target, "expected an object");

const addition = v.strictObject(
  { ...target, expiresAt: v.optional(v.string("expected a time")) },
  "expected an object",
);

suppressions.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const page = await listSuppressions(c.env.DB, await readCursor(c), limit, Date.now());
  const last = page.at(-1);
  return c.json({
    suppressions: page.map(viewOf),
    nextCursor: page.length === limit && last !== undefined ? await formatCursor(c, last) : undefined,
  });
});

suppressions.put("/", async (c) => {
  await authorize(c, "admin");
  const { expiresAt, ...value } = await readJson(c, addition);
  const { channel, scope } = value;
  const { key: addressKey, label } = await readAddress(value);
  const category = readCategory(c.env, value);
  const now = Date.now();
  const until = readExpiry(expiresAt, scope, now);
  const added = { channel, addressKey, label, reason: "manual" as const, sourceMessage: undefined, causedAt: now };
  await (
    scope === "all"
      ? addSuppressions(c.env.DB, [{ ...added, expiresAt: until }], now, true)
      : addOptOuts(c.env.DB, [{ ...added, category: category ?? everyCategory }], now, true)
  ).run();
  const stored = await readSuppressions(c.env.DB, { channel, addressKey }, now);
  const mine = stored.find((one) => one.scope === scope && one.category === category);
  return mine === undefined ? c.body(null, 204) : c.json(viewOf(mine));
});

suppressions.delete("/", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, removal);
  const { channel, scope } = value;
  const { key: addressKey } = await readAddress(value);
  const category = readCategory(c.env, value);
  const now = Date.now();
  // What is left of it since somebody was erased goes with it.
  const erased = await erasedKeysOf(settingsOf(c.env).recipients.erasureKeys, channel, [addressKey]);
  let isRemoved = false;
  for (const key of [addressKey, ...erased.keys()]) {
    const known = { channel, addressKey: key };
    const categories = category === undefined ? undefined : [category];
    const removed =
      scope === "all"
        ? await removeSuppression(c.env.DB, known, now)
        : (await removeOptOuts(c.env.DB, known, categories, now).run()).meta.changes > 0;
    isRemoved ||= removed;
  }
  if (!isRemoved) throw notFound("suppression");
  return c.body(null, 204);
});

/** The address as its channel normalises it. */
async function readAddress({
  channel,
  address,
}: Pick<v.InferOutput<typeof removal>, "channel" | "address">): Promise<Address> {
  const message = blankMessageTo(channel, address);
  if ("ok" in message) throw invalid([{ field: message.field.replace(/^to\b/, "address"), detail: message.detail }]);
  const [first] = await channelsById[channel].addresses(message as never);
  if (first === undefined) throw invalid([{ field: "address", detail: "expected an address of the channel" }]);
  return first;
}

function readCategory(env: Env, { scope, category }: v.InferOutput<typeof removal>): string | undefined {
  if (category === undefined) return undefined;
  const { categories } = settingsOf(env);
  const optional = Array.from(categories.values()).filter(({ required }) => !required);
  if (scope === "all") throw invalid([{ field: "category", detail: "expected none with the scope all" }]);
  if (!optional.some(({ name }) => name === category)) {
    throw invalid([{ field: "category", detail: `expected one of ${optional.map(({ name }) => name).join(", ")}` }]);
  }
  return category;
}

function readExpiry(text: string | undefined, scope: "all" | "marketing", now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = readMoment(text);
  if (scope === "marketing") throw invalid([{ field: "expiresAt", detail: "expected none: an opt-out does not end" }]);
  if (at === undefined || at <= now) {
    throw invalid([{ field: "expiresAt", detail: "expected a time in the future, such as 2027-01-31T08:00:00Z" }]);
  }
  return at;
}

function viewOf(one: ListedSuppression): Record<string, unknown> {
  const { channel, label, scope, category, reason, sourceMessage, causedAt, createdAt, expiresAt } = one;
  return {
    channel,
    address: label,
    scope,
    category,
    reason,
    sourceMessage,
    causedAt: iso(causedAt),
    createdAt: iso(createdAt),
    expiresAt: expiresAt === undefined ? undefined : iso(expiresAt),
  };
}
