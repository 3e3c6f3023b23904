import { afterEach, describe, expect, it } from "vitest";
import { deliverChunk } from "../src/deliver/deliver.ts";
import { leaseMs } from "../src/dispatch/limits.ts";
import type { Env } from "../src/env.ts";
import { claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import type { IncomingEvent } from "../src/ledger/incoming-event.ts";
import { accept, email, env, fault, message, received, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { inShard, messageId } from "./shards.ts";
import { addresses, attempt, claimed, die, holds, kinds, membersOf, only, resends, told, waiting } from "./steps.ts";
import { simulator } from "./worker.ts";

afterEach(async () => {
  await simulator.fetch("http://simulator/api/faults", { method: "DELETE" });
});

describe("when Deliver dies", () => {
  it("the same chunk goes out again, with the same members in the same order", async () => {
    const { shard, uuids, ids } = await waiting(addresses(5), { providers: ["resend"] });
    const first = only(await claimed(shard));
    expect(membersOf(first)).toEqual(uuids);
    expect(first.leaseUntil).toBeGreaterThan(Date.now() + leaseMs - 5_000);
    expect(await claimed(shard)).toEqual([]);
    await die(shard);
    const found = await message(ids[0]!);
    expect(found).toMatchObject({ status: "queued", tries: 1, possibleDuplicate: false });
    expect(kinds(found)).toEqual(["unknown"]);
    const second = only(await claimed(shard));
    expect(membersOf(second)).toEqual(uuids);
    expect([second.lane, second.renderedAt]).toEqual([first.lane, first.renderedAt]);
    expect(second.token).not.toBe(first.token);
    await deliverChunk(env, second);
    for (const id of ids) expect([(await message(id)).status, received(id)]).toEqual(["sent", 1]);
  });

  it("twice, its members travel one by one; a batch that is taken apart is marked", async () => {
    const { shard, uuids, ids } = await waiting(addresses(3), { providers: ["resend"] });
    for (let lease = 0; lease < 2; lease++) {
      only(await claimed(shard));
      await die(shard);
    }
    const alone = await claimed(shard);
    expect(alone.map(membersOf).toSorted()).toEqual(uuids.map((uuid) => [uuid]));
    expect(await message(ids[0]!)).toMatchObject({ possibleDuplicate: true, tries: 2 });
  });

  it("twice, under hold, what can only be another request is held", async () => {
    const { shard, ids } = await waiting(addresses(3), { providers: ["resend"] });
    for (let lease = 0; lease < 2; lease++) {
      only(await claimed(shard, holds));
      await die(shard, holds);
    }
    expect(await claimed(shard, holds)).toEqual([]);
    expect(await message(ids[0]!)).toMatchObject({ status: "held" });
  });

  it("five times, the message is a dead letter", async () => {
    const { shard, ids } = await waiting(addresses(1)[0]!);
    for (let lease = 0; lease < 5; lease++) {
      await inShard(
        shard,
        (sql) =>
          void sql.exec("UPDATE message SET due_at = ? WHERE due_at IS NOT NULL AND lost_leases > 0", Date.now() - 1),
      );
      only(await claimed(shard));
      await die(shard);
    }
    const dead = await message(ids[0]!);
    expect(dead.status).toBe("failed");
    expect(dead.nextTryAt).toBeUndefined();
    expect(kinds(dead)).toEqual(["unknown", "unknown", "unknown", "unknown", "unknown", "dead-letter"]);
    expect(await claimed(shard)).toEqual([]);
  });

  it("and speaks after all, what it says is recorded, once, and decides nothing", async () => {
    const { shard, uuids, ids } = await waiting(addresses(2), { providers: ["postmark"] });
    const late = only(await claimed(shard));
    await die(shard);
    const current = only(await claimed(shard));
    const outcomes = uuids.map((uuid) =>
      attempt(uuid, { provider: "postmark", outcome: "failed", kind: "invalid-message" }),
    );
    await told(late, outcomes);
    await told(late, outcomes);
    const found = await message(ids[0]!);
    expect(found).toMatchObject({ status: "queued", tries: 2 });
    expect(kinds(found)).toEqual(["unknown", "failed"]);
    expect(found.timeline[1]).toMatchObject({ then: { action: "none" } });
    await deliverChunk(env, current);
    expect(await message(ids[0]!)).toMatchObject({ status: "sent", tries: 3 });
  });

  it("and says that it was accepted, it is not sent again where no key would help", async () => {
    const { shard, uuids, ids } = await waiting(addresses(2), { providers: ["postmark"] });
    const late = only(await claimed(shard));
    await die(shard);
    await told(late, [attempt(uuids[0]!, { provider: "postmark", outcome: "accepted", providerMessageId: "pm-1" })]);
    expect(await message(ids[0]!)).toMatchObject({ status: "sent" });
    expect(membersOf(only(await claimed(shard)))).toEqual([uuids[1]]);
  });

  it("and says so of all of them, nothing is left to do", async () => {
    const { shard, uuids } = await waiting(addresses(2), { providers: ["resend"] });
    const late = only(await claimed(shard));
    await die(shard);
    await told(
      late,
      uuids.map((uuid) => attempt(uuid, { outcome: "accepted", providerMessageId: uuid })),
    );
    expect(await claimed(shard)).toEqual([]);
    expect(await inShard(shard, (sql) => sql.exec("SELECT * FROM chunk").toArray())).toEqual([]);
  });

  it("what a provider reported meanwhile stays part of a request that has a key", async () => {
    const { shard, uuids, ids } = await waiting(addresses(2), { providers: ["resend"] });
    only(await claimed(shard));
    await die(shard);
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest([{ ...delivered(uuids[0]!), provider: "resend" }], Date.now()),
    );
    expect((await message(ids[0]!)).status).toBe("delivered");
    expect(membersOf(only(await claimed(shard)))).toEqual(uuids);
  });

  it.each([
    ["when its lease ends", (job: ChunkJob) => die(job.shard)],
    [
      "when its outcome is unknown",
      (job: ChunkJob) =>
        told(
          job,
          membersOf(job).map((uuid) => attempt(uuid)),
        ),
    ],
  ])("what a provider had reported stays part of a request that has a key %s", async (_, end) => {
    const { shard, uuids, ids } = await waiting(addresses(3), { providers: ["resend"] });
    const first = only(await claimed(shard));
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest([{ ...delivered(uuids[1]!), provider: "resend" }], Date.now()),
    );
    await end(first);
    const second = only(await claimed(shard));
    expect(membersOf(second)).toEqual(uuids);
    // Nor does it get lost when the turn is over before the request was repeated.
    await told(
      second,
      uuids.map((uuid) => ({ uuid, kind: "postponed", reason: "The turn was over.", forMs: 0 })),
    );
    const third = only(await claimed(shard));
    expect([membersOf(third), third.renderedAt]).toEqual([uuids, first.renderedAt]);
    await deliverChunk(env, third);
    const found = await Promise.all(ids.map(message));
    expect(found.map(({ status }) => status)).toEqual(["sent", "delivered", "sent"]);
    expect(found.some(({ possibleDuplicate }) => possibleDuplicate)).toBe(false);
  });

  it("a bounce that comes meanwhile, and suppresses its address, does not make the request another one", async () => {
    const to = addresses(3);
    const { shard, uuids, ids } = await waiting(to, { providers: ["resend"] });
    const first = only(await claimed(shard));
    await deliverChunk({ ...env, LEDGER: unreachable(env) }, first);
    expect(ids.map(received)).toEqual([1, 1, 1]);
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest([{ ...delivered(uuids[0]!), provider: "resend", type: "bounced" }], Date.now()),
    );
    await suppress(to[0]!);
    await die(shard);
    await deliverChunk(env, only(await claimed(shard)));
    expect(ids.map(received)).toEqual([1, 1, 1]);
    const found = await Promise.all(ids.map(message));
    expect(found.map(({ status }) => status)).toEqual(["bounced", "sent", "sent"]);
    expect(found.some(({ possibleDuplicate }) => possibleDuplicate)).toBe(false);
  });

  it("a report that forgets a member leaves nothing claimed", async () => {
    const { shard, uuids } = await waiting(addresses(2), { providers: ["resend"] });
    const job = only(await claimed(shard));
    await told(job, [attempt(uuids[0]!, { outcome: "accepted", providerMessageId: "x" })]);
    expect(membersOf(only(await claimed(shard)))).toEqual([uuids[1]]);
  });
});

