import { describe, expect, it } from "vitest";
import { planChunks } from "./chunks.ts";
import type { DueMessage } from "./chunks.ts";

const due = (uuid: string, more: Partial<DueMessage> = {}): DueMessage => ({
  uuid,
  lane: "a:default",
  size: 3,
  stem: "s",
  contentBytes: 10,
  ...more,
});

const members = (chunks: ReturnType<typeof planChunks>): string[] => chunks.map(({ members: all }) => all.join(""));

describe("planChunks", () => {
  it("fills chunks of one lane in the given order", () => {
    const chunks = planChunks(
      [..."abcdefg"].map((uuid) => due(uuid)),
      16,
      1_000,
    );
    expect(members(chunks)).toEqual(["abc", "def", "g"]);
  });

  it("keeps lanes apart, however they are mixed", () => {
    const mixed = [..."abcdef"].map((uuid, index) => due(uuid, { lane: index % 2 ? "b:x" : "a:x" }));
    expect(planChunks(mixed, 16, 1_000)).toEqual([
      { lane: "a:x", members: ["a", "c", "e"] },
      { lane: "b:x", members: ["b", "d", "f"] },
    ]);
  });

  it("makes no more chunks than there is room for, and gives the room to those that come first", () => {
    const all = [..."abcdefghij"].map((uuid) => due(uuid));
    expect(members(planChunks(all, 2, 1_000))).toEqual(["abc", "def"]);
    expect(planChunks(all, 0, 1_000)).toEqual([]);
    const lanes = [due("a"), due("b", { lane: "b:x" }), due("c")];
    expect(planChunks(lanes, 1, 1_000)).toEqual([{ lane: "a:default", members: ["a", "c"] }]);
  });

  it("sends a message alone that must be alone, and the others without it", () => {
    const all = [due("a"), due("b", { size: 1 }), due("c"), due("d")];
    expect(members(planChunks(all, 16, 1_000))).toEqual(["a", "b", "cd"]);
  });

  it("counts content once for a notification, and cuts where it would be too much", () => {
    const same = [..."abc"].map((uuid) => due(uuid, { contentBytes: 60 }));
    expect(members(planChunks(same, 16, 100))).toEqual(["abc"]);
    const different = [..."abc"].map((uuid) => due(uuid, { contentBytes: 60, stem: uuid }));
    expect(members(planChunks(different, 16, 130))).toEqual(["ab", "c"]);
    expect(members(planChunks([due("a", { contentBytes: 500 })], 16, 100))).toEqual(["a"]);
  });
});
