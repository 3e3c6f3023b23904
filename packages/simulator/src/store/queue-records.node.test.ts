/// <reference types="node" />
import { describe, expect, test } from "vitest";
import { memoryQueueRecords, type QueueRecords } from "./queue-records.ts";
import { sqlStore } from "./sql.ts";

function sqlRecords(): QueueRecords {
  const database = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(":memory:");
  const exec = (
    query: string,
    ...bindings: (string | number | null)[]
  ): { toArray: () => Record<string, unknown>[] } => {
    const rows = database.prepare(query).all(...bindings) as Record<string, unknown>[];
    return { toArray: () => rows };
  };
  return sqlStore({ exec }).queue;
}

describe.each<[string, () => QueueRecords]>([
  ["in memory", memoryQueueRecords],
  ["in SQLite", sqlRecords],
])("the queue's records %s", (_, create) => {
  test("keep the order in which they were first put, and are read as they were written last", () => {
    const records = create();
    records.put("message", "b", { n: 1 });
    records.put("message", "a", { n: 2 });
    records.put("queue", "b", { n: 3 });
    records.put("message", "b", { n: 4, text: "ä" });
    expect(records.list("message")).toEqual([{ n: 4, text: "ä" }, { n: 2 }]);
    expect([records.get("queue", "b"), records.get("queue", "a")]).toEqual([{ n: 3 }, undefined]);
    expect([records.delete("message", "b"), records.delete("message", "b")]).toEqual([true, false]);
    expect(records.list("message")).toEqual([{ n: 2 }]);
    records.clear(["message"]);
    expect([records.list("message"), records.list("queue")]).toEqual([[], [{ n: 3 }]]);
  });

  test("are found by when they are due, what they wait for, and what they take a place of", () => {
    const records = create();
    records.put("message", "late", 1, { dueAtMs: 30 });
    records.put("message", "second", 2, { dueAtMs: 10, place: "q" });
    records.put("message", "third", 3, { dueAtMs: 10 });
    records.put("message", "held", 4, { dueAtMs: 5, heldBy: "queue q", place: "q" });
    records.put("schedule", "other", 5, { dueAtMs: 1 });
    records.put("message", "ended", 6);
    expect(records.due("message", 10, 10)).toEqual([2, 3]);
    expect(records.due("message", Infinity, 2)).toEqual([2, 3]);
    expect([records.nextDueMs("message"), records.nextDueMs("queue")]).toEqual([10, undefined]);
    expect(records.held("queue q", 5)).toEqual([4]);
    expect([records.countPlaces("q"), records.countPlaces("r")]).toEqual([2, 0]);
    records.put("message", "second", 2);
    expect([records.due("message", 10, 10), records.countPlaces("q")]).toEqual([[3], 1]);
  });

  test("forget what has ended, but for the newest", () => {
    const records = create();
    records.put("message", "waits", 0, { dueAtMs: 1 });
    for (const n of [1, 2, 3, 4]) records.put("message", `m${n}`, n);
    records.trim("message", 2);
    expect(records.list("message")).toEqual([0, 3, 4]);
    records.trim("message", 5);
    expect(records.list("message")).toHaveLength(3);
  });
});