function delivered(uuid: string): IncomingEvent {
  return {
    uuid,
    id: `event-${uuid}`,
    provider: "postmark",
    type: "delivered",
    occurredAt: Date.now(),
    providerMessageId: undefined,
    addressKey: undefined,
    providerType: "Delivery",
    reason: undefined,
    code: undefined,
    raw: null,
  };
}

/** Lets the service try again, without a webhook that would spare it the try. */
async function settled(id: string): Promise<MessageBody> {
  await expect.poll(async () => (await message(id)).status, { timeout: 10_000 }).toBe("sent");
  return message(id);
}

describe("when an answer is lost", () => {
  it("a provider that takes keys receives the message once", async () => {
    const [to] = addresses(1);
    await fault({ kind: "accept-then-cut", provider: "resend", recipient: to, times: 1 });
    const { messages } = await accept(email(to, { providers: ["resend"] }));
    const found = await settled(messages[0]!.id);
    expect(kinds(found).slice(0, 2)).toEqual(["unknown", "accepted"]);
    expect(found.timeline[0]!["requestKey"]).toBe(found.timeline[1]!["requestKey"]);
    expect([found.possibleDuplicate, received(found.id)]).toEqual([false, 1]);
  });

  it("of a whole batch, the same batch goes out again under the same key, and each is received once", async () => {
    const { shard, ids } = await waiting(addresses(30), { providers: ["resend"] });
    await fault({ kind: "accept-then-cut", provider: "resend", times: 1 });
    await deliverChunk(env, only(await claimed(shard)));
    const found = await Promise.all(ids.map(settled));
    for (const one of found) {
      const [first, second] = one.timeline;
      expect([first!["outcome"], second!["outcome"], first!["batchSize"]]).toEqual(["unknown", "accepted", 30]);
      expect(second!["requestKey"]).toBe(first!["requestKey"]);
      expect([one.possibleDuplicate, received(one.id)]).toEqual([false, 1]);
    }
  });

  it("a provider without keys is asked again, and the message is marked", async () => {
    const [to] = addresses(1);
    await fault({ kind: "accept-then-cut", provider: "postmark", recipient: to, times: 1 });
    const { messages } = await accept(email(to, { providers: ["postmark"] }));
    const found = await settled(messages[0]!.id);
    expect([found.possibleDuplicate, received(found.id)]).toEqual([true, 2]);
  });

  it("a provider without keys is not asked again once its webhook shows that it has the message", async () => {
    const { shard, uuids, ids } = await waiting(addresses(1)[0]!, { providers: ["postmark"] });
    await told(only(await claimed(shard)), [attempt(uuids[0]!, { provider: "postmark" })]);
    await inShard(shard, (_, __, ledger) => ledger.ingest([delivered(uuids[0]!)], Date.now()));
    expect(await claimed(shard)).toEqual([]);
    expect(await message(ids[0]!)).toMatchObject({ status: "delivered", tries: 1 });
    expect((await message(ids[0]!)).nextTryAt).toBeUndefined();
  });

  it("a provider without keys is not asked again under hold", async () => {
    const { shard, uuids, ids } = await waiting(addresses(1)[0]!, { providers: ["postmark", "resend"] });
    const job = only(await claimed(shard, holds));
    await told(job, [attempt(uuids[0]!, { provider: "postmark" })], holds);
    expect(await claimed(shard, holds)).toEqual([]);
    expect((await message(ids[0]!)).status).toBe("held");
    // A webhook shows that it was sent after all.
    await inShard(shard, (_, __, ledger) => ledger.ingest([delivered(uuids[0]!)], Date.now()));
    expect((await message(ids[0]!)).status).toBe("delivered");
  });

  it("a pause keeps the batch together: the directory was down when it should have gone out again", async () => {
    const { shard, uuids } = await waiting(addresses(3), { providers: ["resend"] });
    const first = only(await claimed(shard));
    await told(
      first,
      uuids.map((uuid) => attempt(uuid, { requestKey: "batch", batchSize: 3 })),
    );
    const second = only(await claimed(shard));
    expect(second.repeated).toEqual({ members: 3 });
    await deliverChunk({ ...env, DB: broken }, second);
    expect(membersOf(only(await claimed(shard)))).toEqual(uuids);
  });

  it.each([
    ["marked", env, "sent", true],
    ["held under hold", { ...env, ON_UNKNOWN: "hold" } as Env, "held", false],
  ])("a batch that lost a member since is another request: the others are %s", async (_, other, status, marked) => {
    const to = addresses(3);
    const { shard, uuids, ids } = await waiting(to, { providers: ["resend"] });
    await told(
      only(await claimed(shard)),
      uuids.map((uuid) => attempt(uuid, { requestKey: "batch", batchSize: 3 })),
    );
    await suppress(to[1]!);
    await deliverChunk(other, only(await claimed(shard)));
    const found = await Promise.all(ids.map(message));
    expect(found.map((one) => one.status)).toEqual([status, "suppressed", status]);
    expect(found.map(({ possibleDuplicate }) => possibleDuplicate)).toEqual([marked, false, marked]);
    expect(ids.map(received)).toEqual(marked ? [1, 0, 1] : [0, 0, 0]);
  });
});

