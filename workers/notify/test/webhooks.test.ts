import { evidenceOf, eventTypes, joinEvidence, joinStatus } from "carillon";
import type { AttemptReport, EventType, Evidence } from "carillon";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import { newStem, uuidAt } from "../src/ids.ts";
import type { IncomingEvent } from "../src/ledger/incoming-event.ts";
import type { RecordCommand } from "../src/ledger/record.ts";
import { allShards } from "../src/ledger/shards.ts";
import { accept, call, email, env, message, runAlarms } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { everything, inShard, messageId, placeOf } from "./shards.ts";
import { postPostmark, postResend, postSendGrid } from "./webhooks.ts";

/** The simulator sends its own webhooks only when it is told to: what is sent here waits for the webhooks of the tests. */
let people = 0;

async function sent(
  to: unknown = `person-${(people += 1)}@simulator.test`,
  more: object = {},
): Promise<MessageBody & { providerMessageId: string }> {
  const { messages } = await accept(email(to, { ...more }));
  const id = messages[0]!.id;
  await expect.poll(async () => (await message(id)).status, { timeout: 5_000 }).toBe("sent");
  return (await message(id)) as MessageBody & { providerMessageId: string };
}

const statusOf = async (id: string): Promise<string> => (await message(id)).status;

async function suppressed(): Promise<readonly string[]> {
  const { results } = await env.DB.prepare("SELECT address_key FROM suppression WHERE removed_at IS NULL").all<{
    address_key: string;
  }>();
  return results.map(({ address_key }) => address_key);
}

const permanent = { type: "Permanent", message: "550 5.1.1 <someone@simulator.test>: user unknown" };

afterEach(() => void vi.useRealTimers());

