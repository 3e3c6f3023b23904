import { describe, expect, it } from "vitest";
import { deliverChunk } from "../src/deliver/deliver.ts";
import { accept, call, email, env, message, received, runAlarms, untilStatus } from "./service.ts";
import type { AcceptedBody, MessageBody } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { addresses, attempt, claimed, die, kinds, only, told, waiting } from "./steps.ts";

const hour = 3_600_000;
const day = 24 * hour;
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const one = (): string => addresses(1)[0]!;

interface Whole extends AcceptedBody {
  readonly sendAt: string;
  readonly expiresAt?: string;
  readonly notices?: readonly { readonly field: string; readonly detail: string }[];
}

async function accepted(more: Readonly<Record<string, unknown>>): Promise<Whole> {
  return (await accept(email(one(), more))) as Whole;
}

async function refused(more: Readonly<Record<string, unknown>>): Promise<unknown> {
  const response = await call("POST", "/v1/notifications", { body: email(one(), more) });
  expect(response.status).toBe(422);
  return (await response.json<{ errors: unknown }>()).errors;
}

/** Members that the tests look at: of a problem, or of an answer. */
interface Answer {
  readonly type?: string;
  readonly message?: { readonly id: string; readonly status: string };
  readonly errors?: readonly { readonly field: string; readonly detail: string }[];
  readonly sendAt?: string;
}

async function post(path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const response = await call("POST", path, { body });
  return { status: response.status, body: await response.json() };
}

const cancel = (id: string): ReturnType<typeof post> => post(`${pathOf(id)}/cancel`);
const move = (id: string, body: object): ReturnType<typeof post> => post(`${pathOf(id)}/reschedule`, body);

function pathOf(id: string): string {
  return `/v1/${id.startsWith("ntf") ? "notifications" : "messages"}/${id}`;
}

/** The clock cannot be moved, so what a shard keeps is moved into the past. */
function expired(id: string): Promise<void> {
  const { shard, uuid } = placeOf(id);
  return inShard(
    shard,
    (sql) =>
      void sql.exec(
        "UPDATE notification SET expires_at = ? WHERE uuid = ?",
        Date.now() - 1,
        `${uuid.slice(0, 24)}00000000`,
      ),
  );
}

const lastRule = ({ timeline }: MessageBody): unknown => timeline.at(-1)?.["rule"];

describe("when a message is due", () => {
  it("is after a delay", async () => {
    const { sendAt, acceptedAt, messages } = await accepted({ delay: "10m" });
    expect(Date.parse(sendAt) - Date.parse(acceptedAt)).toBe(600_000);
    expect(await message(messages[0]!.id)).toMatchObject({ status: "scheduled", nextTryAt: sendAt });
  });

  it("is now where the moment has just passed, and the answer says so", async () => {
    const { sendAt, acceptedAt, notices, messages } = await accepted({ sendAt: at(-30_000) });
    expect(sendAt).toBe(acceptedAt);
    expect(notices).toEqual([
      { field: "sendAt", detail: expect.stringMatching(/^was 3[01] s in the past: sent now$/) as string },
    ]);
    await untilStatus(messages[0]!.id, "delivered");
  });

  it("says nothing where nothing was changed", async () => {
    expect(await accepted({ sendAt: at(hour) })).not.toHaveProperty("notices");
  });

  it.each([
    ["both a moment and a delay", { sendAt: at(hour), delay: "1h" }, "delay", "expected `delay` or `sendAt`, not both"],
    [
      "a moment long past",
      { sendAt: at(-61_000) },
      "sendAt",
      "expected a time in the future; at most a minute ago means now",
    ],
    ["one that is too far", { sendAt: at(366 * day + hour) }, "sendAt", "expected a time within 366 days"],
    ["a delay that is too long", { delay: "367d" }, "delay", "expected at most 366 days"],
    ["a delay without a unit", { delay: "10" }, "delay", 'expected a duration: "90s", "10m", "1h", "7d"'],
    ["a delay as a number", { delay: 10 }, "delay", 'expected a duration: "90s", "10m", "1h", "7d"'],
    [
      "an expiry before it is due",
      { delay: "2h", expiresAt: at(hour) },
      "expiresAt",
      "expected a time after the message is due",
    ],
    ["an expiry in the past", { expiresAt: at(-1) }, "expiresAt", "expected a time in the future"],
    [
      "both an expiry and a time to live",
      { expiresAt: at(hour), ttl: "1h" },
      "ttl",
      "expected `ttl` or `expiresAt`, not both",
    ],
    ["no time to live at all", { ttl: "0s" }, "ttl", "expected more than zero: nothing could be sent in that time"],
  ])("is refused: %s", async (_, more, field, detail) => {
    expect(await refused(more)).toEqual([{ field, detail }]);
  });
});

