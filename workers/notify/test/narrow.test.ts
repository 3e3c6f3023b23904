import { expect, it } from "vitest";
import { claim } from "../src/ledger/claim.ts";
import { nextMoments } from "../src/ledger/arm.ts";
import { browser } from "./devices.ts";
import { accept } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { attempt, claimed, membersOf, only, resends, told } from "./steps.ts";

/** Messages of bulk to so many browsers, all on one shard, due now and left to the test. */
async function due(count: number, priority: string): Promise<{ shard: number; ids: readonly string[] }> {
  const to = await Promise.all(Array.from({ length: count }, () => browser()));
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { messages } = await accept({ channel: "webpush", to, content: { payload: "x" }, priority, sendAt });
  const { shard } = placeOf(messages[0]!.id);
  await inShard(shard, (sql) => {
    sql.exec("DELETE FROM chunk");
    sql.exec(
      "UPDATE message SET due_at = NULL, chunk = NULL WHERE uuid NOT IN (SELECT value FROM json_each(?))",
      JSON.stringify(messages.map(({ id }) => placeOf(id).uuid)),
    );
    sql.exec("UPDATE message SET due_at = 1 WHERE due_at IS NOT NULL");
  });
  return { shard, ids: messages.map(({ id }) => id) };
}

it("bulk of single requests has one chunk of its lane out at a time, and the next when that is back", async () => {
  const { shard } = await due(120, "bulk");
  const first = only(await claimed(shard));
  expect(first.members).toHaveLength(50);
  expect(await claimed(shard)).toEqual([]);
  // Nor does the shard wake for it: the chunk's end does.
  const { sendAt } = await inShard(shard, (sql) => nextMoments(sql));
  expect(sendAt).toBeUndefined();
  await told(
    first,
    membersOf(first).map((uuid) => attempt(uuid, { provider: "webpush", outcome: "accepted" })),
  );
  const second = only(await claimed(shard));
  expect(second.members).toHaveLength(50);
  expect(second.members.some(({ uuid }) => membersOf(first).includes(uuid))).toBe(false);
});

it("what is not bulk goes beside it, as many chunks as there are", async () => {
  const { shard } = await due(120, "normal");
  const jobs = await inShard(shard, (sql, storage) =>
    storage.transactionSync(() => claim(sql, shard, Date.now(), resends)),
  );
  expect(jobs.map(({ members }) => members.length)).toEqual([50, 50, 20]);
});