describe("a webhook that is not the provider's", () => {
  it("is refused and changes nothing", async () => {
    const { id: target } = await sent();
    const delivered = { type: "email.delivered", id: "forged", messageId: target };
    const before = await everything();
    const now = Math.floor(Date.now() / 1000);
    const answers = [
      await postResend(delivered, { secret: "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==" }),
      await postResend(delivered, { signedAt: now - 301 }),
      await postResend(delivered, { signedAt: now + 330 }),
      await postPostmark({ RecordType: "Delivery", Metadata: { carillon_message_id: target } }, "wrong"),
      await call("POST", "/v1/webhooks/resend", { key: "", body: {} }),
      await call("POST", "/v1/webhooks/sendgrid", { key: "", body: [] }),
      await call("POST", "/v1/webhooks/postmark", { body: {} }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    expect(await everything()).toBe(before);
    // The same event, rightly signed, does change something.
    expect((await postResend(delivered)).status).toBe(200);
    expect(await statusOf(target)).toBe("delivered");
  });

  it("is too large to be read", async () => {
    const response = await call("POST", "/v1/webhooks/resend", { key: "", body: "x".repeat(1_048_577) });
    expect(response.status).toBe(413);
  });
});

describe("a webhook", () => {
  it("of SendGrid is accepted though it was signed long ago", async () => {
    const { id } = await sent("old@simulator.test", { providers: ["sendgrid"] });
    const event = {
      event: "delivered",
      email: "old@simulator.test",
      sg_event_id: "old",
      timestamp: 1_790_000_000,
      carillon_message_id: id,
    };
    expect((await postSendGrid([event], Date.now() / 1000 - 86_400)).status).toBe(200);
    expect(await statusOf(id)).toBe("delivered");
  });

  it("that comes twice is answered 200 and changes nothing", async () => {
    const { id } = await sent("twice@simulator.test");
    const bounced = {
      type: "email.bounced",
      id: "twice",
      messageId: id,
      to: "twice@simulator.test",
      bounce: permanent,
    };
    expect((await postResend(bounced)).status).toBe(200);
    await expect.poll(suppressed).toContain("twice@simulator.test");
    await expect
      .poll(async () => inShard(placeOf(id).shard, (sql) => sql.exec("SELECT * FROM outbox").toArray()))
      .toEqual([]);
    const before = await everything();
    expect((await postResend(bounced)).status).toBe(200);
    await expect.poll(everything).toBe(before);
  });

  it("that comes late, or before those of earlier moments, counts as if in order", async () => {
    const { id } = await sent();
    const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 1, hour));
    await postResend({ type: "email.clicked", id: "c1", messageId: id, at: at(3) });
    await postResend({ type: "email.delivered", id: "d1", messageId: id, at: at(1) });
    await postResend({ type: "email.opened", id: "o1", messageId: id, at: at(2) });
    const found = await message(id);
    expect(found.status).toBe("clicked");
    expect(found.milestones).toMatchObject({
      delivered: at(1).toISOString(),
      opened: at(2).toISOString(),
      clicked: at(3).toISOString(),
    });
  });

  it("that says days later that it bounced counts, of the attempt that it was delivered by", async () => {
    const { id, providerMessageId: emailId } = await sent("late@simulator.test");
    const about = { messageId: id, emailId, to: "late@simulator.test" };
    await postResend({ ...about, type: "email.delivered", id: "late-1" });
    await postResend({
      ...about,
      type: "email.bounced",
      id: "late-2",
      bounce: permanent,
      at: new Date(Date.now() + 3 * 86_400_000),
    });
    expect(await statusOf(id)).toBe("bounced");
    await expect.poll(suppressed).toContain("late@simulator.test");
  });

  it("of another attempt does not undo a delivery", async () => {
    const { id, providerMessageId: emailId } = await sent();
    await postResend({ messageId: id, emailId, type: "email.delivered", id: "by-resend" });
    const bounce = {
      RecordType: "Bounce",
      Type: "HardBounce",
      ID: 1,
      MessageID: "other",
      Email: "a@simulator.test",
      Metadata: { carillon_message_id: id },
    };
    expect((await postPostmark(bounce)).status).toBe(200);
    expect(await statusOf(id)).toBe("delivered");
  });

  it("belongs to the attempt whose id of the provider it carries", async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const { messages } = await accept(email("tried-twice@simulator.test", { sendAt }));
    const id = messages[0]!.id;
    await recordAccepted(id, "resend", "try-1", Date.now());
    await recordAccepted(id, "resend", "try-2", Date.now() + 1_000);
    const about = { messageId: id, to: "tried-twice@simulator.test" };
    await postResend({ ...about, type: "email.bounced", id: "try-1", emailId: "try-1", bounce: permanent });
    expect(await statusOf(id)).toBe("sent");
    await postResend({ ...about, type: "email.delivered", id: "try-2", emailId: "try-2" });
    expect(await statusOf(id)).toBe("delivered");
  });

  it("of a type that nobody knows is kept as unrecognized", async () => {
    const { id } = await sent();
    expect((await postResend({ type: "email.teleported", id: "t1", messageId: id })).status).toBe(200);
    const found = await message(id);
    expect(found.status).toBe("sent");
    expect(found.timeline.at(-1)).toMatchObject({
      kind: "event",
      type: "unrecognized",
      providerType: "email.teleported",
    });
  });

  it("of another environment is answered 200 and changes nothing", async () => {
    const { id } = await sent();
    const before = await everything();
    const foreign = { type: "email.bounced", id: "f1", messageId: id, environment: "staging", bounce: permanent };
    expect((await postResend(foreign)).status).toBe(200);
    expect(await everything()).toBe(before);
  });

  it("with an event that says no more than junk is answered, and nothing is shown of an address", async () => {
    const { id } = await sent("secretive@simulator.test");
    const about = { messageId: id, to: "secretive@simulator.test" };
    const message550 = "550 5.1.1 <secretive@simulator.test>: Recipient address rejected (SECRETIVE@simulator.test)";
    await postResend({ ...about, type: "email.bounced", id: "s1", bounce: { type: "Transient", message: message550 } });
    const shown = await (await call("GET", `/v1/messages/${id}`)).text();
    expect(shown).toContain("550 5.1.1 <s***@simulator.test>");
    expect(shown.toLowerCase()).not.toContain("secretive@");
  });
});

