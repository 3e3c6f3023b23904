import { Hono } from "hono";
import type { Context } from "hono";
import * as v from "valibot";
import type { Env } from "../env.ts";
import { formatId, parseId } from "../ids.ts";
import type { DeadLetterFilter, ListedDeadLetter } from "../ledger/dead-letters.ts";
import type { TimelineEntry } from "../ledger/read.ts";
import type { Replay } from "../ledger/replay.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { invalid } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { readLimit } from "./page.ts";
import { entryView, iso } from "./views.ts";

/** Messages that failed for good. What they said is with the message: `GET /v1/messages/:id`. */
export const deadLetters = new Hono<{ Bindings: Env }>();

/** Most dead letters that one request replays or discards. */
const maxAtOnce = 500;

const name = v.pipe(v.string("expected a name"), v.regex(/^[a-z0-9-]{1,40}$/, "expected a name"));

const filterRequest = v.strictObject(
  { channel: v.optional(name), provider: v.optional(name), reason: v.optional(name) },
  "expected an object",
);

/** Some by their ids, or all that a filter means: an empty filter means all. */
const whichRequest = v.pipe(
  v.strictObject(
    {
      ids: v.optional(
        v.pipe(
          // Counted before any is looked at.
          v.array(v.unknown(), "expected a list of message ids"),
          v.minLength(1, "expected at least one id"),
          v.maxLength(maxAtOnce, `expected at most ${maxAtOnce} ids`),
          v.array(v.string("expected a message's id")),
        ),
      ),
      filter: v.optional(filterRequest),
    },
    "expected an object",
  ),
  v.check(({ ids, filter }) => (ids === undefined) !== (filter === undefined), "expected `ids` or `filter`"),
);

deadLetters.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const cursor = c.req.query("cursor");
  if (cursor !== undefined && !/^[0-9a-f]{32}$/.test(cursor)) {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
  const filter: DeadLetterFilter = {
    channel: c.req.query("channel"),
    provider: c.req.query("provider"),
    reason: c.req.query("reason"),
  };
  const pages = await Promise.all(
    allShards(c.env).map(async (shard) => ({
      shard,
      page: await shardStub(c.env, shard).listDeadLetters(filter, cursor, limit),
    })),
  );
  const merged = pages
    .flatMap(({ shard, page }) => page.map((letter) => ({ shard, letter })))
    .sort((a, b) => (a.letter.message < b.letter.message ? 1 : -1))
    .slice(0, limit);
  return c.json({
    deadLetters: merged.map(({ shard, letter }) => viewOf(shard, letter)),
    nextCursor: merged.length === limit ? merged.at(-1)?.letter.message : undefined,
  });
});

/** New messages for them; what was replayed before, or cannot be, says so and stays as it is. */
deadLetters.post("/replay", async (c) => {
  await authorize(c, "admin");
  const { ids, filter = {} } = await readJson(c, whichRequest);
  const now = Date.now();
  const done = await eachShard(c, ids, maxAtOnce, {
    some: (shard, uuids) => shardStub(c.env, shard).replay(uuids, now),
    all: (shard, limit) => shardStub(c.env, shard).replayDeadLetters(filter, limit, now),
  });
  const views = done.found.map(({ shard, one }) => replayView(shard, one));
  const count = (outcome: Replay["outcome"]): number => views.filter((view) => view.outcome === outcome).length;
  return c.json({ replayed: count("replayed"), replays: views, more: done.more });
});

/** The messages stay, as failed; they are on this list no more. */
deadLetters.post("/discard", async (c) => {
  await authorize(c, "admin");
  const { ids, filter = {} } = await readJson(c, whichRequest);
  const done = await eachShard(c, ids, maxAtOnce, {
    some: (shard, uuids) => shardStub(c.env, shard).discardDeadLetters(uuids),
    all: (shard, limit) => shardStub(c.env, shard).discardMatching(filter, limit),
  });
  return c.json({
    discarded: done.found.length,
    ids: done.found.map(({ shard, one }) => formatId("msg", shard, one)),
    more: done.more,
  });
});

/** What became of one message's replay, as the API says it. */
export function replayView(
  shard: number,
  replay: Replay,
): { id: string; outcome: Replay["outcome"]; replayedAs?: string; status?: string } {
  const { uuid, outcome } = replay;
  return {
    id: formatId("msg", shard, uuid),
    outcome,
    ...("as" in replay ? { replayedAs: formatId("msg", shard, replay.as) } : {}),
    ...("status" in replay ? { status: replay.status } : {}),
  };
}

/** Asks the shards of the ids at once, or all shards in turn until there are enough. */
async function eachShard<T>(
  c: Context<{ Bindings: Env }>,
  ids: readonly string[] | undefined,
  most: number,
  ask: {
    some(shard: number, uuids: readonly string[]): Promise<readonly T[]>;
    all(shard: number, limit: number): Promise<readonly T[]>;
  },
): Promise<{ found: readonly { shard: number; one: T }[]; more: boolean }> {
  const found: { shard: number; one: T }[] = [];
  const add = (shard: number, some: readonly T[]): void => void found.push(...some.map((one) => ({ shard, one })));
  if (ids === undefined) {
    for (const shard of allShards(c.env)) {
      if (found.length >= most) return { found, more: true };
      add(shard, await ask.all(shard, most - found.length));
    }
    return { found, more: found.length >= most };
  }
  const byShard = new Map<number, string[]>();
  for (const [index, text] of ids.entries()) {
    const id = parseId("msg", text, settingsOf(c.env).shards);
    if (id === undefined) throw invalid([{ field: `ids.${index}`, detail: "expected a message's id" }]);
    byShard.set(id.shard, [...(byShard.get(id.shard) ?? []), id.uuid]);
  }
  await Promise.all(Array.from(byShard, async ([shard, uuids]) => add(shard, await ask.some(shard, uuids))));
  return { found, more: false };
}

function viewOf(shard: number, letter: ListedDeadLetter): Record<string, unknown> {
  const { message, channel, provider, reason, diedAt, acceptedAt, to, tries, last } = letter;
  return {
    id: formatId("msg", shard, message),
    channel,
    to,
    provider,
    reason,
    tries,
    acceptedAt: iso(acceptedAt),
    failedAt: iso(diedAt),
    last: last && entryView(JSON.parse(last) as TimelineEntry),
  };
}
