import { describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import type { Place, Status } from "../src/ledger/rows.ts";
import { trim } from "../src/ledger/trim.ts";
import { readSettings } from "../src/settings.ts";
import { accept, call, email, env, message, untilStatus } from "./service.ts";
import { inShard, messageId, placeOf } from "./shards.ts";
import { addresses } from "./steps.ts";
import { postResend } from "./webhooks.ts";

const day = 86_400_000;
const retention = { retentionDays: 90 };
const tables = [
  "notification",
  "content_part",
  "message",
  "timeline",
  "dead_letter",
  "chunk",
  "trimmed",
  "stray",
  "idempotency",
];

interface Old {
  readonly messages?: number;
  readonly daysAgo?: number;
  /** When it was due, if not at once. */
  readonly dueDaysAgo?: number;
  readonly place?: Place;
  readonly status?: Status;
  /** Entries in the timeline of each. */
  readonly entries?: number;
  readonly parts?: boolean;
}

/** A notification of long ago, written as the ledger would have. */
function old(sql: SqlStorage, given: Old = {}): readonly string[] {
  const { messages = 1, daysAgo = 91, place = "done", status = place === "done" ? "delivered" : place } = given;
  const at = Date.now() - daysAgo * day;
  const stem = newStem(new Date(at));
  const uuids = Array.from({ length: messages }, (_, index) => uuidAt(stem, index + 1));
  sql.exec(
    "INSERT INTO notification (uuid, channel, accepted_at, send_at, content, content_bytes) VALUES (?, 'email', ?, ?, '{}', 2)",
    uuidAt(stem, 0),
    at,
    Date.now() - (given.dueDaysAgo ?? daysAgo) * day,
  );
  if (given.parts) {
    sql.exec(
      "INSERT INTO content_part (notification, part, data) VALUES (?, 0, ?)",
      uuidAt(stem, 0),
      new ArrayBuffer(2),
    );
  }
  for (const uuid of uuids) {
    sql.exec(
      "INSERT INTO message (uuid, recipient, addresses, priority, place, status) VALUES (?, '1', '[]', 1, ?, ?)",
      uuid,
      place,
      status,
    );
    for (let seq = 1; seq <= (given.entries ?? 1); seq++) {
      sql.exec("INSERT INTO timeline (message, seq, at, kind, data) VALUES (?, ?, ?, 'event', '{}')", uuid, seq, at);
    }
  }
  return uuids;
}

/** A shard of its own for each test, and how many rows are left of what. */
function emptyShard<T>(work: (sql: SqlStorage, left: (table: string) => number) => T): Promise<T> {
  return inShard(3, (sql) => {
    for (const table of tables) sql.exec(`DELETE FROM ${table}`);
    return work(sql, (table) => Number(sql.exec(`SELECT count(*) AS n FROM ${table}`).one()["n"]));
  });
}

describe("trimming", () => {
  it("deletes a finished message with all that belongs to it, and keeps the count", async () => {
    await emptyShard((sql, left) => {
      const [uuid] = old(sql, { parts: true, entries: 3, place: "failed" });
      sql.exec("INSERT INTO dead_letter (message, at, channel, reason) VALUES (?, 0, 'email', 'lost')", uuid);
      trim(sql, Date.now(), retention);
      for (const table of ["notification", "content_part", "message", "timeline", "dead_letter"]) {
        expect([table, left(table)]).toEqual([table, 0]);
      }
      expect(sql.exec("SELECT * FROM trimmed").toArray()).toEqual([
        {
          day: new Date(Date.now() - 91 * day).toISOString().slice(0, 10),
          channel: "email",
          status: "failed",
          count: 1,
        },
      ]);
    });
  });

  it.each<[string, Old, number]>([
    ["a young one stays", { daysAgo: 89 }, 1],
    ["one that was due only lately stays", { daysAgo: 300, dueDaysAgo: 10 }, 1],
    ["one that waits stays, however long", { place: "queued", daysAgo: 400 }, 1],
    ["one that is still to come stays", { place: "scheduled", daysAgo: 200, dueDaysAgo: -100 }, 1],
    ["one that was held and never resolved goes", { place: "held" }, 0],
    ["a suppressed one goes", { place: "suppressed" }, 0],
    ["a canceled one goes", { place: "canceled" }, 0],
    ["an expired one goes", { place: "expired" }, 0],
  ])("%s", async (_, given, count) => {
    await emptyShard((sql, left) => {
      old(sql, given);
      trim(sql, Date.now(), retention);
      expect([left("message"), left("notification"), left("timeline")]).toEqual([count, count, count]);
    });
  });

  it("one that was started over lately stays", async () => {
    await emptyShard((sql, left) => {
      const [uuid] = old(sql);
      sql.exec("UPDATE message SET due_from = ? WHERE uuid = ?", Date.now() - 10 * day, uuid);
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(1);
    });
  });

  it("deletes about 500 rows a turn, the oldest first, and comes to the end", async () => {
    await emptyShard((sql, left) => {
      const first = old(sql, { messages: 200, daysAgo: 120, entries: 2 });
      old(sql, { messages: 200, daysAgo: 100, entries: 2 });
      trim(sql, Date.now(), retention);
      // Three rows a message.
      expect(left("message")).toBe(400 - 166);
      expect(sql.exec("SELECT min(uuid) AS uuid FROM message").one()["uuid"]).toBe(first[166]);
      for (let turn = 0; turn < 2; turn++) trim(sql, Date.now(), retention);
      expect([left("message"), left("notification"), left("timeline")]).toEqual([0, 0, 0]);
      expect(sql.exec("SELECT sum(count) AS n FROM trimmed").one()["n"]).toBe(400);
    });
  });

  it("gives one with a long timeline a turn of its own", async () => {
    await emptyShard((sql, left) => {
      old(sql, { daysAgo: 100, entries: 900 });
      old(sql, { daysAgo: 99 });
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(1);
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(0);
    });
  });

  it("waits while anything is due or out", async () => {
    await emptyShard((sql, left) => {
      const [waiting] = old(sql, { place: "queued", daysAgo: 1 });
      old(sql);
      sql.exec("UPDATE message SET due_at = ? WHERE uuid = ?", Date.now() - 1, waiting);
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(2);
      sql.exec("UPDATE message SET due_at = NULL WHERE uuid = ?", waiting);
      sql.exec(
        "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at) VALUES ('1', '', 'resend:default', '[]', 1, ?, 0)",
        Date.now() + 60_000,
      );
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(2);
      sql.exec("DELETE FROM chunk");
      trim(sql, Date.now(), retention);
      expect(left("message")).toBe(1);
    });
  });

  it("forgets events that found no message, and not those that are still asked for", async () => {
    await emptyShard((sql, left) => {
      for (const [id, at, due] of [
        ["old", Date.now() - 91 * day, null],
        ["young", Date.now() - day, null],
        ["asked", Date.now() - 91 * day, Date.now()],
      ] as const) {
        sql.exec("INSERT INTO stray (id, event, received_at, due_at) VALUES (?, '{}', ?, ?)", id, at, due);
      }
      trim(sql, Date.now(), retention);
      expect(left("stray")).toBe(2);
      expect(sql.exec("SELECT id FROM stray ORDER BY id").toArray()).toEqual([{ id: "asked" }, { id: "young" }]);
    });
  });
});

describe("a notification of which messages are gone", () => {
  it("keeps their counts until the last of them goes", async () => {
    const id = await emptyShard((sql) => {
      const uuids = old(sql, { messages: 5 });
      sql.exec("UPDATE message SET place = 'queued', status = 'queued' WHERE uuid = ?", uuids[0]!);
      sql.exec("UPDATE message SET status = 'bounced' WHERE uuid = ?", uuids[1]!);
      trim(sql, Date.now(), retention);
      return messageId(3, uuidAt(uuids[0]!.slice(0, 24), 0)).replace("msg", "ntf");
    });
    const found = await (await call("GET", `/v1/notifications/${id}`)).json<{ messages: unknown[] }>();
    expect(found).toMatchObject({ count: 5, byStatus: { queued: 1, bounced: 1, delivered: 3 } });
    expect(found.messages).toHaveLength(1);
    await inShard(3, (sql) => {
      sql.exec("UPDATE message SET place = 'done', status = 'sent'");
      trim(sql, Date.now(), retention);
    });
    expect((await call("GET", `/v1/notifications/${id}`)).status).toBe(404);
    const counts = await (await call("GET", "/v1/retention")).json<{ days: number; trimmed: { month: string }[] }>();
    const month = new Date(Date.now() - 91 * day).toISOString().slice(0, 7);
    expect(counts).toEqual({
      days: 90,
      trimmed: [
        { month, channel: "email", status: "bounced", count: 1 },
        { month, channel: "email", status: "delivered", count: 3 },
        { month, channel: "email", status: "sent", count: 1 },
      ],
    });
  });
});

describe("a webhook for a message that is gone", () => {
  it("still suppresses by its address", async () => {
    const [to] = addresses(1);
    const { messages } = await accept(email(to, { providers: ["resend"] }));
    const { id } = messages[0]!;
    await untilStatus(id, "delivered");
    const { shard, uuid } = placeOf(id);
    // The same message, 91 days older.
    const gone = newStem(new Date(Date.now() - 91 * day)) + uuid.slice(24);
    await inShard(shard, (sql, _, ledger) => {
      sql.exec("UPDATE message SET uuid = ? WHERE uuid = ?", gone, uuid);
      sql.exec("UPDATE timeline SET message = ? WHERE message = ?", gone, uuid);
      sql.exec(
        "UPDATE notification SET uuid = ?, send_at = send_at - ? WHERE uuid = ?",
        `${gone.slice(0, 24)}00000000`,
        91 * day,
        `${uuid.slice(0, 24)}00000000`,
      );
      return ledger.sweep(Date.now());
    });
    const goneId = messageId(shard, gone);
    expect((await call("GET", `/v1/messages/${goneId}`)).status).toBe(404);
    const bounce = { type: "Permanent", subType: "General", message: "no such user" };
    const event = { type: "email.bounced", id: "evt-gone", messageId: goneId, to: to!, bounce };
    expect((await postResend(event)).status).toBe(200);
    await expect
      .poll(
        async () => {
          const { messages: again } = await accept(email(to));
          return (await untilStatus(again[0]!.id, "suppressed", 1_000).catch(() => undefined))?.status;
        },
        { timeout: 10_000 },
      )
      .toBe("suppressed");
  });
});

describe("RETENTION_DAYS", () => {
  it("is 90 unless it says otherwise, and a week at least: so long are idempotency keys kept", () => {
    expect(readSettings(env).retentionDays).toBe(90);
    expect(readSettings({ ...env, RETENTION_DAYS: "30" }).retentionDays).toBe(30);
    const short = readSettings({ ...env, RETENTION_DAYS: "6" });
    expect(short.retentionDays).toBe(90);
    expect(short.problems.join()).toContain("RETENTION_DAYS is not a whole number from 7 to 3650");
  });

  it("does not touch what has just been sent", async () => {
    const { messages } = await accept(email(addresses(1)[0]!));
    const { id } = messages[0]!;
    await untilStatus(id, "delivered");
    await inShard(placeOf(id).shard, (_, __, ledger) => ledger.sweep(Date.now()));
    expect((await message(id)).status).toBe("delivered");
  });
});
