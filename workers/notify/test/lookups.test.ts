import { describe, expect, it } from "vitest";
import { addressOf } from "../src/accept/address.ts";
import { startDueSteps } from "../src/ledger/escalations.ts";
import { lookupLeaseMs, takeLookups } from "../src/ledger/lookups.ts";
import type { LookupJob } from "../src/ledger/lookups.ts";
import { lookUp } from "../src/recipients/look-up.ts";
import { allShards } from "../src/ledger/shards.ts";
import { countingEnv, meter } from "./meter.ts";
import { fieldsOf, newRecipient, newRecipientId } from "./recipients.ts";
import { accept, call, email, env, message, received, until, untilStatus } from "./service.ts";
import type { AcceptedBody, MessageBody } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";

let count = 0;
const newEmail = (fate = "delivered"): string => `${fate}+lookup${(count += 1)}@simulator.test`;
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** Devices of somebody, straight into the directory: the last one was seen last. */
async function giveDevices(recipient: string, howMany: number): Promise<void> {
  const devices = await Promise.all(
    Array.from({ length: howMany }, async (_, index) => {
      const address = { token: `delivered-${recipient}-${index}` };
      const { key, label } = (await addressOf("fcm", address))!;
      return { id: `dev_${recipient}_${index}`, address, key, label, seenAt: index };
    }),
  );
  await env.DB.prepare(
    `INSERT INTO device (id, channel, address_key, recipient, address, label, created_at, seen_at)
     SELECT value ->> 'id', 'fcm', value ->> 'key', ?2, value -> 'address', value ->> 'label', 0, value ->> 'seenAt'
     FROM json_each(?1)`,
  )
    .bind(JSON.stringify(devices), recipient)
    .run();
}

const push = (to: unknown, more: object = {}): object => ({ channel: "fcm", to, content: { title: "Hello" }, ...more });

interface NotificationBody {
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly messages: readonly { readonly id: string; readonly recipient?: string; readonly to: readonly string[] }[];
}

async function notification(id: string): Promise<NotificationBody> {
  return (await call("GET", `/v1/notifications/${id}`)).json();
}

function entries(found: MessageBody, rule: string): readonly Readonly<Record<string, unknown>>[] {
  return found.timeline.filter((entry) => entry["rule"] === rule);
}

/** Makes the lookups of a notification due, and hands them out without anybody looking. */
async function taken(accepted: AcceptedBody, now = Date.now()): Promise<readonly LookupJob[]> {
  const { shard } = placeOf(accepted.id);
  return inShard(shard, (sql, storage) =>
    storage.transactionSync(() => {
      for (const { id } of accepted.messages) {
        sql.exec("UPDATE lookup SET due_at = ? WHERE message = ? AND due_at IS NOT NULL", now - 1, placeOf(id).uuid);
      }
      sql.exec("UPDATE lookup_job SET at = ?", now - 1);
      return takeLookups(sql, shard, now);
    }),
  );
}

