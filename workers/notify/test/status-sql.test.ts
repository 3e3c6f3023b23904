import { evidenceOrder } from "carillon";
import type { Evidence } from "carillon";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import { auditStatuses } from "../src/ledger/audit-statuses.ts";
import { recorded, unrecorded } from "../src/ledger/evidence.ts";
import type { EvidenceByAttempt } from "../src/ledger/evidence.ts";
import type { MessageRow, Place } from "../src/ledger/rows.ts";
import { change } from "../src/ledger/settle.ts";
import { statusInSql } from "../src/ledger/status-sql.ts";
import { inShard } from "./shards.ts";

// The status of a message is derived in two places, from one definition.

type Row = Pick<MessageRow, "place" | "evidence" | "due_at" | "chunk" | "unknown_tries">;

const providers = ["resend", "postmark"] as const;
const provider = fc.constantFrom(...providers);
const name = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 12 }), provider).map(([seq, of]) => recorded(seq, of)),
  // As the code of before wrote it.
  fc.integer({ min: 1, max: 12 }).map(String),
  fc
    .tuple(provider, fc.option(fc.constantFrom("7", "email 7", "a?b", "12 resend"), { nil: undefined }))
    .map(([of, id]) => unrecorded(of, id)),
);
const byAddress = (addresses: number): fc.Arbitrary<readonly (Evidence | null)[]> =>
  fc.array(fc.option(fc.constantFrom(...evidenceOrder)), { minLength: addresses, maxLength: addresses });
const evidence: fc.Arbitrary<EvidenceByAttempt> = fc
  .integer({ min: 1, max: 3 })
  .chain((addresses) => fc.dictionary(name, byAddress(addresses), { maxKeys: 6, noNullPrototype: true }));
const places: readonly Place[] = ["scheduled", "queued", "done", "captured", "suppressed", "held", "failed", "expired"];

const row: fc.Arbitrary<Row> = fc.record({
  place: fc.constantFrom(...places),
  evidence: evidence.map((known) => JSON.stringify(known)),
  due_at: fc.option(fc.constant(1)),
  chunk: fc.option(fc.constant("chunk")),
  unknown_tries: fc.nat(2),
});

const derived = (one: Row): string => change(one as MessageRow, {}).status;

function insert(sql: SqlStorage, uuid: string, one: Row, status: string): void {
  sql.exec(
    `INSERT INTO message (uuid, recipient, addresses, priority, place, status, evidence, due_at, chunk, unknown_tries)
     VALUES (?, '1', '[]', 1, ?, ?, ?, ?, ?, ?)`,
    uuid,
    one.place,
    status,
    one.evidence,
    one.due_at,
    one.chunk,
    one.unknown_tries,
  );
}

describe("a status in SQL", () => {
  it("is the one of the function, whatever is known", async () => {
    await inShard(0, (sql) => {
      const uuid = uuidAt(newStem(new Date()), 1);
      fc.assert(
        fc.property(row, (one) => {
          sql.exec("DELETE FROM message");
          insert(sql, uuid, one, "?");
          const { status } = sql.exec<{ status: string }>(`SELECT ${statusInSql} AS status FROM message`).one();
          expect(status).toBe(derived(one));
        }),
        { numRuns: 2_000 },
      );
      sql.exec("DELETE FROM message");
    });
  });
});

describe("the audit of statuses", () => {
  /** Messages in a shard of their own, each with a status. */
  async function audited(
    shard: number,
    rows: readonly (readonly [row: Row, status: string])[],
    sweeps: number,
  ): Promise<{ statuses: string[]; after: unknown; repaired: number }> {
    return inShard(shard, (sql) => {
      sql.exec("DELETE FROM message; DELETE FROM status_audit; DELETE FROM tally;");
      const stem = newStem(new Date());
      for (const [index, [one, status]] of rows.entries()) insert(sql, uuidAt(stem, index + 1), one, status);
      for (let sweep = 0; sweep < sweeps; sweep++) auditStatuses(sql, 1_000 + sweep);
      const statuses = sql.exec<{ status: string }>("SELECT status FROM message ORDER BY uuid").toArray();
      const { after } = sql.exec<{ after: string | null }>("SELECT after FROM status_audit").one();
      const tally = sql.exec<{ count: number }>("SELECT count FROM tally WHERE name = 'status-repaired'").toArray();
      sql.exec("DELETE FROM message; DELETE FROM tally;");
      return {
        statuses: statuses.map(({ status }) => status),
        after: after === null ? null : "more",
        repaired: tally[0]?.count ?? 0,
      };
    });
  }

  const delivered: Row = {
    place: "done",
    evidence: JSON.stringify({ [recorded(1, "resend")]: ["delivered"] }),
    due_at: null,
    chunk: null,
    unknown_tries: 0,
  };

  it("repairs what does not say what is known, counts it, and leaves the rest", async () => {
    const queued: Row = { ...delivered, place: "queued", evidence: "{}", due_at: 1 };
    const found = await audited(
      1,
      [
        [delivered, "bounced"],
        [delivered, "delivered"],
        [queued, "queued"],
      ],
      1,
    );
    expect(found).toMatchObject({ statuses: ["delivered", "delivered", "queued"], after: null, repaired: 1 });
  });

  it("looks at so many a turn, goes on where it was, and stops", async () => {
    const rows = Array.from({ length: 1_100 }, (): readonly [Row, string] => [delivered, "sent"]);
    const once = await audited(2, rows, 1);
    expect(once.after).toBe("more");
    expect(once.statuses.filter((status) => status === "delivered")).toHaveLength(1_000);
    expect(await audited(3, rows, 2)).toMatchObject({ after: null, repaired: 1_100 });
  });

  it("begins anew when the rules have changed, and not before", async () => {
    await inShard(4, (sql) => {
      sql.exec("DELETE FROM message; DELETE FROM status_audit;");
      auditStatuses(sql, 1);
      const uuid = uuidAt(newStem(new Date()), 1);
      insert(sql, uuid, delivered, "sent");
      const status = (): string => sql.exec<{ status: string }>("SELECT status FROM message").one().status;
      auditStatuses(sql, 2);
      expect(status()).toBe("sent");
      sql.exec("UPDATE status_audit SET rules = 'those of before'");
      auditStatuses(sql, 3);
      expect(status()).toBe("delivered");
      sql.exec("DELETE FROM message");
    });
  });
});