describe("a message that expires", () => {
  it("lives from its due moment on", async () => {
    const { sendAt, expiresAt, id, messages } = await accepted({ delay: "1h", ttl: "5m" });
    expect(Date.parse(expiresAt!) - Date.parse(sendAt)).toBe(300_000);
    expect(await (await call("GET", `/v1/notifications/${id}`)).json()).toMatchObject({ expiresAt });
    expect(await message(messages[0]!.id)).toMatchObject({ expiresAt });
  });

  it("is sent like any other before", async () => {
    const { messages } = await accepted({ ttl: "5m" });
    await untilStatus(messages[0]!.id, "delivered");
  });

  it("is not claimed any more, and says why", async () => {
    const { shard, ids } = await waiting(one(), { ttl: "1h" });
    await expired(ids[0]!);
    expect(await claimed(shard)).toEqual([]);
    const found = await message(ids[0]!);
    expect(found).toMatchObject({ status: "expired", tries: 0 });
    expect(found.timeline).toMatchObject([{ kind: "decision", rule: "expiry", then: "expired" }]);
    expect(found.nextTryAt).toBeUndefined();
  });

  it("between claim and send is not sent", async () => {
    const { ids } = await waiting([one(), one()], { ttl: "1h", providers: ["resend"] });
    const job = only(await claimed(placeOf(ids[0]!).shard));
    const contents = new Map(
      Array.from(job.contents, ([stem, content]) => [stem, { ...content, expiresAt: Date.now() }]),
    );
    await deliverChunk(env, { ...job, contents });
    for (const id of ids) {
      expect(received(id)).toBe(0);
      expect(await message(id)).toMatchObject({ status: "expired", tries: 0 });
    }
  });

  it("ends at its moment though its next try would be later", async () => {
    const { shard, uuids, ids } = await waiting(one(), { ttl: "5m", providers: ["resend"] });
    const job = only(await claimed(shard));
    await told(job, [attempt(uuids[0]!, { outcome: "failed", kind: "rate-limited", retryAfterMs: 3 * hour })]);
    const { nextTryAt, expiresAt } = (await message(ids[0]!)) as MessageBody & { expiresAt: string };
    // Its due moment is an hour ahead for the service; the next look at it is when it expires.
    expect(nextTryAt).toBe(expiresAt);
  });

  it("that may have been sent says that, and later evidence still counts", async () => {
    const { shard, uuids, ids } = await waiting(one(), { ttl: "1h", providers: ["resend"] });
    only(await claimed(shard));
    await die(shard);
    await expired(ids[0]!);
    expect(await claimed(shard)).toEqual([]);
    const found = await message(ids[0]!);
    expect(found.status).toBe("expired");
    expect(found.timeline.at(-1)).toMatchObject({ rule: "expiry", mayHaveBeenSent: true });
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest(
        [
          {
            uuid: uuids[0]!,
            id: "late",
            provider: "resend",
            type: "delivered",
            occurredAt: Date.now(),
            providerMessageId: "x",
            addressKey: undefined,
            providerType: "email.delivered",
            reason: undefined,
            code: undefined,
            raw: null,
          },
        ],
        Date.now(),
      ),
    );
    expect((await message(ids[0]!)).status).toBe("delivered");
  });
});

