import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import type { Env } from "../src/env.ts";
import { accept, call, email, env } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";

interface Health {
  readonly status: string;
  readonly directory: string;
  readonly providers: readonly object[];
  readonly shards: readonly Record<string, unknown>[];
}

let clock = Date.now();

/** Asked anew each time: past the moment that an answer is shared for. */
async function health(
  other: Partial<Record<keyof Env, unknown>> = {},
): Promise<{ status: number; body: Health; text: string }> {
  vi.setSystemTime((clock += 2_001));
  const response = await app.fetch(new Request("https://carillon.test/v1/health"), { ...env, ...other } as Env);
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Health, text };
}

afterEach(() => void vi.useRealTimers());

/** An event that is due since a moment, for an app that is free from another moment on. */
function tellSince(freeAt: number): string {
  return `INSERT INTO listener (endpoint, types, enabled, removed, free_at, failed_turns) VALUES ('ep', '["*"]', 1, 0, ${freeAt}, 0);
    INSERT INTO delivery (endpoint, subject, sequence, type, at, data, state, due_at)
    VALUES ('ep', '${"0".repeat(32)}', 0, 'message.sent', 0, '{}', 'pending', ?)`;
}

describe("health", () => {
  it("says what is switched on by name, without a key and without a value", async () => {
    const response = await call("GET", "/v1/health", { key: "" });
    expect(response.status).toBe(200);
    const { body, text } = await health();
    expect(body).toMatchObject({
      status: "ok",
      environment: "development",
      guard: "on",
      directory: "reachable",
      problems: [],
      providers: expect.arrayContaining([{ id: "resend", channel: "email", sends: true, receives: true }]) as unknown,
    });
    expect(body.shards.map(({ shard }) => shard)).toEqual(Array.from({ length: 16 }, (_, shard) => shard));
    for (const [name, value] of Object.entries(env)) {
      if (typeof value === "string" && /KEY|SECRET|TOKEN|PASSWORD|GUARD/.test(name)) expect(text).not.toContain(value);
    }
  });

  it("says which provider is switched off", async () => {
    const { body } = await health({ RESEND_API_KEY: undefined, POSTMARK_WEBHOOK_PASSWORD: undefined } as object);
    expect(body.providers).toEqual(
      expect.arrayContaining([
        { id: "resend", channel: "email", sends: false, receives: true },
        { id: "postmark", channel: "email", sends: true, receives: false },
      ]),
    );
  });

  it("says who wakes the shards, and what is wrong with who should", async () => {
    expect((await health({ SCHEDULER: undefined })).body).toMatchObject({
      scheduler: { wanted: "alarm", used: "alarm" },
    });
    const { body } = await health({ SCHEDULER: "qstash", QSTASH_TOKEN: undefined });
    expect(body).toMatchObject({
      scheduler: { wanted: "qstash", used: "alarm" },
      problems: ["QSTASH_TOKEN is missing, or is no token: SCHEDULER=alarm is used instead of qstash"],
    });
  });

  it("says how it goes with QStash, over all shards", async () => {
    const well = { wanted: "qstash", used: "qstash", silentGenerations: 0 };
    expect((await health({ SCHEDULER: "qstash" })).body).toMatchObject({ scheduler: well });
    const insert = "INSERT INTO waking (id, generation, open_until, silent, failing_since, failed_at, failure)";
    await inShard(2, (sql) => void sql.exec(`${insert} VALUES (0, 5, 0, 3, 1000, 2000, 'HTTP 503')`));
    await inShard(7, (sql) => void sql.exec(`${insert} VALUES (0, 5, 0, 1, 500, 9000, 'timeout')`));
    const { status, body } = await health({ SCHEDULER: "qstash" });
    for (const shard of [2, 7]) await inShard(shard, (sql) => void sql.exec("DELETE FROM waking"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      scheduler: {
        used: "qstash",
        silentGenerations: 3,
        publishing: {
          failingShards: 2,
          since: "1970-01-01T00:00:00.500Z",
          last: "1970-01-01T00:00:09.000Z",
          reason: "timeout",
        },
      },
    });
  });

  const sixMinutesAgo = Date.now() - 360_000;
  it.each([
    ["a message", "UPDATE message SET due_at = ?", "oldestDueAt"],
    [
      "the end of a lease",
      "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at) VALUES ('a', 't', 'resend:default', '[]', 1, ?, 0)",
      "oldestLeaseAt",
    ],
    [
      "a request that is to be repeated",
      "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at) VALUES ('b', 't', 'resend:default', '[]', 0, ?, 0)",
      "lateMs",
    ],
    ["an effect", "INSERT INTO outbox (id, payload, due_at) VALUES ('a', '{}', ?)", "oldestOutboxAt"],
    ["an event for an app", tellSince(0), "oldestDeliveryAt"],
    [
      "a run of a schedule",
      "INSERT INTO schedule (uuid, cron, zone, request, paused, run_at, due_at, created_at, updated_at) VALUES ('a', '0 0 * * *', 'UTC', '{}', 0, ?1, ?1 + 3600000, 1, 1)",
      "lateMs",
    ],
  ])("is 503 when %s is five minutes late", async (_, change, field) => {
    const { messages } = await accept(
      email("delivered@simulator.test", { sendAt: new Date(Date.now() + 3_600_000).toISOString() }),
    );
    const { shard } = placeOf(messages[0]!.id);
    expect((await health()).status).toBe(200);
    await inShard(shard, (sql) => void sql.exec(change, sixMinutesAgo));
    const { status, body } = await health();
    await inShard(shard, (sql) => {
      for (const table of ["message", "chunk", "outbox", "listener", "delivery", "schedule"])
        sql.exec(`DELETE FROM ${table}`);
    });
    expect([status, body.status]).toEqual([503, "late"]);
    expect(body.shards[shard]![field]).toBeTruthy();
    expect(body.shards[shard]!["lateMs"]).toBeGreaterThanOrEqual(300_000);
  });

  it.each([
    ["that is left alone", tellSince(Date.now() + 3_600_000)],
    ["that is disabled", tellSince(0).replace("'[\"*\"]', 1", "'[\"*\"]', 0")],
  ])("is not late for what waits for an app %s", async (_, change) => {
    await inShard(9, (sql) => void sql.exec(change, sixMinutesAgo));
    const { status, body } = await health();
    await inShard(9, (sql) => void sql.exec("DELETE FROM listener; DELETE FROM delivery"));
    expect(status).toBe(200);
    expect(body.shards[9]).toMatchObject({ shard: 9, lateMs: 0 });
  });

  it("is 503 when the directory cannot be reached", async () => {
    const DB = { prepare: () => ({ first: () => Promise.reject(new Error("D1_ERROR: secret")) }) };
    const { status, body, text } = await health({ DB });
    expect([status, body.directory]).toEqual([503, "unreachable"]);
    expect(text).not.toContain("D1_ERROR");
  });

  it("is 503 when a shard cannot be reached, and tells of the others", async () => {
    const LEDGER = {
      idFromName: (name: string) => name,
      get: (name: string) =>
        name === "shard-3"
          ? { pulse: () => Promise.reject(new Error("overloaded")) }
          : env.LEDGER.get(env.LEDGER.idFromName(name)),
    };
    const { status, body } = await health({ LEDGER });
    expect(status).toBe(503);
    expect(body.shards[3]).toEqual({ shard: 3, unreachable: true });
    expect(body.shards[4]).toMatchObject({ shard: 4, lateMs: 0 });
  });

  it("answers many who ask at once from one look", async () => {
    let looks = 0;
    const DB = { prepare: () => ({ first: () => Promise.resolve((looks += 1)) }) };
    await health({ DB });
    for (let request = 0; request < 10; request++) {
      await app.fetch(new Request("https://carillon.test/v1/health"), { ...env, DB } as unknown as Env);
    }
    expect(looks).toBe(1);
  });
});

it("a production deployment that is bound to the simulator serves nothing", async () => {
  const production = { ...env, ENVIRONMENT: "production" };
  for (const path of ["/v1/health", "/v1/messages", "/"]) {
    const response = await app.fetch(new Request(`https://carillon.test${path}`), production);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ type: "/problems/simulator-in-production" });
  }
});
