import { describe, expect, it } from "vitest";
import { formatId } from "../src/ids.ts";
import type { ParsedId } from "../src/ids.ts";
import { settleRun, takeRuns } from "../src/ledger/schedules.ts";
import type { Run } from "../src/ledger/schedules.ts";
import { fireRuns } from "../src/schedule/fire.ts";
import { call, email, env, message, runAlarms, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { inShard } from "./shards.ts";
import { addresses } from "./steps.ts";

interface Schedule {
  readonly id: string;
  readonly name?: string;
  readonly cron: string;
  readonly zone: string;
  readonly paused: boolean;
  readonly nextRuns: readonly string[];
  readonly lastRun?: { readonly at: string; readonly notification?: string; readonly refused?: string };
  readonly notification: Readonly<Record<string, unknown>>;
}

interface Notification {
  readonly schedule?: string;
  readonly messages: readonly { readonly id: string }[];
}

const hour = 3_600_000;

function body(more: object = {}, notification: Readonly<Record<string, unknown>> = {}): object {
  return { cron: "0 9 * * *", notification: email(addresses(1)[0], notification), ...more };
}

async function create(given: object = body(), headers: Readonly<Record<string, string>> = {}): Promise<Schedule> {
  const response = await call("POST", "/v1/schedules", { body: given, headers });
  expect(response.status).toBe(201);
  return response.json();
}

async function read(id: string): Promise<Schedule> {
  const response = await call("GET", `/v1/schedules/${id}`);
  expect(response.status).toBe(200);
  return response.json();
}

const placeOf = (id: string): ParsedId => ({ shard: Number.parseInt(id.slice(4, 6), 16), uuid: id.slice(6) });

/** The clock cannot be moved, so the plan is: its run is due since then. */
function dueSince(id: string, at: number): Promise<void> {
  const { shard, uuid } = placeOf(id);
  return inShard(
    shard,
    (sql) => void sql.exec("UPDATE schedule SET run_at = ?, due_at = ? WHERE uuid = ?", at, at, uuid),
  );
}

/** What the shard would hand out now. */
async function taken(id: string, now: number = Date.now()): Promise<readonly Run[]> {
  const { shard, uuid } = placeOf(id);
  const runs = await inShard(shard, (sql) => takeRuns(sql, now));
  return runs.filter((run) => run.uuid === uuid);
}

async function notificationOf({ lastRun }: Schedule): Promise<Notification> {
  const response = await call("GET", `/v1/notifications/${lastRun?.notification}`);
  expect(response.status).toBe(200);
  return response.json();
}

async function madeBy(id: string): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: 16 }, (_, shard) =>
      inShard(shard, (sql) => sql.exec("SELECT uuid FROM notification WHERE schedule = ?", id).toArray().length),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("a schedule", () => {
  it("shows what it makes and its next five runs, and no address", async () => {
    const made = await create(
      body({ name: "Morning", cron: "0 9 * * 1-5", zone: "Europe/Berlin" }, { priority: "bulk", ttl: "1h" }),
    );
    expect(made).toMatchObject({
      name: "Morning",
      cron: "0 9 * * 1-5",
      zone: "Europe/Berlin",
      paused: false,
      notification: { channel: "email", to: ["d***@simulator.test"], priority: "bulk", subject: "Hello" },
    });
    expect(made.nextRuns).toHaveLength(5);
    for (const run of made.nextRuns) {
      const local = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", timeStyle: "short" }).format(
        new Date(run),
      );
      expect(local).toBe("09:00");
    }
    expect(made.nextRuns.toSorted()).toEqual(made.nextRuns);
    expect(JSON.stringify(made)).not.toContain("delivered+");
    expect(await read(made.id)).toEqual(made);
  });

  it("is in the list, page by page", async () => {
    const ids = [await create(), await create(), await create()].map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const response = await call("GET", `/v1/schedules?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      const page = await response.json<{ schedules: Schedule[]; nextCursor?: string }>();
      seen.push(...page.schedules.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(ids));
  });

  it("is made once for one Idempotency-Key", async () => {
    const given = body();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await create(given, headers);
    const again = await call("POST", "/v1/schedules", { body: given, headers });
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect(await again.json()).toEqual(first);
    const other = await call("POST", "/v1/schedules", { body: body({ cron: "0 10 * * *" }), headers });
    expect(other.status).toBe(409);
  });

  it("is replaced as a whole, and planned anew", async () => {
    const { id } = await create(body({ name: "Old" }));
    const response = await call("PUT", `/v1/schedules/${id}`, { body: body({ cron: "30 10 * * *" }) });
    const changed = await response.json<Schedule>();
    expect(changed).toMatchObject({ id, cron: "30 10 * * *", zone: "UTC" });
    expect(changed).not.toHaveProperty("name");
    expect(changed.nextRuns[0]).toMatch(/T10:30:00\.000Z$/);
  });

  it("runs no more once it is paused, and from now on when it is resumed", async () => {
    const { id } = await create();
    const paused = await (await call("POST", `/v1/schedules/${id}/pause`)).json<Schedule>();
    expect(paused).toMatchObject({ paused: true, nextRuns: [] });
    expect(await taken(id, Date.now() + 48 * hour)).toEqual([]);
    const resumed = await (await call("POST", `/v1/schedules/${id}/resume`)).json<Schedule>();
    expect(resumed.nextRuns).toHaveLength(5);
    expect(Date.parse(resumed.nextRuns[0]!)).toBeGreaterThan(Date.now());
    expect(await (await call("POST", `/v1/schedules/${id}/resume`)).json()).toEqual(resumed);
    expect(await create(body({ paused: true }))).toMatchObject({ paused: true, nextRuns: [] });
  });

  it("is gone when it is deleted", async () => {
    const { id } = await create();
    expect((await call("DELETE", `/v1/schedules/${id}`)).status).toBe(204);
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/pause"],
    ] as const) {
      expect((await call(method, `/v1/schedules/${id}${path}`)).status).toBe(404);
    }
    expect((await call("PUT", `/v1/schedules/${id}`, { body: body() })).status).toBe(404);
    expect((await call("GET", "/v1/schedules/sch_1")).status).toBe(404);
  });

  it.each([
    ["an impossible date", { cron: "0 0 30 2 *" }, {}, "cron", "expected a time that comes: there is no such date"],
    ["an unknown zone", { zone: "Europe/Atlantis" }, {}, "zone", "expected an IANA time zone: Europe/Berlin"],
    ["no cron", { cron: undefined }, {}, "cron", "is required"],
    [
      "a moment of its own",
      {},
      { sendAt: "2027-01-01T00:00:00Z" },
      "notification.sendAt",
      "is not a field of this request",
    ],
    ["a delay", {}, { delay: "1h" }, "notification.delay", "is not a field of this request"],
    [
      "a channel without provider",
      {},
      { providers: ["ses2"] },
      "notification.providers.0",
      "expected a configured provider of email",
    ],
    ["no content", {}, { content: {} }, "notification.content.from", expect.any(String)],
    [
      "more than is stored in one",
      {},
      { content: { from: "a@example.org", subject: "x", text: "x".repeat(1_000_001) } },
      "notification",
      "expected at most 1000000 bytes",
    ],
  ])("is refused with %s", async (_, more, notification, field, detail) => {
    const response = await call("POST", "/v1/schedules", { body: body(more, notification) });
    expect(response.status).toBe(422);
    expect((await response.json<{ errors: unknown[] }>()).errors[0]).toEqual({ field, detail });
  });

  it("needs the scope to send, and to read", async () => {
    const keys = await Promise.all(
      ["read", "send"].map(async (scope) => {
        const made = await call("POST", "/v1/keys", { body: { name: scope, scopes: [scope] } });
        return (await made.json<{ key: string }>()).key;
      }),
    );
    const [reader, sender] = keys;
    const { id } = await create();
    expect((await call("POST", "/v1/schedules", { key: reader!, body: body() })).status).toBe(403);
    expect((await call("DELETE", `/v1/schedules/${id}`, { key: reader! })).status).toBe(403);
    expect((await call("POST", `/v1/schedules/${id}/pause`, { key: reader! })).status).toBe(403);
    expect((await call("GET", `/v1/schedules/${id}`, { key: sender! })).status).toBe(403);
  });
});

describe("a run", () => {
  it("is made by the alarm, and is a notification like any other that knows its schedule", async () => {
    const { id } = await create();
    const at = Date.now() - 1_000;
    await dueSince(id, at);
    await runAlarms();
    await expect.poll(async () => (await read(id)).lastRun?.notification).toBeDefined();
    const schedule = await read(id);
    expect(schedule.lastRun?.at).toBe(new Date(at).toISOString());
    expect(Date.parse(schedule.nextRuns[0]!)).toBeGreaterThan(Date.now());
    const notification = await notificationOf(schedule);
    expect(notification.schedule).toBe(id);
    const found = (await untilStatus(notification.messages[0]!.id, "delivered")) as MessageBody & { schedule: string };
    expect(found.schedule).toBe(id);
  });

  it("arms the alarm by itself", async () => {
    const { id } = await create();
    const { shard } = placeOf(id);
    await dueSince(id, Date.now() + 300);
    // Any write arms.
    await inShard(shard, (_, __, ledger) => ledger.sweep(Date.now()));
    await expect.poll(async () => (await read(id)).lastRun?.notification, { timeout: 5_000 }).toBeDefined();
  });

  it("that is fired twice, and at once, makes one notification", async () => {
    const { id } = await create();
    await dueSince(id, Date.now() - 1_000);
    const runs = await taken(id);
    expect(runs).toHaveLength(1);
    const { shard } = placeOf(id);
    await Promise.all([fireRuns(env, shard, runs), fireRuns(env, shard, runs)]);
    const { lastRun } = await read(id);
    await fireRuns(env, shard, runs);
    expect((await read(id)).lastRun?.notification).toBe(lastRun?.notification);
    expect(await madeBy(id)).toBe(1);
  });

  it("whose maker died is made again, as the same run", async () => {
    const { id } = await create();
    await dueSince(id, Date.now() - 1_000);
    const [lost] = await taken(id);
    expect(await taken(id)).toEqual([]);
    expect(await taken(id, Date.now() + 30_001)).toEqual([lost]);
  });

  it("that was missed is made up for once, however many there were", async () => {
    const { id } = await create(body({ cron: "0 * * * *" }));
    const missed = Math.floor(Date.now() / hour) * hour - 5 * hour;
    await dueSince(id, missed);
    await fireRuns(env, placeOf(id).shard, await taken(id));
    const schedule = await read(id);
    expect(schedule.lastRun?.at).toBe(new Date(missed).toISOString());
    expect(Date.parse(schedule.nextRuns[0]!)).toBeGreaterThan(Date.now());
    expect(await taken(id)).toEqual([]);
    expect(await madeBy(id)).toBe(1);
  });

  it("of a schedule that was changed meanwhile leaves the new plan alone", async () => {
    const { id } = await create();
    const at = Date.now() - 1_000;
    await dueSince(id, at);
    const runs = await taken(id);
    const changed = await (
      await call("PUT", `/v1/schedules/${id}`, { body: body({ cron: "15 3 * * *" }) })
    ).json<Schedule>();
    await fireRuns(env, placeOf(id).shard, runs);
    const found = await read(id);
    expect(found.nextRuns).toEqual(changed.nextRuns);
    expect(found.lastRun?.at).toBe(new Date(at).toISOString());
  });

  it("of a schedule that is gone makes nothing known", async () => {
    const { shard } = placeOf((await create()).id);
    await inShard(shard, (sql) => {
      settleRun(sql, "0".repeat(32), Date.now(), {}, Date.now());
      expect(sql.exec("SELECT * FROM schedule WHERE uuid = ?", "0".repeat(32)).toArray()).toEqual([]);
    });
  });

  it("that is refused says why, and the next has its chance", async () => {
    const { id } = await create();
    const { shard, uuid } = placeOf(id);
    await inShard(shard, (sql) => {
      const { request } = sql.exec<{ request: string }>("SELECT request FROM schedule WHERE uuid = ?", uuid).one();
      const gone = request.replace('"channel":"email"', '"channel":"email","providers":["gone"]');
      sql.exec("UPDATE schedule SET request = ? WHERE uuid = ?", gone, uuid);
    });
    await dueSince(id, Date.now() - 1_000);
    await fireRuns(env, shard, await taken(id));
    const found = await read(id);
    expect(found.lastRun).toMatchObject({ refused: "providers.0: expected a configured provider of email" });
    expect(found.lastRun).not.toHaveProperty("notification");
    expect(Date.parse(found.nextRuns[0]!)).toBeGreaterThan(Date.now());
  });

  it("that cannot be stored is left to be made again", async () => {
    const { id } = await create();
    await dueSince(id, Date.now() - 1_000);
    const runs = await taken(id);
    const broken = { ...env, LEDGER: { ...env.LEDGER, idFromName: () => env.LEDGER.newUniqueId() } };
    await fireRuns(broken as unknown as typeof env, placeOf(id).shard, runs);
    expect(await read(id)).not.toHaveProperty("lastRun");
    expect(await taken(id, Date.now() + 30_001)).toEqual(runs);
    expect(formatId("sch", placeOf(id).shard, runs[0]!.uuid)).toBe(id);
  });

  it("has a time to live from its moment on", async () => {
    const { id } = await create(body({}, { ttl: "10m" }));
    const at = Date.now() - 60_000;
    await dueSince(id, at);
    await fireRuns(env, placeOf(id).shard, await taken(id));
    const [first] = (await notificationOf(await read(id))).messages;
    const found = (await message(first!.id)) as MessageBody & { expiresAt: string };
    expect(Date.parse(found.expiresAt) - at).toBe(600_000);
  });

  it("whose time to live was over before it could be made is not made", async () => {
    const { id } = await create(body({}, { ttl: "10m" }));
    await dueSince(id, Date.now() - 600_000);
    await fireRuns(env, placeOf(id).shard, await taken(id));
    const found = await read(id);
    expect(found.lastRun).toMatchObject({ refused: "Its time to live was over." });
    expect(found.nextRuns).toHaveLength(5);
    expect(await madeBy(id)).toBe(0);
  });
});

describe("schedules of large notifications", () => {
  const large = 40;
  const shard = 3;

  /** As many as a call to or from a shard could not carry: it is limited to 32 MiB. */
  async function many(dueAt: number | null): Promise<void> {
    const content = { subject: "Large", html: "x".repeat(950_000) };
    const request = JSON.stringify({
      request: { channel: "email", to: "a@example.com", content },
      to: ["a***@example.com"],
    });
    await inShard(shard, (sql) => {
      sql.exec("DELETE FROM schedule");
      for (let index = 0; index < large; index++) {
        sql.exec(
          `INSERT INTO schedule (uuid, cron, zone, request, paused, run_at, due_at, created_at, updated_at)
           VALUES (?1, '0 0 * * *', 'UTC', ?2, 0, ?3, ?3, 1, 1)`,
          index.toString(16).padStart(32, "0"),
          request,
          dueAt,
        );
      }
    });
  }

  const clear = (): Promise<void> => inShard(shard, (sql) => void sql.exec("DELETE FROM schedule"));

  it("are listed", async () => {
    await many(null);
    const response = await call("GET", "/v1/schedules");
    await clear();
    expect(response.status).toBe(200);
    const { schedules } = await response.json<{ schedules: Schedule[] }>();
    const listed = schedules.filter(({ notification }) => notification["subject"] === "Large");
    expect(listed).toHaveLength(large);
    expect(listed[0]!.notification).toEqual({ channel: "email", to: ["a***@example.com"], subject: "Large" });
  });

  it("that are due at once are handed out in several turns, each once", async () => {
    const now = Date.now();
    await many(now - 1);
    const turns: Run[][] = [];
    do turns.push(await inShard(shard, (sql) => [...takeRuns(sql, now)]));
    while (turns.at(-1)!.length > 0);
    await clear();
    const runs = turns.flat();
    expect(new Set(runs.map(({ uuid }) => uuid)).size).toBe(large);
    expect(runs).toHaveLength(large);
    for (const turn of turns) {
      expect(turn.reduce((sum, { request }) => sum + request.length, 0)).toBeLessThan(10_000_000);
    }
  });
});
