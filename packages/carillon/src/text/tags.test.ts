import { expect, test } from "vitest";
import { readTags, tagProblems, toTag, toTags } from "./tags.ts";

const metadata = {
  plain: "a-b_C9",
  symbols: "a@b.c d/é漢🎉",
  empty: "",
  carillon_tag_x: "mine",
  carillon_utf8_x: "mine",
  carillon_envelope: "mine",
};

test("metadata of any characters and any name comes back from tags as it was", () => {
  const tags = toTags(metadata, ["label"]);
  for (const { name, value } of tags) expect(`${name}=${value}`).toMatch(/^[\w-]+=[\w-]+$/);
  expect(readTags(Object.fromEntries(tags.map(({ name, value }) => [name, value])))).toEqual(metadata);
});

test("a value of the alphabet stays readable, another is encoded under a name that says so", () => {
  expect(toTag("a", "b")).toEqual({ name: "a", value: "b" });
  expect(toTag("a", "é")).toEqual({ name: "carillon_utf8_a", value: "_w6k" });
});

test("what no tag can hold is named by its field", () => {
  const fits = { readable: "x".repeat(256), encoded: "é".repeat(95) };
  expect([...tagProblems(fits)]).toEqual([]);
  expect([...tagProblems({ ...fits, a: "x".repeat(257), b: "é".repeat(96) })].map(([field]) => field)).toEqual([
    "metadata.a",
    "metadata.b",
  ]);
});

test.each([["_w6"], ["w6k"], [1]])("an encoded value that nobody wrote is left out: %j", (value) => {
  expect(readTags({ carillon_utf8_a: value, b: "c" })).toEqual({ b: "c" });
});