async function suppress(address: string): Promise<void> {
  await env.DB.prepare(
    "INSERT INTO suppression (channel, address_key, label, reason, caused_at, created_at) VALUES ('email', ?, 'x', 'manual', 0, 0)",
  )
    .bind(address)
    .run();
}

/** Shards that nobody can report to. */
function unreachable({ LEDGER }: Env): DurableObjectNamespace {
  const get = (): object => ({ record: () => Promise.reject(new Error("The shard is gone.")) });
  return { idFromName: (name: string) => LEDGER.idFromName(name), get } as unknown as DurableObjectNamespace;
}

const broken = {
  prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("D1 is down")) }) }),
} as unknown as D1Database;

describe("when a provider cannot", () => {
  it("a short Retry-After is waited out", async () => {
    const [to] = addresses(1);
    await fault({ kind: "rate-limit", provider: "resend", recipient: to, times: 1, retryAfterSeconds: 1 });
    const { messages } = await accept(email(to));
    const found = await untilStatus(messages[0]!.id, "delivered", 15_000);
    expect(found).toMatchObject({ provider: "resend", tries: 2, possibleDuplicate: false });
    const [first, second] = found.timeline.map(({ at }) => Date.parse(String(at)));
    expect(second! - first!).toBeGreaterThanOrEqual(1_000);
    expect(received(found.id)).toBe(1);
  });

  it("a long one sends it over the next lane", async () => {
    const [to] = addresses(1);
    await fault({ kind: "rate-limit", provider: "resend", recipient: to, retryAfterSeconds: 600 });
    const { messages } = await accept(email(to));
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(found).toMatchObject({ provider: "postmark", tries: 2, possibleDuplicate: false });
  });

  it("for the third time with 503, it goes over the next lane", async () => {
    const { shard, uuids, ids } = await waiting(addresses(1)[0]!);
    for (let time = 0; time < 3; time++) {
      await inShard(
        shard,
        (sql) =>
          void sql.exec(
            "UPDATE message SET due_at = ? WHERE uuid = ? AND due_at IS NOT NULL",
            Date.now() - 1,
            uuids[0]!,
          ),
      );
      const job = only(await claimed(shard));
      expect(job.lane).toBe("resend:default");
      await told(job, [attempt(uuids[0]!, { outcome: "failed", kind: "unavailable", notAccepted: true, status: 503 })]);
    }
    const job = only(await claimed(shard));
    expect(job.lane).toBe("postmark:default");
    await deliverChunk(env, job);
    expect(await message(ids[0]!)).toMatchObject({ status: "sent", provider: "postmark", possibleDuplicate: false });
  });

  it("and none of the others either, there is another round later", async () => {
    const { shard, uuids, ids } = await waiting(addresses(1)[0]!);
    const lanes: string[] = [];
    for (let time = 0; time < 9; time++) {
      await inShard(
        shard,
        (sql) =>
          void sql.exec(
            "UPDATE message SET due_at = ? WHERE uuid = ? AND due_at IS NOT NULL",
            Date.now() - 1,
            uuids[0]!,
          ),
      );
      const job = only(await claimed(shard));
      const provider = job.lane.split(":")[0]!;
      lanes.push(provider);
      await told(job, [attempt(uuids[0]!, { provider, outcome: "failed", kind: "unavailable", notAccepted: true })]);
    }
    expect(lanes).toEqual([..."rrrpppsss"].map((letter) => ({ r: "resend", p: "postmark", s: "sendgrid" })[letter]));
    const found = await message(ids[0]!);
    expect(found).toMatchObject({ status: "queued", tries: 9 });
    expect(Date.parse(found.nextTryAt!)).toBeGreaterThan(Date.now() - 1_000);
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE message SET due_at = ? WHERE uuid = ?", Date.now() - 1, uuids[0]!),
    );
    expect(only(await claimed(shard)).lane).toBe("resend:default");
  });

  it("one that has gone from the deployment is replaced by the first that is left", async () => {
    const { shard, uuids } = await waiting(addresses(1)[0]!);
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE message SET lane = 'pigeon:default' WHERE uuid = ?", uuids[0]!),
    );
    expect(only(await claimed(shard)).lane).toBe("resend:default");
  });
});

