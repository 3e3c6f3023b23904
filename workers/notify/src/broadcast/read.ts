import { maxConnections } from "../dispatch/limits.ts";
import type { Env } from "../env.ts";
import type { BroadcastJob } from "../ledger/broadcasts.ts";
import type { PartHead } from "../ledger/part-types.ts";
import type { PartMessage } from "../ledger/parts.ts";
import { shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import { inTurns } from "./in-turns.ts";
import { readPage } from "./page.ts";

/** An invocation lives 30 seconds after its answer; the page that it has begun by then needs some of them. */
const readForMs = 18_000;

/** Calls that one invocation may make: Cloudflare's limit is 1,000, and on the Free plan 50. */
const maxCalls = { paid: 900, free: 45 } as const;

/**
 * Makes messages of a topic's members, page by page: for each page one call and one transaction a shard, then one at home that
 * goes past it. Whoever dies on the way leaves a page that is read again, of which the shards take what they have not got.
 */
export async function readBroadcast(env: Env, job: BroadcastJob): Promise<void> {
  const { head, token, topic } = job;
  const settings = settingsOf(env);
  const until = Date.now() + readForMs;
  const home = shardStub(env, head.home);
  const shards = createShards(env, head);
  // A page asks the directory twice, each shard once or, for the content, twice, and home.
  const worst = 4 + 2 * settings.shards;
  let left: number = maxCalls[settings.freePlan ? "free" : "paid"];
  let { cursor } = job;
  for (;;) {
    const page = await readPage(env.DB, settings, topic, head, cursor);
    const answers = await inTurns([...page.byShard], maxConnections, ([shard, messages]) =>
      shards.receive(shard, messages),
    );
    left -= 3 + answers.length;
    // A shard has heard of it before home's own answer could say so.
    if (answers.includes("canceled")) return;
    cursor = page.cursor;
    const goesOn = Date.now() < until && left - shards.contentCalls() > worst;
    const { members, messages, unwanted, unreachable } = page;
    const told = { uuid: head.uuid, token, cursor, members, messages, unwanted, unreachable, goesOn, now: Date.now() };
    const isOurs = await home.advance(told);
    if (!isOurs || cursor === undefined || !goesOn) return;
  }
}

/** The shards as one invocation calls them: it hands each the content once, if that has not got it. */
function createShards(
  env: Env,
  head: PartHead,
): {
  receive(shard: number, messages: readonly PartMessage[]): Promise<string>;
  contentCalls(): number;
} {
  let calls = 0;
  let content: string | undefined;
  return {
    contentCalls: () => calls,
    async receive(shard, messages) {
      const stub = shardStub(env, shard);
      const command = { head, messages, now: Date.now() };
      const answer = await stub.receivePart({ ...command, content: undefined });
      if (answer !== "content-wanted") return answer;
      if (content === undefined) {
        calls += 1;
        content = await shardStub(env, head.home).readContent(head.uuid);
      }
      // Trimmed away: nobody has waited for it for months.
      if (content === undefined) return "canceled";
      calls += 1;
      return stub.receivePart({ ...command, content });
    },
  };
}
