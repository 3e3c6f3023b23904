import { describe, expect, it, vi } from "vitest";
import { allShards } from "../src/ledger/shards.ts";
import { adminKey, call, email, env } from "./service.ts";
import type { AcceptedBody } from "./service.ts";
import { inShard } from "./shards.ts";

const sendAt = new Date(Date.now() + 3_600_000).toISOString();
const request = (more: object = {}): object => email(["a@simulator.test", "b@simulator.test"], { sendAt, ...more });

const post = (body: unknown, idempotencyKey: string, more: { path?: string; key?: string } = {}): Promise<Response> =>
  call("POST", more.path ?? "/v1/notifications", {
    body,
    key: more.key ?? adminKey,
    headers: { "idempotency-key": idempotencyKey },
  });

async function notifications(): Promise<number> {
  const counts = await Promise.all(
    allShards(env).map((shard) =>
      inShard(shard, (sql) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM notification").one().n),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("an Idempotency-Key", () => {
  it("answers the same request with the same notification, and says so", async () => {
    const first = await post(request(), "order-1");
    const second = await post(request(), "order-1");
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(await second.json()).toEqual(await first.json());
  });

  it("does not mind white space, the order of keys, or what is the default anyway", async () => {
    const { channel, to, content } = request() as Record<string, unknown>;
    const first = await (await post({ channel, to, content, sendAt }, "order-2")).json<AcceptedBody>();
    const spelled = JSON.stringify({ priority: "normal", sendAt, content, to, channel }, undefined, 4);
    const second = await post(spelled, "order-2");
    expect((await second.json<AcceptedBody>()).id).toBe(first.id);
  });

  it.each([
    ["another recipient", request({ to: ["a@simulator.test"] })],
    ["another order of recipients", request({ to: ["b@simulator.test", "a@simulator.test"] })],
    ["another priority", request({ priority: "bulk" })],
    ["another subject", email(["a@simulator.test", "b@simulator.test"], { sendAt }, { subject: "Other" })],
  ])("refuses %s under the same key", async (name, other) => {
    await post(request(), `order-3 ${name}`);
    const before = await notifications();
    const refused = await post(other, `order-3 ${name}`);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ type: "/problems/idempotency-key-reused", status: 409 });
    expect(await notifications()).toBe(before);
  });

  it.each([2, 20])("makes one notification of %i requests at once", async (times) => {
    const before = await notifications();
    const answers = await Promise.all(Array.from({ length: times }, () => post(request(), `at-once-${times}`)));
    const bodies = await Promise.all(answers.map((answer) => answer.json<AcceptedBody>()));
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true")).toHaveLength(times - 1);
    expect(await notifications()).toBe(before + 1);
  });

  it("belongs to the API key that it came with", async () => {
    const made = await call("POST", "/v1/keys", { body: { name: "other", scopes: ["send"] } });
    const { key } = await made.json<{ key: string }>();
    const mine = await (await post(request(), "order-4")).json<AcceptedBody>();
    const theirs = await post(request({ to: "c@simulator.test" }), "order-4", { key });
    expect(theirs.status).toBe(202);
    expect((await theirs.json<AcceptedBody>()).id).not.toBe(mine.id);
  });

  it("holds for a batch, whose notifications come back in their order", async () => {
    const body = { notifications: [request(), request({ to: "c@simulator.test" }), request()] };
    const batch = { path: "/v1/notifications/batch" };
    const first = await (await post(body, "batch-1", batch)).json();
    const second = await post(body, "batch-1", batch);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(await second.json()).toEqual(first);
    expect((await post({ notifications: [request()] }, "batch-1", batch)).status).toBe(409);
  });

  it("answers as before when the due time has passed since", async () => {
    const soon = request({ sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const first = await (await post(soon, "order-5")).json<AcceptedBody>();
    vi.setSystemTime(Date.now() + 7_200_000);
    const second = await post(soon, "order-5");
    const fresh = await post(soon, "order-6");
    vi.useRealTimers();
    expect(second.status).toBe(202);
    expect((await second.json<AcceptedBody>()).id).toBe(first.id);
    expect(fresh.status).toBe(422);
  });

  it("is free again after a week", async () => {
    await post(request(), "order-7");
    vi.setSystemTime(Date.now() + 7 * 86_400_000 + 1_000);
    const { sendAt: _, ...now } = request({ to: "c@simulator.test" }) as Record<string, unknown>;
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const answer = await post({ ...now, sendAt: later }, "order-7");
    vi.useRealTimers();
    expect(answer.status).toBe(202);
  });

  it("is dropped by the sweeps when its time is over, and not before", async () => {
    await post(request(), "order-8");
    const left = async (now: number): Promise<number> => {
      let keys = 0;
      for (const shard of allShards(env)) {
        keys += await inShard(shard, async (sql, _, ledger) => {
          for (let sweep = 0; sweep < 2; sweep++) await ledger.sweep(now);
          return sql.exec<{ n: number }>("SELECT count(*) AS n FROM idempotency").one().n;
        });
      }
      return keys;
    };
    expect(await left(Date.now())).toBeGreaterThan(0);
    expect(await left(Date.now() + 30 * 86_400_000)).toBe(0);
  });

  it.each(["", " ", "a\u00e9", "x".repeat(256)])("is refused when it is %j", async (key) => {
    const refused = await call("POST", "/v1/notifications", { body: request(), headers: { "idempotency-key": key } });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ errors: [{ field: "Idempotency-Key" }] });
  });
});
