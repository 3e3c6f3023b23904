import { expect, test } from "vitest";
import { ConfigurationError } from "../error/errors.ts";
import { checkOptions, oneOf, optional, optionProblems, required } from "./options.ts";
import { readSecret } from "./secret.ts";

const rules = { apiKey: required.secret, baseUrl: optional.url, secret: optional.secrets, mode: oneOf("a", "b") };

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
    checkOptions("resend", options, rules);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ConfigurationError);
  const { problems, message } = caught as ConfigurationError;
  expect(problems.map((problem) => /"(\w+)"/.exec(problem)?.[1])).toEqual([
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
  expect(() => checkOptions("resend", options, rules)).toThrow(ConfigurationError);
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
  const requiredRule = { x: required[kind] };
  expect(optionProblems({ x: good }, requiredRule)).toEqual([]);
  for (const value of bad) expect(optionProblems({ x: value }, requiredRule)).toHaveLength(1);
  expect(optionProblems({}, requiredRule)).toHaveLength(1);
  expect(optionProblems({ x: undefined }, { x: optional[kind] })).toEqual([]);
});

test("reads a secret anew each time, and says when there is none without saying why", async () => {
  let calls = 0;
  const secret = async (): Promise<string> => `key_${++calls}`;
  expect([await readSecret("apiKey", secret), await readSecret("apiKey", secret)]).toEqual(["key_1", "key_2"]);
  const failing = await readSecret("apiKey", async () => {
    throw new Error("vault says re_secret");
  });
  expect(failing).toEqual({
    ok: false,
    kind: "unavailable",
    notAccepted: true,
    detail: 'The function for "apiKey" failed',
  });
  expect(await readSecret("apiKey", async () => "two words")).toMatchObject({ ok: false, kind: "unauthorized" });
});