describe("the message of an event", () => {
  it("is found by the provider's id where ours is not carried", async () => {
    const { id, providerMessageId: emailId } = await sent();
    expect((await postResend({ type: "email.delivered", id: "no-id", emailId })).status).toBe(200);
    expect(await statusOf(id)).toBe("delivered");
  });

  it("may be unknown: the event is kept, asked for after 1, 10 and 60 minutes, and in the end just kept", async () => {
    expect((await postResend({ type: "email.delivered", id: "stray-1", emailId: "nobody-knows" })).status).toBe(200);
    const strays = async (): Promise<{ shard: number; tries: number; due_at: number | null }[]> => {
      const found = allShards(env).map((shard) =>
        inShard(shard, (sql) =>
          sql
            .exec<{ tries: number; due_at: number | null }>(
              "SELECT tries, due_at FROM stray WHERE id = 'resend:stray-1'",
            )
            .toArray()
            .map((row) => ({ shard, ...row })),
        ),
      );
      return (await Promise.all(found)).flat();
    };
    let [stray] = await strays();
    for (const [tries, minutes] of [1, 10, 60].entries()) {
      expect(stray?.tries).toBe(tries);
      expect(Math.abs(stray!.due_at! - Date.now() - minutes * 60_000)).toBeLessThan(10_000);
      await inShard(stray!.shard, async (sql, storage) => {
        sql.exec("UPDATE stray SET due_at = ? WHERE due_at IS NOT NULL", Date.now() - 1);
        await storage.setAlarm(Date.now() + 3_600_000);
      });
      await runAlarms();
      [stray] = await strays();
    }
    expect(stray).toMatchObject({ tries: 3, due_at: null });
    // The same webhook again is still the same stray.
    await postResend({ type: "email.delivered", id: "stray-1", emailId: "nobody-knows" });
    expect(await strays()).toHaveLength(1);
  });

  it("may become known later: then the event counts, and is no stray any more", async () => {
    await postResend({ type: "email.delivered", id: "stray-2", emailId: "known-later" });
    const { id } = await sent();
    const { shard, uuid } = placeOf(id);
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE message SET provider_message_id = 'known-later' WHERE uuid = ?", uuid),
    );
    const home = (
      await Promise.all(
        allShards(env).map((one) =>
          inShard(one, (sql) => sql.exec("SELECT 1 FROM stray WHERE id = 'resend:stray-2'").toArray().length),
        ),
      )
    ).indexOf(1);
    await inShard(home, async (sql, storage) => {
      sql.exec("UPDATE stray SET due_at = ? WHERE id = 'resend:stray-2'", Date.now() - 1);
      await storage.setAlarm(Date.now() + 3_600_000);
    });
    await runAlarms();
    await expect.poll(() => statusOf(id)).toBe("delivered");
    await expect
      .poll(() => inShard(home, (sql) => sql.exec("SELECT 1 FROM stray WHERE id = 'resend:stray-2'").toArray()))
      .toEqual([]);
  });

  it("may not have its attempt recorded yet", async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const { messages } = await accept(email("early@simulator.test", { sendAt }));
    const id = messages[0]!.id;
    await postResend({ type: "email.delivered", id: "early", messageId: id, emailId: "email-early" });
    expect(await statusOf(id)).toBe("delivered");
    await recordAccepted(id, "resend", "email-early");
    const found = await message(id);
    expect(found.status).toBe("delivered");
    // It is not sent when its time comes: somebody has it.
    expect(found.nextTryAt).toBeUndefined();
    await postResend({
      type: "email.bounced",
      id: "early-2",
      messageId: id,
      emailId: "email-early",
      to: "early@simulator.test",
      bounce: permanent,
    });
    expect(await statusOf(id), "the attempt took the early event over").toBe("bounced");
  });
});

async function recordAccepted(id: string, provider: string, providerMessageId: string, at?: number): Promise<void> {
  const { shard, uuid } = placeOf(id);
  await inShard(shard, (_, __, ledger) => ledger.record(acceptance(uuid, provider, providerMessageId, at)));
}

