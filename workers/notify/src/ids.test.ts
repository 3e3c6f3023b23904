import { describe, expect, it } from "vitest";
import {
  escalationOf,
  formatId,
  isRouted,
  lastOf,
  maxPeople,
  maxSiblings,
  newStem,
  notificationOf,
  parseId,
  partOf,
  partStem,
  personOf,
  routedUuid,
  shardName,
  shardOfName,
  stemOf,
  uuidAt,
} from "./ids.ts";

describe("ids", () => {
  const stem = newStem(new Date("2026-11-23T12:00:00Z"));

  it("come back as they were formatted", () => {
    const uuid = uuidAt(stem, 1_000);
    expect(parseId("msg", formatId("msg", 15, uuid), 16)).toEqual({ shard: 15, uuid });
    expect(stemOf(uuid)).toBe(stem);
  });

  it("order as the moments of their making, and a notification stands before its messages", () => {
    const later = newStem(new Date("2026-11-23T12:00:00.001Z"));
    const inOrder = [uuidAt(stem, 0), uuidAt(stem, 1), uuidAt(stem, 16), uuidAt(stem, 1_000), uuidAt(later, 0)];
    expect(inOrder.toSorted()).toEqual(inOrder);
  });

  it("differ when made in the same millisecond", () => {
    const now = new Date();
    expect(new Set(Array.from({ length: 1_000 }, () => newStem(now))).size).toBe(1_000);
  });

  const good = formatId("msg", 3, uuidAt(stem, 1));
  it.each([
    ["of another kind", good.replace("msg", "ntf")],
    ["of a kind that does not exist", good.replace("msg", "key")],
    ["in capitals", good.toUpperCase()],
    ["with a shard that does not exist", formatId("msg", 16, uuidAt(stem, 1))],
    ["that is too short", good.slice(0, -1)],
    ["that is too long", `${good}0`],
    ["with white space after it", `${good}\n`],
    ["that is empty", ""],
  ])("%s is none", (_, text) => {
    expect(parseId("msg", good, 16)).toBeDefined();
    expect(parseId("msg", text, 16)).toBeUndefined();
  });

  it("of a route's messages tell the notification, the part and the person", () => {
    const root = partStem(stem, 0);
    for (const [part, person, sibling] of [
      [0, 0, 0],
      [1, 999, 19],
      [255, maxPeople, maxSiblings],
    ] as const) {
      const uuid = routedUuid(partStem(stem, part), person, sibling);
      expect(parseId("msg", formatId("msg", 3, uuid), 16)).toEqual({ shard: 3, uuid });
      expect([isRouted(uuid), partOf(uuid)]).toEqual([true, part]);
      expect(notificationOf(uuid)).toBe(uuidAt(root, 0));
      expect(escalationOf(uuid)).toBe(routedUuid(root, person, 0));
      expect(uuid.startsWith(personOf(escalationOf(uuid), part))).toBe(true);
      // All of them stand in the notification's range.
      expect(uuid > notificationOf(uuid) && uuid <= lastOf(notificationOf(uuid), true)).toBe(true);
    }
  });

  it("of other messages say that there is no route", () => {
    const uuid = uuidAt(stem, 1_000);
    expect(isRouted(uuid)).toBe(false);
    expect(notificationOf(uuid)).toBe(uuidAt(stem, 0));
    expect(uuid <= lastOf(notificationOf(uuid), false)).toBe(true);
  });

  it("name the object of each shard, and only that", () => {
    expect(shardOfName(shardName(12))).toBe(12);
    expect(() => shardOfName(undefined)).toThrow("by its name");
    expect(() => shardOfName("shard-x")).toThrow("by its name");
  });
});