describe("a message to a recipient", () => {
  it("goes to the preferred address that they have when it is due", async () => {
    const [first, second] = [newEmail(), newEmail()];
    const id = await newRecipient({ addresses: { email: [first, newEmail()] } });
    const accepted = await accept(email({ recipient: id }, { sendAt: inAnHour() }));
    expect(accepted.messages).toEqual([{ id: expect.any(String) as string, recipient: id, to: [] }]);
    const waiting = await message(accepted.messages[0]!.id);
    expect(waiting).toMatchObject({ status: "scheduled", recipient: id, to: [] });
    expect(waiting.nextTryAt).toBeDefined();
    await call("PUT", `/v1/recipients/${id}`, { body: { addresses: { email: [second, first] } } });
    await call("POST", `/v1/notifications/${accepted.id}/reschedule`, { body: { delay: "0s" } });
    const sent = await untilStatus(accepted.messages[0]!.id, "delivered");
    expect(sent).toMatchObject({ recipient: id, to: ["d***@simulator.test"] });
    expect(entries(sent, "recipient")).toMatchObject([{ then: "queued", addresses: 1 }]);
    expect(received(sent.id)).toBe(1);
  });

  it("goes to each of their devices: the message to the last seen, one beside it to each other", async () => {
    const id = await newRecipient();
    await giveDevices(id, 3);
    const accepted = await accept(push({ recipient: id }));
    expect(accepted.messages).toHaveLength(1);
    await untilStatus(accepted.messages[0]!.id, "sent");
    const { messages } = await notification(accepted.id);
    expect(messages).toHaveLength(3);
    for (const one of messages) {
      expect(one.recipient).toBe(id);
      expect((await untilStatus(one.id, "sent")).to).toHaveLength(1);
      expect(received(one.id)).toBe(1);
    }
    const { label } = (await addressOf("fcm", { token: `delivered-${id}-2` }))!;
    expect(messages[0]?.to).toEqual([label]);
    expect(new Set(messages.flatMap(({ to }) => to)).size).toBe(3);
  });

  it("stands in lists, beside addresses and once", async () => {
    const to = newEmail();
    const [a, b] = [await newRecipient({ addresses: { email: newEmail() } }), await newRecipient()];
    const accepted = await accept(email([{ recipient: a }, to, { recipient: b }, { recipient: a }]));
    expect(accepted.messages.map(({ to: labels }) => labels.length)).toEqual([0, 1, 0]);
    await untilStatus(accepted.messages[0]!.id, "delivered");
    await untilStatus(accepted.messages[1]!.id, "delivered");
    await untilStatus(accepted.messages[2]!.id, "failed");
  });

  it("is not sent where they do not want it, and says so", async () => {
    const id = await newRecipient({ addresses: { email: newEmail() } });
    await call("PUT", `/v1/recipients/${id}/preferences`, { body: { preferences: { marketing: { wanted: false } } } });
    const [news] = (await accept(email({ recipient: id }, { category: "marketing" }))).messages;
    const [receipt] = (await accept(email({ recipient: id }))).messages;
    const kept = await untilStatus(news!.id, "suppressed");
    expect(entries(kept, "preference")).toMatchObject([{ reason: "preference", category: "marketing" }]);
    expect(received(news!.id)).toBe(0);
    await untilStatus(receipt!.id, "delivered");
  });

  it("may be accepted before there is the recipient", async () => {
    const id = newRecipientId();
    const accepted = await accept(email({ recipient: id }, { sendAt: inAnHour() }));
    await newRecipient({ addresses: { email: newEmail() } }, id);
    await call("POST", `/v1/messages/${accepted.messages[0]!.id}/reschedule`, { body: { delay: "0s" } });
    await untilStatus(accepted.messages[0]!.id, "delivered");
  });

  it.each<[string, () => Promise<string>, string]>([
    ["that there is not", () => Promise.resolve(newRecipientId()), "unknown-recipient"],
    ["without an address on the channel", () => newRecipient({ addresses: { sms: "+15005550006" } }), "no-address"],
    [
      "that is being erased",
      async () => {
        const id = newRecipientId();
        const row = env.DB.prepare("INSERT INTO erasure (id, recipient, requested_at) VALUES (?1, ?2, 0)");
        await row.bind(`era_${id}`, id).run();
        return id;
      },
      "being-erased",
    ],
  ])("fails when it is due for one %s, as a dead letter that can be replayed", async (_, make, reason) => {
    const id = await make();
    const [one] = (await accept(email({ recipient: id }))).messages;
    const failed = await untilStatus(one!.id, "failed");
    expect(entries(failed, "recipient")).toMatchObject([{ reason, then: "failed" }]);
    const letters = await (await call("GET", `/v1/dead-letters?reason=${reason}&limit=200`)).text();
    expect(letters).toContain(one!.id);
    if (reason !== "unknown-recipient") return;
    await newRecipient({ addresses: { email: newEmail() } }, id);
    const replayed = await call("POST", `/v1/messages/${one!.id}/replay`);
    const again = await untilStatus((await replayed.json<{ id: string }>()).id, "delivered");
    expect(again).toMatchObject({ recipient: id });
  });

  it("can be cancelled while somebody looks, and what they find changes nothing", async () => {
    const id = await newRecipient();
    await giveDevices(id, 2);
    const accepted = await accept(push({ recipient: id }, { sendAt: inAnHour() }));
    const [job] = await taken(accepted);
    expect((await call("POST", `/v1/notifications/${accepted.id}/cancel`)).status).toBe(200);
    await lookUp(env, job!);
    expect(await notification(accepted.id)).toMatchObject({ count: 1, byStatus: { canceled: 1 } });
    const { shard, uuid } = placeOf(accepted.messages[0]!.id);
    const left = await inShard(shard, (sql) => sql.exec("SELECT * FROM lookup WHERE message = ?", uuid).toArray());
    expect(left).toEqual([]);
  });

  it("expires without being looked up", async () => {
    const id = await newRecipient({ addresses: { email: newEmail() } });
    const accepted = await accept(email({ recipient: id }, { sendAt: inAnHour(), ttl: "1m" }));
    expect(await taken(accepted, Date.now() + 3_700_000)).toEqual([]);
    await until(accepted.messages[0]!.id, ({ status }) => status === "expired");
  });

  it("is refused with an envelope, a wrong id, or an address beside the id", async () => {
    const post = (body: object): Promise<Response> => call("POST", "/v1/notifications", { body });
    expect(await fieldsOf(await post(email([{ recipient: "a" }], { envelope: true })))).toEqual(["envelope"]);
    expect(await fieldsOf(await post(email({ recipient: "../a" })))).toEqual(["to.recipient"]);
    expect(await fieldsOf(await post(email([newEmail(), { recipient: 5 }])))).toEqual(["to.1.recipient"]);
    expect(await fieldsOf(await post(email({ recipient: "a", email: newEmail() })))).toEqual(["to"]);
    expect(await fieldsOf(await post(email({ recipient: "a" }, {}, { subject: "" })))).toEqual(["content.subject"]);
  });

  it("is the same for the same key", async () => {
    const id = await newRecipient({ addresses: { email: newEmail() } });
    const body = email({ recipient: id }, { sendAt: inAnHour() });
    const key = { "idempotency-key": crypto.randomUUID() };
    const [first, second] = [await accept(body, key), await accept(body, key)];
    expect(second.id).toBe(first.id);
    expect(second.messages).toEqual(first.messages);
  });
});