/** A report that comes after its lease: it is recorded, and decides nothing. */
function acceptance(uuid: string, provider: string, providerMessageId: string, at = Date.now()): RecordCommand {
  const report: AttemptReport = {
    provider,
    account: "default",
    startedAt: new Date(at),
    durationMs: 1,
    outcome: "accepted",
    requestKey: uuid,
    batchSize: 1,
    providerMessageId,
    status: 200,
  };
  return {
    chunk: "gone",
    token: "gone",
    lane: `${provider}:default`,
    now: at,
    outcomes: [{ uuid, kind: "attempt", report }],
  };
}

describe("a store that fails", () => {
  it("answers 5xx, keeps what the other shards have stored, and is repaired by the provider's next try", async () => {
    const found: MessageBody[] = [await sent("store-0@simulator.test", { providers: ["sendgrid"] })];
    while (found.length < 2 || placeOf(found[0]!.id).shard === placeOf(found[1]!.id).shard) {
      found[1] = await sent("store-1@simulator.test", { providers: ["sendgrid"] });
    }
    const broken = placeOf(found[1]!.id).shard;
    const events = found.map(({ id }, index) => ({
      event: "bounce",
      email: `store-${index}@simulator.test`,
      sg_event_id: `store-${index}`,
      timestamp: Math.floor(Date.now() / 1000),
      carillon_message_id: id,
    }));
    // What workerd prints as an uncaught "no such table: timeline" is this: the shard's call is meant to fail.
    await inShard(broken, (sql) => void sql.exec("ALTER TABLE timeline RENAME TO timeline_away"));
    const first = await postSendGrid(events);
    await inShard(broken, (sql) => void sql.exec("ALTER TABLE timeline_away RENAME TO timeline"));
    expect(first.status).toBe(503);
    expect(await Promise.all(found.map(({ id }) => statusOf(id)))).toEqual(["bounced", "sent"]);

    expect((await postSendGrid(events)).status).toBe(200);
    const after = await Promise.all(found.map(({ id }) => message(id)));
    expect(after.map(({ status, timeline }) => [status, timeline.length])).toEqual([
      ["bounced", 2],
      ["bounced", 2],
    ]);
    await expect.poll(suppressed).toEqual(expect.arrayContaining(["store-0@simulator.test", "store-1@simulator.test"]));
  });

  it("is not blamed for a shard that has no such namespace: the answer is 503, not 500", async () => {
    const LEDGER = {
      idFromName: (name: string) => name,
      get: () => ({ ingest: () => Promise.reject(new Error("overloaded")) }),
    };
    const body = JSON.stringify({
      RecordType: "Delivery",
      MessageID: "x",
      Metadata: { carillon_message_id: messageId(1, "0".repeat(32)) },
    });
    const authorization = `Basic ${btoa("simulator:simulator-only-postmark-password")}`;
    const request = new Request("https://carillon.test/v1/webhooks/postmark", {
      method: "POST",
      body,
      headers: { authorization },
    });
    const response = await app.fetch(request, { ...env, LEDGER } as unknown as typeof env);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("30");
  });
});

describe("an event about one address of an envelope", () => {
  it("is no evidence of the others when it names an address that is not in there, and stands in the timeline", async () => {
    const { id } = await sent(["alias-1@simulator.test", "alias-2@simulator.test"], {
      envelope: true,
      providers: ["sendgrid"],
    });
    const about = { timestamp: Math.floor(Date.now() / 1000), carillon_message_id: id };
    const bounce = (email: string): object => ({ ...about, event: "bounce", email, sg_event_id: email });
    await postSendGrid([bounce("forwarded@elsewhere.example")]);
    expect((await message(id)).timeline.at(-1)).toMatchObject({ kind: "event", type: "bounced" });
    await postSendGrid([bounce("alias-2@simulator.test")]);
    // Nobody has said that the first one bounced.
    expect(await statusOf(id)).toBe("sent");
    await postSendGrid([bounce("alias-1@simulator.test")]);
    expect(await statusOf(id)).toBe("bounced");
  });
});