describe("cancel", () => {
  it("calls a scheduled message back: it is never sent", async () => {
    const { messages } = await accepted({ sendAt: at(800) });
    const { id } = messages[0]!;
    expect(await cancel(id)).toEqual({ status: 200, body: { id, status: "canceled" } });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await runAlarms();
    const found = await message(id);
    expect(found).toMatchObject({ status: "canceled", tries: 0 });
    expect(found.timeline).toMatchObject([{ kind: "decision", rule: "cancel", then: "canceled" }]);
    expect(received(id)).toBe(0);
  });

  it("twice is once", async () => {
    const { messages } = await accepted({ delay: "1h" });
    const { id } = messages[0]!;
    await cancel(id);
    expect(await cancel(id)).toEqual({ status: 200, body: { id, status: "canceled" } });
    expect((await message(id)).timeline).toHaveLength(1);
  });

  it("works while a message waits for its next try, if none may have arrived", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    const refusal = attempt(uuids[0]!, { outcome: "failed", kind: "rate-limited", retryAfterMs: hour });
    await told(only(await claimed(shard)), [refusal]);
    expect((await cancel(ids[0]!)).status).toBe(200);
    expect(await message(ids[0]!)).toMatchObject({ status: "canceled", tries: 1 });
  });

  it("is too late for a message that is claimed", async () => {
    const { shard, ids } = await waiting(one());
    const job = only(await claimed(shard));
    const { status, body } = await cancel(ids[0]!);
    expect(status).toBe(409);
    expect(body).toMatchObject({
      type: "/problems/may-have-been-sent",
      message: { id: ids[0], status: "queued" },
    });
    await deliverChunk(env, job);
    expect(received(ids[0]!)).toBe(1);
  });

  it("at the very moment that they are due stops some, and none of those is sent", async () => {
    const made = await Promise.all(
      Array.from({ length: 24 }, (_, index) => accepted({ sendAt: at(250 + index * 5), providers: ["postmark"] })),
    );
    const ids = made.map(({ messages }) => messages[0]!.id);
    await new Promise((resolve) => setTimeout(resolve, 280));
    const answers = await Promise.all(ids.map(cancel));
    for (const [index, id] of ids.entries()) {
      const { status } = answers[index]!;
      if (status === 409) await untilStatus(id, "delivered");
      else expect(status).toBe(200);
    }
    await runAlarms();
    for (const [index, id] of ids.entries()) {
      const isCanceled = answers[index]!.status === 200;
      expect(received(id)).toBe(isCanceled ? 0 : 1);
      expect((await message(id)).status).toBe(isCanceled ? "canceled" : "delivered");
    }
  });

  it("is too late for one whose outcome is unknown", async () => {
    const { shard, ids } = await waiting(one(), { providers: ["resend"] });
    only(await claimed(shard));
    await die(shard);
    expect(await cancel(ids[0]!)).toMatchObject({ status: 409, body: { type: "/problems/may-have-been-sent" } });
  });

  it("is too late for one that has its end, and says which", async () => {
    const { messages } = await accepted({});
    await untilStatus(messages[0]!.id, "delivered");
    expect(await cancel(messages[0]!.id)).toMatchObject({
      status: 409,
      body: { type: "/problems/already-finished", message: { status: "delivered" } },
    });
  });

  it("of a notification counts, and leaves alone what is too late", async () => {
    const { shard, uuids, ids } = await waiting([one(), one(), one()], { providers: ["postmark"] });
    const [first] = uuids;
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET due_at = NULL WHERE uuid <> ?", first!));
    const job = only(await claimed(shard));
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE message SET due_at = ? WHERE due_at IS NULL AND chunk IS NULL", Date.now() + hour),
    );
    const notification = `ntf_${ids[0]!.slice(4, 30)}00000000`;
    const answer = await cancel(notification);
    expect(answer).toEqual({
      status: 200,
      body: {
        id: notification,
        canceled: 2,
        tooLate: 1,
        messages: [{ id: ids[0], status: "queued", because: "may-have-been-sent" }],
      },
    });
    expect((await cancel(notification)).body).toMatchObject({ canceled: 2, tooLate: 1 });
    await deliverChunk(env, job);
    const counts = await (await call("GET", `/v1/notifications/${notification}`)).json();
    expect(counts).toMatchObject({ count: 3, byStatus: { canceled: 2, sent: 1 } });
  });

  it("of a notification that is all gone is refused with the counts", async () => {
    const { id, messages } = await accepted({});
    await untilStatus(messages[0]!.id, "delivered");
    expect(await cancel(id)).toMatchObject({
      status: 409,
      body: { type: "/problems/already-finished", canceled: 0, tooLate: 1 },
    });
  });

  it("of what does not exist finds nothing", async () => {
    for (const id of [`msg_00${"0".repeat(32)}`, `ntf_00${"0".repeat(32)}`, "msg_1"]) {
      expect((await cancel(id)).status).toBe(404);
    }
  });

  it("needs the scope to send", async () => {
    const made = await call("POST", "/v1/keys", { body: { name: "reader", scopes: ["read"] } });
    const { key } = await made.json<{ key: string }>();
    const { id } = await accepted({ delay: "1h" });
    for (const action of ["cancel", "reschedule"]) {
      expect((await call("POST", `${pathOf(id)}/${action}`, { key })).status).toBe(403);
    }
  });
});

