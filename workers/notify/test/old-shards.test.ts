import { describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import { migrate } from "../src/ledger/schema.ts";
import { firstStatements, firstTables } from "./fixtures/first-build.ts";
import { call, message, received, runAlarms, untilStatus } from "./service.ts";
import { inShard, messageId } from "./shards.ts";

const shard = 5;
const hour = 3_600_000;

/** Throws away what the shard has, and gives it the tables of the first build. */
function asOfTheFirstBuild(sql: SqlStorage): void {
  const tables = sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .toArray();
  for (const { name } of tables) if (!name.startsWith("sqlite_")) sql.exec(`DROP TABLE ${name}`);
  sql.exec("CREATE TABLE _migrations (step INTEGER PRIMARY KEY, taken_at INTEGER NOT NULL)");
  sql.exec(firstTables);
  sql.exec("INSERT INTO _migrations (step, taken_at) VALUES (0, 0)");
}

const statement = (beginning: string): string => {
  const found = firstStatements.find((one) => one.startsWith(beginning));
  if (found === undefined) throw new Error(`The first build has no ${beginning}`);
  return found;
};

/** A notification as the first build writes it. */
function acceptedByTheFirstBuild(sql: SqlStorage, place: "queued" | "scheduled", dueAt: number): string {
  const now = Date.now();
  const stem = newStem(new Date(now));
  const content = JSON.stringify({ from: "app@example.org", subject: "Hello", text: "Hello" });
  sql.exec(
    statement("INSERT INTO notification"),
    uuidAt(stem, 0),
    "email",
    now,
    dueAt,
    JSON.stringify(["resend"]),
    content,
    content.length,
  );
  const row = {
    uuid: uuidAt(stem, 1),
    recipient: "delivered+old@simulator.test",
    addresses: [{ key: "delivered+old@simulator.test", label: "d***@simulator.test" }],
  };
  // `->` gives JSON, as it did.
  sql.exec(statement("INSERT INTO message"), JSON.stringify([row]), 1, place, dueAt);
  return uuidAt(stem, 1);
}

function schemaOf(sql: SqlStorage): unknown {
  return sql
    .exec("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY type, name")
    .toArray();
}

describe("a shard of the first build", () => {
  it("keeps what it had, and its messages are sent, shown, moved and called back by this build", async () => {
    const uuids = await inShard(shard, (sql, storage) => {
      asOfTheFirstBuild(sql);
      const due = acceptedByTheFirstBuild(sql, "queued", Date.now() - 1);
      const later = [1, 2].map(() => acceptedByTheFirstBuild(sql, "scheduled", Date.now() + hour));
      migrate(storage);
      return [due, ...later];
    });
    const [due, canceled, moved] = uuids.map((uuid) => messageId(shard, uuid)) as [string, string, string];
    expect(await message(canceled)).toMatchObject({ status: "scheduled", to: ["d***@simulator.test"] });
    expect((await call("POST", `/v1/messages/${canceled}/cancel`)).status).toBe(200);
    expect((await call("POST", `/v1/messages/${moved}/reschedule`, { body: { delay: "2h" } })).status).toBe(200);
    await runAlarms();
    await untilStatus(due, "delivered");
    expect(await message(canceled)).toMatchObject({ status: "canceled" });
    expect(await message(moved)).toMatchObject({ status: "scheduled" });
    expect([due, canceled, moved].map(received)).toEqual([1, 0, 0]);
  });

  it("becomes the same as a new one, and a second look changes nothing", async () => {
    const made = await inShard(7, (sql) => schemaOf(sql));
    // Nothing is on its way to this one.
    await inShard(6, (sql, storage) => {
      asOfTheFirstBuild(sql);
      migrate(storage);
      expect(schemaOf(sql)).toEqual(made);
      migrate(storage);
      expect(schemaOf(sql)).toEqual(made);
    });
  });
});

describe("the first build on a shard of this one", () => {
  it.each(firstStatements.map((one) => [one.replaceAll(/\s+/g, " ").slice(0, 110), one] as const))(
    "runs %s",
    async (_, one) => {
      const numbered = Math.max(0, ...Array.from(one.matchAll(/\?(\d)/g), ([, digit]) => Number(digit)));
      const parameters = numbered === 0 ? (one.match(/\?/g)?.length ?? 0) : numbered;
      await inShard(7, (sql) => {
        const plan = sql.exec(`EXPLAIN ${one}`, ...Array.from({ length: parameters }, () => null)).toArray();
        expect(plan.length).toBeGreaterThan(0);
      });
    },
  );

  it("writes what this build sends, and reads what this build has written", async () => {
    const uuid = await inShard(7, (sql) => acceptedByTheFirstBuild(sql, "queued", Date.now() - 1));
    const id = messageId(7, uuid);
    await inShard(7, (_, __, ledger) => ledger.sweep(Date.now()));
    await untilStatus(id, "delivered");
    await inShard(7, (sql) => {
      const listed = firstStatements.filter(
        (one) => one.startsWith("SELECT m.*, n.channel") && one.endsWith("uuid = ?"),
      );
      const row = sql.exec(listed[0]!, uuid).one();
      expect(row).toMatchObject({ uuid, channel: "email", status: "delivered", place: "done" });
      expect(row["send_at"]).toBeTypeOf("number");
    });
  });
});