it("a production deployment that is bound to the simulator hands it nothing: messages wait", async () => {
  const { shard, ids } = await waiting(addresses(2));
  await deliverChunk({ ...env, ENVIRONMENT: "production" }, only(await claimed(shard)));
  for (const id of ids) {
    expect(await message(id)).toMatchObject({ status: "queued", tries: 0 });
    expect(received(id)).toBe(0);
  }
});

describe("when the directory is down", () => {
  it("messages wait and nothing is sent", async () => {
    const { shard, ids } = await waiting(addresses(3));
    await deliverChunk({ ...env, DB: broken }, only(await claimed(shard)));
    for (const id of ids) {
      const found = await message(id);
      expect(found).toMatchObject({ status: "queued", tries: 0 });
      expect(Date.parse(found.nextTryAt!)).toBeGreaterThan(Date.now() + 20_000);
      expect(received(id)).toBe(0);
    }
  });

  it("effects wait in the outbox until it is back, and are carried out once", async () => {
    const to = addresses(1)[0]!;
    const { shard, uuids } = await waiting(to);
    await env.DB.exec("ALTER TABLE suppression RENAME TO suppression_away");
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest([{ ...delivered(uuids[0]!), type: "bounced", id: "outbox-1" }], Date.now()),
    );
    const tries = (): Promise<number | undefined> =>
      inShard(
        shard,
        (sql) =>
          sql.exec<{ tries: number }>("SELECT tries FROM outbox WHERE id = 'postmark:outbox-1'").toArray()[0]?.tries,
      );
    await expect.poll(tries).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await env.DB.exec("ALTER TABLE suppression_away RENAME TO suppression");
    expect(await tries()).toBe(1);
    await inShard(shard, async (sql, _, ledger) => {
      sql.exec("UPDATE outbox SET due_at = ?", Date.now() - 1);
      await ledger.alarm();
    });
    await expect.poll(tries).toBeUndefined();
    const { results } = await env.DB.prepare("SELECT source_message FROM suppression WHERE address_key = ?")
      .bind(to)
      .all();
    expect(results).toEqual([{ source_message: messageId(shard, uuids[0]!) }]);
  });
});