describe("whoever looks up", () => {
  it("and dies is replaced when the lease ends, and what they say later changes nothing", async () => {
    const id = await newRecipient();
    await giveDevices(id, 3);
    const accepted = await accept(push({ recipient: id }, { sendAt: inAnHour() }));
    const [dead] = await taken(accepted);
    // Under the lease nobody else looks.
    const { shard } = placeOf(accepted.id);
    expect(await inShard(shard, (sql) => takeLookups(sql, shard, Date.now() + lookupLeaseMs - 5_000))).toEqual([]);
    const [next] = await taken(accepted);
    expect(next?.token).not.toBe(dead?.token);
    await lookUp(env, dead!);
    expect((await notification(accepted.id)).count).toBe(1);
    await lookUp(env, next!);
    expect((await notification(accepted.id)).count).toBe(3);
    // Twice the same answer, and the late one once more.
    await lookUp(env, next!);
    await lookUp(env, dead!);
    expect((await notification(accepted.id)).count).toBe(3);
  });

  it("and dies does not bring forward what was moved meanwhile", async () => {
    const accepted = await accept(email({ recipient: newRecipientId() }, { sendAt: inAnHour() }));
    const [job] = await taken(accepted);
    expect(job?.members).toHaveLength(1);
    await call("POST", `/v1/notifications/${accepted.id}/reschedule`, { body: { sendAt: inAnHour() } });
    const { shard } = placeOf(accepted.id);
    const again = await inShard(shard, (sql, storage) =>
      // As an alarm does that may not send: a call of the queue is on its way.
      storage.transactionSync(() => takeLookups(sql, shard, Date.now() + lookupLeaseMs, false)),
    );
    expect(again).toEqual([]);
  });

  it("looks for one alone that two have died of, and gives up after five", async () => {
    const [a, b] = [await newRecipient(), await newRecipient()];
    const accepted = await accept(push([{ recipient: a }, { recipient: b }], { sendAt: inAnHour() }));
    const sizes: number[][] = [];
    for (let turn = 0; turn < 5; turn++) sizes.push((await taken(accepted)).map(({ members }) => members.length));
    expect(sizes).toEqual([[2], [2], [1, 1], [1, 1], [1, 1]]);
    expect(await taken(accepted)).toEqual([]);
    for (const { id } of accepted.messages) {
      const failed = await message(id);
      expect(failed.status).toBe("failed");
      expect(entries(failed, "dead-letter")).toHaveLength(1);
    }
  });

  it("waits while the directory cannot be read, which is counted against nobody", async () => {
    const id = await newRecipient({ addresses: { email: newEmail() } });
    const accepted = await accept(email({ recipient: id }, { sendAt: inAnHour() }));
    const DB = { batch: () => Promise.reject(new Error("down")), prepare: () => ({ bind: () => ({}) }) };
    for (let turn = 0; turn < 6; turn++) {
      const [job] = await taken(accepted);
      await lookUp({ ...env, DB } as never, job!);
    }
    const [job] = await taken(accepted);
    await lookUp(env, job!);
    await untilStatus(accepted.messages[0]!.id, "delivered");
  });

  it("asks the directory once and the shard once, however many they are, in a fixed number of statements", async () => {
    for (const shard of allShards(env)) await inShard(shard, () => undefined);
    const statements: number[] = [];
    for (const howMany of [2, 60]) {
      const ids: string[] = [];
      for (let index = 0; index < howMany; index++) ids.push(await newRecipient());
      for (const id of ids) await giveDevices(id, 3);
      const accepted = await accept(
        push(
          ids.map((recipient) => ({ recipient })),
          { sendAt: inAnHour() },
        ),
      );
      const [job, ...others] = await taken(accepted);
      expect([job?.members.length, others]).toEqual([howMany, []]);
      const counting = countingEnv(env);
      const counted = await meter();
      await lookUp(counting.env, job!);
      // One batch of prepared statements is one request.
      expect(counting.counts).toMatchObject({ rpc: 1, d1: 6 });
      statements.push(counted.statements);
      expect(counted.mostParameters).toBeLessThanOrEqual(100);
      expect(counted.largestValue).toBeLessThan(2_000_000);
      expect((await notification(accepted.id)).count).toBe(3 * howMany);
    }
    expect(statements[1]).toBe(statements[0]);
  });

  it("leaves those for another turn whose devices are more than one answer has room for", async () => {
    const ids = [await newRecipient(), await newRecipient(), await newRecipient()].sort();
    for (const id of ids) await giveDevices(id, 900);
    const accepted = await accept(
      push(
        ids.map((recipient) => ({ recipient })),
        { sendAt: inAnHour() },
      ),
    );
    const [job] = await taken(accepted);
    await lookUp(env, job!);
    expect((await notification(accepted.id)).count).toBe(2 * 900 + 1);
  });
});

