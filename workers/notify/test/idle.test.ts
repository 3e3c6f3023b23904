import {
  createExecutionContext,
  createScheduledController,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { describe, expect, it } from "vitest";
import worker from "../src/index.ts";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { accept, email, env, message, received, untilStatus } from "./service.ts";
import { everything, inShard, placeOf } from "./shards.ts";
import { addresses } from "./steps.ts";
import { postResend } from "./webhooks.ts";

/** The cron's turn, as the platform calls it. */
async function cron(): Promise<void> {
  const context = createExecutionContext();
  const controller = createScheduledController({ scheduledTime: new Date(), cron: "*/2 * * * *" });
  worker.scheduled(controller, env, context);
  await waitOnExecutionContext(context);
  turns += 1;
}

/** How many came. */
let turns = 0;

/** Every shard's alarm, as if it had been set for now. */
async function fireAlarms(): Promise<void> {
  for (const shard of allShards(env)) {
    await inShard(shard, async (_, storage) => {
      await storage.setAlarm(Date.now() + 3_600_000);
    });
    if (await runDurableObjectAlarm(shardStub(env, shard) as never)) turns += 1;
  }
}

/** Messages in every state that lasts, and what came of them. */
async function settled(): Promise<readonly string[]> {
  const [to, bounced] = addresses(2);
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const posted = await Promise.all([
    accept(email(to, { providers: ["resend"] })),
    accept(email(bounced, { providers: ["resend"] })),
    accept(email(addresses(1)[0]!, { sendAt: later })),
    accept(email("nobody@elsewhere.test")),
  ]);
  const ids = posted.map(({ messages }) => messages[0]!.id);
  await untilStatus(ids[0]!, "delivered");
  await untilStatus(ids[1]!, "delivered");
  const bounce = { type: "Permanent", subType: "General", message: "no such user" };
  await postResend({ type: "email.bounced", id: "evt-idle", messageId: ids[1]!, to: bounced!, bounce });
  await untilStatus(ids[1]!, "bounced");
  await untilStatus(ids[3]!, "captured");
  await expect
    .poll(() => inShard(placeOf(ids[1]!).shard, (sql) => sql.exec("SELECT * FROM outbox").toArray()))
    .toEqual([]);
  return ids;
}

describe("where nothing is due", () => {
  it.each([
    ["the cron", cron, 1],
    ["every alarm", fireAlarms, allShards(env).length],
  ])("%s changes nothing, however often it comes", async (_, come, turnsEach) => {
    const ids = await settled();
    const before = await everything();
    turns = 0;
    for (let time = 0; time < 3; time++) await come();
    expect(turns).toBe(3 * turnsEach);
    await Promise.all([come(), come()]);
    expect(await everything()).toEqual(before);
    expect(ids.map(received)).toEqual([1, 1, 0, 0]);
  });

  it("an alarm that was lost is set again by the cron, for the moment that comes next", async () => {
    const sendAt = Date.now() + 3_600_000;
    const { messages } = await accept(email(addresses(1)[0]!, { sendAt: new Date(sendAt).toISOString() }));
    const { id } = messages[0]!;
    const alarmOf = (): Promise<number | null> => inShard(placeOf(id).shard, (_, storage) => storage.getAlarm());
    await inShard(placeOf(id).shard, (_, storage) => storage.deleteAlarm());
    expect(await alarmOf()).toBeNull();
    await cron();
    await cron();
    expect(await alarmOf()).toBeLessThanOrEqual(sendAt + 1);
    expect((await message(id)).status).toBe("scheduled");
  });
});
