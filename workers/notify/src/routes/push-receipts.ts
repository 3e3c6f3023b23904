import { Hono } from "hono";
import type { Context } from "hono";
import * as v from "valibot";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { ingestReceipt, receiptEvents } from "../receipts/ingest.ts";
import { readReceipt } from "../receipts/token.ts";
import { settingsOf } from "../settings.ts";
import { readJson } from "./body.ts";

/**
 * What service workers tell of push messages. The receipt is the only authority, and it is good for its one message: so any
 * origin may ask, and none with credentials.
 */
export const pushReceipts = new Hono<{ Bindings: Env }>();

const maxReceiptBytes = 2_048;

/** The second is what a browser sends without a preflight. */
const receiptTypes = ["application/json", "text/plain"];

const receiptRequest = v.strictObject(
  {
    receipt: v.string("expected the receipt of the payload"),
    event: v.picklist(receiptEvents, `expected one of ${receiptEvents.join(", ")}`),
    /** When it happened, by the browser's clock. */
    at: v.optional(v.pipe(v.string("expected a time"), v.isoTimestamp("expected a time: 2026-11-24T03:10:00.000Z"))),
  },
  "expected an object",
);

/**
 * What this isolate has stored. Each receipt can be told three things, once; whoever repeats one is answered from here, and
 * does not reach a shard.
 */
const stored = new Set<string>();
const maxStored = 10_000;

pushReceipts.use(async (c, next) => {
  if (c.req.method === "OPTIONS") return preflight(c);
  await next();
  c.res.headers.set("access-control-allow-origin", "*");
  return undefined;
});

pushReceipts.post("/", async (c) => {
  const settings = settingsOf(c.env);
  const { receipt, event, at } = await readJson(c, receiptRequest, maxReceiptBytes, receiptTypes);
  const message = await readReceipt(settings.pushReceipts?.keys ?? [], receipt, settings, Date.now());
  if (message === undefined) {
    throw refusal({
      status: 401,
      code: "receipt-refused",
      title: "The receipt is not one of this service's, or its time is over.",
    });
  }
  const name = `${event} ${message.shard} ${message.uuid}`;
  if (!stored.has(name)) {
    await ingestReceipt(c.env, message, event, at === undefined ? undefined : Date.parse(at));
    if (stored.size >= maxStored) stored.clear();
    stored.add(name);
  }
  return c.body(null, 204);
});

function preflight(c: Context): Response {
  return c.body(null, 204, {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "86400",
  });
}
