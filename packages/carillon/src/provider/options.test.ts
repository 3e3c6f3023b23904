import { expect, test } from "vitest";
import { ConfigurationError } from "../error/errors.ts";
import { checkOptions, flag, optionProblems, positive, record, secret, secrets, text, url } from "./options.ts";
import { readSecret } from "./secret.ts";
import type { Rule } from "../rule/rule.ts";

const mode: Rule = (value) => value === "a" || "a";
const required = { apiKey: secret };
const rules = { baseUrl: url, secret: secrets, mode };
const kinds = { text, secret, secrets, url, flag, positive, record };

test("names every problem at once, an unknown option included, and echoes no value", () => {
  const options = {
    apiKey: "re_secret\n",
    baseUrl: "javascript:alert(1)",
    secret: ["ok", " "],
    mode: "c",
    apikey: "re_other",
  };
  let caught: unknown;
  try {
    checkOptions("resend", options, required, rules);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ConfigurationError);
  const { problems, message } = caught as ConfigurationError;
  expect(problems.map((problem) => /^(\w+): /.exec(problem)?.[1])).toEqual([
    "apiKey",
    "baseUrl",
    "secret",
    "mode",
    "apikey",
  ]);
  expect(message).toMatch(/^resend: /);
  for (const value of ["re_secret", "javascript", "re_other"]) expect(message).not.toContain(value);
});

test.each([undefined, null, "re_key", 5, []])("refuses %j in place of options", (options) => {
  expect(() => checkOptions("resend", options, required, rules)).toThrow(ConfigurationError);
});

test.each([
  ["text", "x", ["", " ", 1]],
  ["secret", "re_1", ["", "a b", "é", "a\n"]],
  ["secrets", ["a", "b"], ["", [], [""], [1]]],
  ["url", "http://localhost:8788", ["localhost", "ftp://x", ""]],
  ["flag", false, ["false", 0]],
  ["positive", 0.5, [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1"]],
  ["record", {}, [[], null, "{}"]],
] as const)("%s takes what it says, absent only where it is optional", (kind, good, bad) => {
  const ruled = { x: kinds[kind] };
  expect(optionProblems({ x: good }, {}, ruled)).toEqual([]);
  for (const value of bad) {
    expect(optionProblems({ x: value }, {}, ruled)).toHaveLength(1);
    expect(optionProblems({ x: value }, ruled)).toHaveLength(1);
  }
  expect(optionProblems({}, {}, ruled)).toHaveLength(1);
  expect(optionProblems({ x: undefined }, ruled)).toEqual([]);
});

test("reads a secret anew each time, and refuses one that cannot stand in a header", async () => {
  let calls = 0;
  const next = async (): Promise<string> => `key_${++calls}`;
  expect([await readSecret(next), await readSecret(next)]).toEqual(["key_1", "key_2"]);
  const failing = async (): Promise<string> => {
    throw new Error("vault is sealed");
  };
  // The core catches it, and reports nothing of it.
  await expect(readSecret(failing)).rejects.toThrow("vault is sealed");
  expect(await readSecret(async () => "two words")).toMatchObject({ ok: false, kind: "unauthorized" });
});