describe("the alarm", () => {
  it("that was lost is set by the sweep, and all is sent", async () => {
    const { shard, ids } = await waiting(addresses(3));
    await inShard(shard, async (_, storage, ledger) => {
      await storage.deleteAlarm();
      await ledger.sweep(Date.now());
      expect(await storage.getAlarm()).not.toBeNull();
    });
    for (const id of ids) await untilStatus(id, "delivered");
  });

  it("that is far too late is set anew, and one that is due right now is left alone", async () => {
    const { shard, ids } = await waiting(addresses(1)[0]!);
    await inShard(shard, async (_, storage, ledger) => {
      const set: number[] = [];
      let alarm = Date.now() - 2;
      storage.getAlarm = () => Promise.resolve(alarm);
      storage.setAlarm = (at) => Promise.resolve(void set.push(Number(at)));
      await ledger.sweep(Date.now());
      expect(set).toEqual([]);
      alarm = Date.now() - 60_000;
      await ledger.sweep(Date.now());
      expect(set).toHaveLength(1);
      Reflect.deleteProperty(storage, "getAlarm");
      Reflect.deleteProperty(storage, "setAlarm");
      await storage.deleteAlarm();
      await ledger.sweep(Date.now());
    });
    await untilStatus(ids[0]!, "delivered");
  });

  it("that fires twice sends nothing twice", async () => {
    const { shard, ids } = await waiting(addresses(3));
    await inShard(shard, async (_, __, ledger) => {
      await Promise.all([ledger.alarm(), ledger.alarm()]);
      await ledger.alarm();
    });
    for (const id of ids) {
      await untilStatus(id, "delivered");
      expect(received(id)).toBe(1);
    }
  });

  it("is never set to the millisecond of the one that runs, whatever the clock of the caller", async () => {
    const { shard, ids } = await waiting(addresses(1)[0]!);
    await inShard(shard, async (_, storage, ledger) => {
      const set: number[] = [];
      const future = Date.now() + 50;
      storage.getAlarm = () => Promise.resolve(null);
      storage.setAlarm = (at) => Promise.resolve(void set.push(Number(at)));
      // It runs as the platform says that it was scheduled for a moment which this clock has yet to reach.
      const running = ledger.alarm({ scheduledTime: future, isRetry: false, retryCount: 0 } as AlarmInvocationInfo);
      // Meanwhile something becomes due, by the clock of a caller that is behind.
      await ledger.accept({
        now: future - 1_000,
        idempotency: undefined,
        notifications: [
          {
            stem: "0".repeat(24),
            channel: "email",
            priority: 1,
            sendAt: future - 1_000,
            providers: undefined,
            content: JSON.stringify({ from: "a@b.example", subject: "x", text: "x" }),
            messages: [{ recipient: "a@simulator.test", addresses: [{ key: "a@simulator.test", label: "a" }] }],
          },
        ],
      });
      await running;
      expect(set.length).toBeGreaterThanOrEqual(2);
      expect(Math.min(...set)).toBeGreaterThan(future);
      Reflect.deleteProperty(storage, "getAlarm");
      Reflect.deleteProperty(storage, "setAlarm");
      await ledger.sweep(Date.now());
    });
    await untilStatus(ids[0]!, "delivered");
  });

  it("waits for an outcome while all chunks are out, and the record that makes room sets it", async () => {
    const { shard, ids } = await waiting(addresses(17), { providers: ["resend"], priority: "high" });
    const more = await inShard(shard, (sql) => {
      // So that each is in a chunk of its own.
      sql.exec("UPDATE message SET lost_leases = 2 WHERE due_at IS NOT NULL");
      return claim(sql, shard, Date.now(), resends);
    });
    expect(more).toHaveLength(16);
    const alarm = (): Promise<number | null> => inShard(shard, (_, storage) => storage.getAlarm());
    await inShard(shard, async (_, storage, ledger) => {
      await storage.deleteAlarm();
      await ledger.sweep(Date.now());
    });
    expect(await alarm()).toBeGreaterThan(Date.now() + leaseMs - 10_000);
    expect(await claimed(shard)).toEqual([]);
    await deliverChunk(env, more[0]!);
    for (const job of more.slice(1)) await deliverChunk(env, job);
    for (const id of ids) await untilStatus(id, "delivered");
  });
});