describe("suppression", () => {
  it("is of the address that bounced, never of the others in its envelope", async () => {
    const to = ["envelope-1@simulator.test", "envelope-2@simulator.test"];
    const { id } = await sent(to, { envelope: true, providers: ["sendgrid"] });
    const about = { timestamp: Math.floor(Date.now() / 1000), carillon_message_id: id };
    await postSendGrid([
      { ...about, event: "bounce", email: "Envelope-2@simulator.test", sg_event_id: "e2" },
      { ...about, event: "delivered", email: "envelope-1@simulator.test", sg_event_id: "e1" },
    ]);
    await expect.poll(suppressed).toContain("envelope-2@simulator.test");
    expect(await suppressed()).not.toContain("envelope-1@simulator.test");
    expect(await statusOf(id)).toBe("delivered");
    // The next envelope goes to the other one alone.
    const next = await sent(to, { envelope: true });
    expect(next.timeline.at(-1)).toMatchObject({ outcome: "accepted", leftOut: ["e***@simulator.test"] });
    const none = await accept(email(to.slice(1), { envelope: true }));
    await expect.poll(() => statusOf(none.messages[0]!.id)).toBe("suppressed");
  });

  it("is not guessed when the event does not say which of several addresses it is about", async () => {
    const to = ["which-1@simulator.test", "which-2@simulator.test"];
    const { id } = await sent(to, { envelope: true });
    await postResend({
      type: "email.bounced",
      id: "which",
      messageId: id,
      to: "somebody@else.example",
      bounce: permanent,
    });
    await runAlarms();
    expect((await suppressed()).filter((key) => key.startsWith("which"))).toEqual([]);
  });

  it("that was removed stays removed when its old webhook comes again, and returns with a new one", async () => {
    const { id } = await sent("removed@simulator.test");
    const bounced = {
      type: "email.bounced",
      id: "removed-1",
      messageId: id,
      to: "removed@simulator.test",
      bounce: permanent,
    };
    const drained = (): Promise<unknown> =>
      expect.poll(() => inShard(placeOf(id).shard, (sql) => sql.exec("SELECT id FROM outbox").toArray())).toEqual([]);
    await postResend({ ...bounced, at: new Date(Date.now() - 1_000) });
    await expect.poll(suppressed).toContain("removed@simulator.test");
    await drained();
    const removed = await call("DELETE", "/v1/suppressions", {
      body: { channel: "email", address: "removed@simulator.test" },
    });
    expect(removed.status).toBe(204);
    await postResend({ ...bounced, at: new Date(Date.now() - 1_000) });
    await drained();
    expect(await suppressed()).not.toContain("removed@simulator.test");
    await postResend({ ...bounced, id: "removed-2", at: new Date(Date.now() + 1_000) });
    await expect.poll(suppressed).toContain("removed@simulator.test");
  });
});