describe("reschedule", () => {
  it("sends at the new moment, earlier than the old", async () => {
    const { id, messages } = await accepted({ delay: "1h" });
    const { status, body } = await move(id, { sendAt: at(300) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, rescheduled: 1, tooLate: 0 });
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(found.timeline[0]).toMatchObject({ kind: "decision", rule: "reschedule", until: body.sendAt });
    expect(Date.parse(found.milestones["sent"]!)).toBeGreaterThanOrEqual(Date.parse(body.sendAt!));
    expect(await (await call("GET", `/v1/notifications/${id}`)).json()).toMatchObject({ sendAt: body.sendAt });
  });

  it("later than the old is not sent at the old", async () => {
    const { messages } = await accepted({ sendAt: at(600) });
    const { id } = messages[0]!;
    const { body } = await move(id, { delay: "1h" });
    await new Promise((resolve) => setTimeout(resolve, 900));
    await runAlarms();
    expect(await message(id)).toMatchObject({ status: "scheduled", sendAt: body.sendAt, nextTryAt: body.sendAt });
  });

  it("of one message leaves the others", async () => {
    const { messages } = await accept(email([one(), one()], { delay: "1h" }));
    const [moved, other] = messages;
    const before = await message(other!.id);
    await move(moved!.id, { delay: "2h" });
    expect(await message(other!.id)).toEqual(before);
  });

  it.each([
    ["no moment", {}, "sendAt", "expected `sendAt` or `delay`"],
    ["one that is too far", { sendAt: at(366 * day + hour) }, "sendAt", "expected a time within 366 days"],
    [
      "a past one",
      { sendAt: "2020-01-01T00:00:00Z" },
      "sendAt",
      "expected a time in the future; at most a minute ago means now",
    ],
    ["something else", { delay: "1h", priority: "high" }, "priority", "is not a field of this request"],
  ])("is refused with %s", async (_, body, field, detail) => {
    const { id } = await accepted({ delay: "1h" });
    const answer = await move(id, body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field, detail }] } });
  });

  it("past its expiry is refused, unless that moves along", async () => {
    const { id, messages, expiresAt } = await accepted({ delay: "1h", ttl: "10m" });
    const refusal = { field: "sendAt", detail: `expected a time before it expires, ${expiresAt}` };
    expect(await move(id, { delay: "2h" })).toMatchObject({ status: 422, body: { errors: [refusal] } });
    expect(await move(messages[0]!.id, { delay: "2h" })).toMatchObject({ status: 422, body: { errors: [refusal] } });
    expect((await move(id, { delay: "2h", ttl: "10m" })).status).toBe(200);
    const found = (await message(messages[0]!.id)) as MessageBody & { expiresAt: string };
    expect(Date.parse(found.expiresAt) - Date.parse(found.nextTryAt!)).toBe(600_000);
    expect(await move(messages[0]!.id, { delay: "2h", ttl: "10m" })).toMatchObject({
      status: 422,
      body: { errors: [{ field: "ttl", detail: "is not a field of this request" }] },
    });
  });

  it("is too late once a try was made, sent or not", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    const job = only(await claimed(shard));
    expect(await move(ids[0]!, { delay: "1h" })).toMatchObject({ body: { type: "/problems/may-have-been-sent" } });
    await told(job, [attempt(uuids[0]!, { outcome: "failed", kind: "rate-limited", retryAfterMs: hour })]);
    expect(await move(ids[0]!, { delay: "1h" })).toMatchObject({
      status: 409,
      body: { type: "/problems/already-tried" },
    });
    await cancel(ids[0]!);
    expect(await move(ids[0]!, { delay: "1h" })).toMatchObject({
      status: 409,
      body: { type: "/problems/already-finished", message: { status: "canceled" } },
    });
    expect(lastRule(await message(ids[0]!))).toBe("cancel");
  });
});

describe("what comes a second time", () => {
  it("a claim of a claimed message finds nothing", async () => {
    const { shard } = await waiting(addresses(3));
    expect(await claimed(shard)).toHaveLength(1);
    expect(await claimed(shard)).toEqual([]);
  });

  it("a job of a message that has its end is recorded and decides nothing", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    const job = only(await claimed(shard));
    const taken = attempt(uuids[0]!, { outcome: "accepted", kind: undefined, providerMessageId: "1" });
    await told(job, [taken]);
    await told(job, [taken]);
    expect(kinds(await message(ids[0]!))).toEqual(["accepted"]);
    await told(job, [attempt(uuids[0]!, { outcome: "failed", kind: "rejected" })]);
    const found = await message(ids[0]!);
    expect(kinds(found)).toEqual(["accepted", "failed"]);
    expect(found).toMatchObject({ status: "sent", timeline: [{}, { then: { action: "none" } }] });
  });

  it("an alarm changes nothing", async () => {
    const { messages } = await accepted({});
    await untilStatus(messages[0]!.id, "delivered");
    const before = await message(messages[0]!.id);
    await runAlarms();
    await runAlarms();
    expect(await message(messages[0]!.id)).toEqual(before);
    expect(received(messages[0]!.id)).toBe(1);
  });
});