describe("what is due", () => {
  it("goes out high priority first, then by its time", async () => {
    const shard = 6;
    await inShard(shard, async (sql, storage, ledger) => {
      storage.setAlarm = () => Promise.resolve();
      sql.exec("DELETE FROM message");
      const base = Date.now() - 10_000;
      for (const [index, priority] of [2, 1, 0, 2, 0].entries()) {
        await ledger.accept({
          now: base,
          idempotency: undefined,
          notifications: [
            {
              stem: `00000000000${index}00000000000f`,
              channel: "email",
              priority,
              sendAt: base + 100 - index,
              providers: ["resend"],
              content: JSON.stringify({ from: "a@b.example", subject: "x", text: "x" }),
              messages: [{ recipient: "a@simulator.test", addresses: [{ key: "a@simulator.test", label: "a" }] }],
            },
          ],
        });
      }
      sql.exec("DELETE FROM chunk");
      const jobs = claim(sql, shard, Date.now(), resends);
      expect(jobs.map((job) => membersOf(job).map((uuid) => uuid[11]))).toEqual([["4", "2"], ["1"], ["3", "0"]]);
      sql.exec("DELETE FROM message");
      sql.exec("DELETE FROM chunk");
      Reflect.deleteProperty(storage, "setAlarm");
    });
  });

  it("and too heavy for one turn has the next: what is in memory at once is bounded", async () => {
    const shard = 5;
    await inShard(shard, async (sql, storage, ledger) => {
      storage.setAlarm = () => Promise.resolve();
      sql.exec("DELETE FROM message");
      const content = JSON.stringify({ from: "a@b.example", subject: "x", text: "x".repeat(7_000_000) });
      for (let index = 0; index < 5; index++) {
        await ledger.accept({
          now: Date.now(),
          idempotency: undefined,
          notifications: [
            {
              stem: `00000000000${index}00000000000e`,
              channel: "email",
              priority: 1,
              sendAt: Date.now() - 1,
              providers: ["resend"],
              content,
              messages: [{ recipient: "a@simulator.test", addresses: [{ key: "a@simulator.test", label: "a" }] }],
            },
          ],
        });
      }
      expect(claim(sql, shard, Date.now(), resends)).toHaveLength(4);
      expect(claim(sql, shard, Date.now(), resends)).toHaveLength(1);
      sql.exec("DELETE FROM message");
      sql.exec("DELETE FROM chunk");
      Reflect.deleteProperty(storage, "setAlarm");
    });
  });
});
