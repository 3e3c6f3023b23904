import { getDotPath, is, safeParse, strictObject } from "valibot";
import { describe, expect, it } from "vitest";
import { check, either, isObject, list, object, optional, record, text, whole } from "./schema.ts";

const word = text("a word", /^\w+$/);
const schema = object({
  to: either(isObject, object({ name: word }), word),
  tags: optional(list(word, 2)),
  counts: optional(record(word, whole(0, 9))),
});

/** The way to the first problem, and what was expected there. */
function problem(input: unknown): [string, string] {
  const { issues } = safeParse(schema, input);
  const [issue] = issues ?? [];
  return [(issue?.path ?? []).map(({ key }) => String(key)).join("."), issue?.message ?? ""];
}

describe("schemas", () => {
  it("hand on what fits, without what is undefined", () => {
    const input = { to: { name: "ada" }, tags: ["a", "b"], counts: undefined };
    expect(safeParse(schema, input).output).toStrictEqual({ to: { name: "ada" }, tags: ["a", "b"] });
  });

  it.each<[unknown, string, string]>([
    [null, "", "expected an object"],
    ["text", "", "expected an object"],
    [{}, "to", "expected a word"],
    [{ to: "a b" }, "to", "expected a word"],
    [{ to: { name: "s3cr3t!" } }, "to.name", "expected a word"],
    [{ to: { name: "ada", age: 1 } }, "to.age", "expected no field of this name"],
    [{ to: "ada", tags: "a" }, "tags", "expected a list of at most 2"],
    [{ to: "ada", tags: ["a", "b", "c"] }, "tags", "expected a list of at most 2"],
    [{ to: "ada", tags: ["a", ""] }, "tags.1", "expected a word"],
    [{ to: "ada", counts: { a: 1, b: 10 } }, "counts.b", "expected a whole number from 0 to 9"],
    [{ to: "ada", counts: [1] }, "counts", "expected an object"],
    [{ to: "ada", counts: { "a b": 1 } }, "counts.a b", "expected a word"],
    [JSON.parse('{"to":"ada","counts":{"__proto__":1}}'), "counts.__proto__", "expected no field of this name"],
    [{ to: "ada", toString: "x" }, "toString", "expected no field of this name"],
  ])("find in %j the problem at %j", (input, path, message) => {
    expect(problem(input)).toEqual([path, message]);
  });

  it("are Valibot's and Standard Schemas", async () => {
    expect(is(schema, { to: "ada" })).toBe(true);
    expect(await schema["~standard"].validate({ to: "ada" })).toEqual({ value: { to: "ada" } });
    expect(await schema["~standard"].validate({ to: "" })).toHaveProperty("issues");
    expect(check(schema, { to: "ada" }).issues).toBeUndefined();
  });

  it("say inside of Valibot's own where the problem is", () => {
    const outer = strictObject({ message: schema });
    expect(safeParse(outer, { message: { to: "ada" } }).output).toEqual({ message: { to: "ada" } });
    const { success, issues } = safeParse(outer, { message: { to: "ada", tags: ["a", ""] } });
    expect(success).toBe(false);
    expect(issues?.map((issue) => getDotPath(issue))).toEqual(["message.tags.1"]);
  });
});
