import { describe, expect, it } from "vitest";
import { either, isObject, list, object, optional, record, text, whole } from "./rules.ts";

const word = text("a word", /^\w+$/);
const rule = object({
  to: either(isObject, object({ name: word }), word),
  tags: optional(list(word, 2)),
  counts: optional(record(word, whole(0, 9))),
});

/** The field at fault, and what was expected there. */
function problem(input: unknown): readonly [string, string] {
  const found = rule(input);
  if (found === true) throw new Error("It keeps the rule");
  return typeof found === "string" ? ["", found] : found;
}

describe("rules", () => {
  it.each([
    { to: "ada" },
    { to: { name: "ada" }, tags: ["a", "b"], counts: undefined },
    { to: "ada", other: undefined },
  ])("are kept by %j", (input) => {
    expect(rule(input)).toBe(true);
  });

  it.each<[unknown, string, string]>([
    [null, "", "an object"],
    ["text", "", "an object"],
    [{}, "to", "a word"],
    [{ to: "a b" }, "to", "a word"],
    [{ to: { name: "s3cr3t!" } }, "to.name", "a word"],
    [{ to: { name: "ada", age: 1 } }, "to.age", "no field of this name"],
    [{ to: "ada", tags: "a" }, "tags", "a list of at most 2"],
    [{ to: "ada", tags: ["a", "b", "c"] }, "tags", "a list of at most 2"],
    [{ to: "ada", tags: ["a", ""] }, "tags.1", "a word"],
    [{ to: "ada", counts: { a: 1, b: 10 } }, "counts.b", "a whole number from 0 to 9"],
    [{ to: "ada", counts: [1] }, "counts", "an object"],
    [{ to: "ada", counts: { "a b": 1 } }, "counts.a b", "a word"],
    [JSON.parse('{"to":"ada","counts":{"__proto__":1}}'), "counts.__proto__", "no field of this name"],
    [{ to: "ada", toString: "x" }, "toString", "no field of this name"],
  ])("find in %j the problem at %j", (input, path, message) => {
    expect(problem(input)).toEqual([path, message]);
  });
});
