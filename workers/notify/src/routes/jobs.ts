import { Hono } from "hono";
import type { Context } from "hono";
import { Receiver } from "@upstash/qstash";
import * as v from "valibot";
import type { Env } from "../env.ts";
import { shardStub } from "../ledger/shards.ts";
import { problemResponse } from "../problem.ts";
import type { ReceiverSettings } from "../schedule/settings.ts";
import { settingsOf } from "../settings.ts";
import { readBody } from "./body.ts";

export const jobs = new Hono<{ Bindings: Env }>();

/** One of ours has less than a hundred. */
const maxJobBytes = 1_000;

/** When QStash should come again, where the shard could not be reached. */
const unreachableForSeconds = 10;

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const job = v.strictObject({ shard: wholeNumber, at: wholeNumber, generation: wholeNumber });

/**
 * QStash's call: wakes one shard. Its signature is the authority; whatever is not signed by QStash, with one of both keys,
 * over these very bytes and this URL, learns nothing but that.
 */
jobs.post("/", async (c) => {
  const { scheduler, shards } = settingsOf(c.env);
  const body = await signedBody(c, scheduler.receiver);
  if (body === undefined) {
    return problemResponse({ status: 401, code: "unauthorized", title: "This is not signed by QStash." });
  }
  const read = v.safeParse(job, parse(body));
  if (!read.success || read.output.shard >= shards) {
    return Response.json(
      { error: "malformed-job" },
      { status: 489, headers: { "Upstash-NonRetryable-Error": "true" } },
    );
  }
  const { shard, at } = read.output;
  const answer = await shardStub(c.env, shard)
    .wake(at)
    .catch(() => undefined);
  if (answer === undefined) return later("shard-unreachable", unreachableForSeconds);
  if ("earlyMs" in answer) return later("early", Math.ceil(answer.earlyMs / 1000));
  return c.json({ handedOut: answer.handedOut }, 200, { "cache-control": "no-store" });
});

function later(code: string, seconds: number): Response {
  const title = code === "early" ? "It is not time yet." : "The shard cannot be reached.";
  return problemResponse({ status: 503, code, title, headers: { "retry-after": String(seconds) } });
}

async function signedBody(c: Context, settings: ReceiverSettings | undefined): Promise<string | undefined> {
  const signature = c.req.header("upstash-signature");
  if (settings === undefined || signature === undefined) return undefined;
  const { currentSigningKey, nextSigningKey, jobsUrl: url } = settings;
  // `devMode: false`: a variable of the environment must not make it take the keys that everybody knows.
  const receiver = new Receiver({ currentSigningKey, nextSigningKey, devMode: false });
  const holds = (request: Parameters<Receiver["verify"]>[0]): Promise<boolean> =>
    receiver.verify(request).catch(() => false);
  try {
    const bytes = await readBody(c, maxJobBytes);
    const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (await holds({ signature, body, url })) return body;
    // Only the log says that it is QStash, and PUBLIC_URL is not what it calls.
    const reason = (await holds({ signature, body })) ? "signed-for-another-url" : "signature-mismatch";
    console.error(JSON.stringify({ event: "job-refused", reason }));
  } catch {
    console.error(JSON.stringify({ event: "job-refused", reason: "unreadable" }));
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