describe("a route to a recipient", () => {
  const content = { email: { from: "app@example.org", subject: "Hello", text: "Hello" }, sms: { text: "Hello" } };
  const route = [{ channel: "email" }, { channel: "sms", after: "1h", unless: "delivered" }];
  const to = async (addresses: object): Promise<string> => newRecipient({ addresses });

  interface Walked extends AcceptedBody {
    readonly messages: readonly { id: string; channel: string; recipient: string; to: string[]; status: string }[];
  }
  const walked = async (id: string): Promise<Walked> => (await call("GET", `/v1/notifications/${id}`)).json();

  /** Waits until a notification has a message on a channel. */
  async function messageOn(id: string, channel: string): Promise<Walked["messages"][number]> {
    await expect.poll(async () => (await walked(id)).messages.some((one) => one.channel === channel)).toBe(true);
    return (await walked(id)).messages.find((one) => one.channel === channel)!;
  }

  it("begins where they are reached, and has their other addresses for the later steps", async () => {
    const id = await to({ email: [newEmail("bounced"), newEmail()], sms: "+15005550010" });
    const accepted = await accept({ to: { recipient: id }, content, route });
    expect(accepted.messages).toMatchObject([{ channel: "email", recipient: id, to: [] }]);
    await untilStatus(accepted.messages[0]!.id, "bounced");
    const text = await messageOn(accepted.id, "sms");
    expect(text).toMatchObject({ recipient: id, to: ["+15***10"] });
    await untilStatus(text.id, "delivered");
  });

  it("passes over a step for which they have no address, or which they do not want", async () => {
    const texts = await to({ sms: "+15005550010" });
    const mails = await to({ sms: "+15005550010", email: newEmail() });
    const preferences = { marketing: { channels: { email: false } } };
    await call("PUT", `/v1/recipients/${mails}/preferences`, { body: { preferences } });
    const content2 = { ...content, email: { ...content.email } };
    for (const [recipient, status] of [
      [texts, "failed"],
      [mails, "suppressed"],
    ] as const) {
      const accepted = await accept({ to: { recipient }, content: content2, route, category: "marketing" });
      await untilStatus(accepted.messages[0]!.id, status);
      await untilStatus((await messageOn(accepted.id, "sms")).id, "delivered");
    }
  });

  it("ends with the first step for somebody that there is not", async () => {
    const accepted = await accept({ to: [{ recipient: newRecipientId() }], content, route });
    const failed = await untilStatus(accepted.messages[0]!.id, "failed");
    expect(entries(failed, "recipient")).toMatchObject([{ reason: "unknown-recipient" }]);
    expect((await walked(accepted.id)).messages).toHaveLength(1);
  });

  it("takes no step by time before they are looked up", async () => {
    const id = await to({ sms: "+15005550010", email: newEmail() });
    const soon = [{ channel: "email" }, { channel: "sms", after: "1s" }];
    const accepted = await accept({ to: { recipient: id }, content, route: soon, sendAt: inAnHour() });
    const { shard } = placeOf(accepted.id);
    await inShard(shard, (sql) => startDueSteps(sql, Date.now() + 7_200_000));
    expect((await walked(accepted.id)).messages).toHaveLength(1);
    await call("POST", `/v1/notifications/${accepted.id}/reschedule`, { body: { delay: "0s" } });
    await untilStatus((await messageOn(accepted.id, "sms")).id, "delivered");
    await untilStatus(accepted.messages[0]!.id, "delivered");
  });

  it("is refused by the field with an id that is none", async () => {
    const body = { to: [{ recipient: "a" }, { recipient: "/" }], content, route };
    expect(await fieldsOf(await call("POST", "/v1/notifications", { body }))).toEqual(["to.1.recipient"]);
  });
});
