import { expect, test } from "vitest";
import { readCorrelation } from "./correlation.ts";
import { formatMailbox } from "./mailbox.ts";
import { smtpCodeOf, textOf, timeOf, wordOf } from "./reading.ts";

test("takes the first time that can be one, and the epoch when none can", () => {
  expect(timeOf("never", 1e300, -5, null, "1767323045", 1).toISOString()).toBe("2026-01-02T03:04:05.000Z");
  expect(timeOf("2026-01-02T03:04:05.1234567Z").toISOString()).toBe("2026-01-02T03:04:05.123Z");
  expect(timeOf("+275760-09-13T00:00:00Z", {}, undefined).getTime()).toBe(0);
});

test.each([
  ["550 5.1.1 user unknown", "5.1.1"],
  ["smtp; 452 mailbox full", "452"],
  ["see port 5500 and 2026", undefined],
  [5, undefined],
])("reads the code of %j as %s", (reply, code) => {
  expect(smtpCodeOf(reply)).toBe(code);
});

test("keeps only texts, and those whole: a cut could halve a secret before it is redacted", () => {
  expect(textOf("x".repeat(5000))).toHaveLength(5000);
  expect([textOf(""), textOf(5), textOf(["x"])]).toEqual([undefined, undefined, undefined]);
});

test("reads texts and numbers as words, and never asks an object what it would be called", () => {
  const deep: unknown = JSON.parse("[".repeat(10_000) + "]".repeat(10_000));
  const named: unknown = JSON.parse('{"toString":"x"}');
  expect([wordOf("a"), wordOf(7)]).toEqual(["a", "7"]);
  for (const value of [deep, named, {}, null, undefined, true, ""]) expect(wordOf(value)).toBeUndefined();
});

test("quotes names so that none can become an address", () => {
  expect(formatMailbox({ email: "a@example.com" })).toBe("a@example.com");
  expect(formatMailbox({ email: "a@example.com", name: 'Eve" <eve@example.com>, "\\' })).toBe(
    '"Eve\\" <eve@example.com>, \\"\\\\" <a@example.com>',
  );
});

test("leaves out of carried metadata what cannot have been ours", () => {
  const carried = JSON.parse(
    `{"carillon_message_id":"msg_1","carillon_environment":"test","a b":"x","n":5,"long":"${"x".repeat(257)}","__proto__":"data","ok":""}`,
  );
  const { messageId, metadata } = readCorrelation(carried);
  expect(messageId).toBe("msg_1");
  expect(Object.entries(metadata ?? {})).toEqual([
    ["carillon_environment", "test"],
    ["__proto__", "data"],
    ["ok", ""],
  ]);
  for (const junk of [null, 5, "x", [], { carillon_message_id: 7 }]) {
    expect(readCorrelation(junk)).toEqual({ messageId: undefined, metadata: undefined });
  }
});
