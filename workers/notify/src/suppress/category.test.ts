import { describe, expect, it } from "vitest";
import { optionalCategory, readCategories } from "./category.ts";

describe("categories", () => {
  it("are transactional, which nobody can leave, and marketing", () => {
    const problems: string[] = [];
    const categories = readCategories(undefined, problems);
    expect(Array.from(categories.values(), ({ name, required }) => [name, required])).toEqual([
      ["transactional", true],
      ["marketing", false],
    ]);
    expect(problems).toEqual([]);
  });

  it("are those of the deployment too, required or not", () => {
    const problems: string[] = [];
    const json = '{"newsletter":{"title":"News"},"security":{"title":"Security","required":true}}';
    const categories = readCategories(json, problems);
    expect(optionalCategory(categories, "newsletter")).toBe("newsletter");
    expect(optionalCategory(categories, "security")).toBeUndefined();
    expect(optionalCategory(categories, null)).toBeUndefined();
    expect(optionalCategory(categories, "transactional")).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it("heed opt-outs when the deployment knows them no more", () => {
    expect(optionalCategory(readCategories(undefined, []), "gone")).toBe("gone");
  });

  it.each([
    "{",
    "[]",
    "null",
    '{"a":{}}',
    '{"A b":{"title":"x"}}',
    '{"a":{"title":"x","required":"yes"}}',
    '{"a":null}',
  ])("that cannot be read are said, and left out: %s", (json) => {
    const problems: string[] = [];
    expect([...readCategories(json, problems).keys()]).toEqual(["transactional", "marketing"]);
    expect(problems).toHaveLength(1);
  });

  it("do not let receipts be optional", () => {
    const problems: string[] = [];
    const categories = readCategories('{"transactional":{"title":"All","required":false}}', problems);
    expect(optionalCategory(categories, "transactional")).toBeUndefined();
    expect(problems).toHaveLength(1);
  });
});