describe("any history of events", () => {
  const addresses = ["p1@simulator.test", "p2@simulator.test"];
  const attempts = [
    { provider: "resend", id: "email-r" },
    { provider: "postmark", id: "email-p" },
  ];
  const startedAt = Date.UTC(2026, 10, 1);

  const history = fc
    .uniqueArray(
      fc.record({
        type: fc.constantFrom<EventType>(...eventTypes),
        attempt: fc.nat(1),
        address: fc.nat(1),
        at: fc.integer({ min: startedAt - 1_000, max: startedAt + 1_000_000 }),
      }),
      { minLength: 1, maxLength: 8, selector: ({ at }) => at },
    )
    .chain((events) =>
      fc.record({
        events: fc.constant(events),
        // Any order, any repetition, in webhooks of any size, some before the attempts are recorded.
        order: fc.array(fc.nat(events.length - 1), { maxLength: 12 }).map((more) => [...more, ...events.keys()]),
        shuffled: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 }),
        perWebhook: fc.integer({ min: 1, max: 5 }),
        early: fc.nat(3),
      }),
    );

  it("in any order, with any repetition, ends in the status, milestones and suppressions of the joins", async () => {
    await inShard(0, async (sql, _, ledger) => {
      await fc.assert(
        fc.asyncProperty(history, async ({ events, order, shuffled, perWebhook, early }) => {
          const stem = newStem(new Date());
          const uuid = uuidAt(stem, 1);
          sql.exec("DELETE FROM outbox");
          await ledger.accept({
            now: Date.now(),
            idempotency: undefined,
            notifications: [
              {
                stem,
                channel: "email",
                priority: 1,
                sendAt: Date.now() + 3_600_000,
                providers: undefined,
                content: "{}",
                messages: [{ recipient: addresses, addresses: addresses.map((key) => ({ key, label: key })) }],
              },
            ],
          });
          const incoming = events.map(({ type, attempt, address, at }): IncomingEvent => ({
            uuid,
            id: `${stem}-${at}`,
            provider: attempts[attempt]!.provider,
            type,
            occurredAt: at,
            providerMessageId: attempts[attempt]!.id,
            addressKey: addresses[address],
            providerType: type,
            reason: undefined,
            code: undefined,
            raw: null,
          }));
          const mixed = order
            .map((index, place) => ({ event: incoming[index]!, key: shuffled[place]! }))
            .sort((a, b) => a.key - b.key)
            .map(({ event }) => event);
          for (let start = 0, webhook = 0; start < mixed.length; start += perWebhook, webhook++) {
            if (webhook === Math.min(early, 1)) {
              for (const { provider, id } of attempts) await ledger.record(acceptance(uuid, provider, id, startedAt));
            }
            await ledger.ingest(mixed.slice(start, start + perWebhook), Date.now());
          }
          const recorded = sql.exec("SELECT 1 FROM timeline WHERE message = ? AND kind = 'attempt'", uuid).toArray();
          if (recorded.length === 0) {
            for (const { provider, id } of attempts) await ledger.record(acceptance(uuid, provider, id, startedAt));
          }

          const found = ledger.readMessage(uuid)!;
          const evidence = attempts.flatMap((_one, attempt) =>
            addresses.map((_address, address) =>
              events
                .filter((event) => event.attempt === attempt && event.address === address)
                .map(({ type }) => evidenceOf(type))
                .reduce<Evidence | undefined>((joined, next) => joinEvidence(joined, next), "sent"),
            ),
          );
          const milestones: Record<string, number> = { sent: startedAt };
          for (const { type, at } of events) {
            const reached = evidenceOf(type);
            if (reached !== undefined && reached !== "sent")
              milestones[reached] = Math.min(milestones[reached] ?? at, at);
          }
          const addressesOf = (...types: readonly EventType[]): Set<string> =>
            new Set(events.filter(({ type }) => types.includes(type)).map(({ address }) => addresses[address]!));
          const keysOf = (where: string): Set<string> =>
            new Set(
              sql
                .exec<{ key: string }>(`SELECT DISTINCT payload ->> 'addressKey' AS key FROM outbox WHERE ${where}`)
                .toArray()
                .map(({ key }) => key),
            );
          const gone = addressesOf("bounced", "complained");
          const received = addressesOf("delivered", "opened", "clicked");
          const soft = [...addressesOf("soft_bounced")].filter((key) => !gone.has(key));
          expect(found.status).toBe(joinStatus(evidence.filter((one) => one !== undefined)));
          expect(found.milestones).toEqual(milestones);
          const listed = addressesOf("suppressed");
          expect(keysOf("payload ->> 'kind' = 'suppress'")).toEqual(new Set([...gone, ...listed]));
          expect(keysOf("payload ->> 'kind' = 'opt-out'")).toEqual(addressesOf("unsubscribed"));
          const counted = keysOf("payload ->> 'kind' = 'soft-bounce'");
          const withdrawn = keysOf("payload ->> 'kind' = 'soft-bounce' AND payload ->> 'withdrawn'");
          for (const key of soft) expect([counted.has(key), withdrawn.has(key)]).toEqual([true, received.has(key)]);
          expect(found.timeline.filter(({ kind }) => kind === "event")).toHaveLength(events.length);
        }),
        { numRuns: 150 },
      );
    });
  });
});
