import { expect, test } from "vitest";
import { isBase64 } from "./bytes.ts";
import { derSignature } from "./der.ts";
import { parseMailbox, parseMailboxList } from "./mailbox.ts";

test.each([
  ["ada@example.com", { email: "ada@example.com" }],
  ["Ada <ada@example.com>", { email: "ada@example.com", name: "Ada" }],
  ['"Lovelace, \\"Ada\\"" <ada@example.com>', { email: "ada@example.com", name: 'Lovelace, "Ada"' }],
  ["<ada@example.com>", { email: "ada@example.com" }],
  ["ada@münchen.example", { email: "ada@münchen.example" }],
  ["ada", undefined],
  ["ada@example", undefined],
  ["ada@@example.com", undefined],
  ["Ada <ada@example.com>, x@example.com", undefined],
  ["A\r\nBcc: x@example.com <ada@example.com>", undefined],
  ["a@example.com <b@example.com", undefined],
])("reads %j as %j", (text, mailbox) => {
  expect(parseMailbox(text)).toEqual(mailbox);
});

test("splits a list at its commas, but not in quoted names", () => {
  expect(parseMailboxList('"Doe, J" <j@example.com>, a@example.com')?.map(({ email }) => email)).toEqual([
    "j@example.com",
    "a@example.com",
  ]);
  expect(parseMailboxList("")).toEqual([]);
  expect(parseMailboxList("a@example.com, b")).toBeUndefined();
  expect(parseMailboxList("a@example.com,,b@example.com")).toBeUndefined();
});

test("takes padded base64 only", () => {
  expect(["eA==", "eHh4", "eH\r\nh4"].map(isBase64)).toEqual([true, true, true]);
  expect(["", "eA", "e-_4", "eA===", "=eA="].map(isBase64)).toEqual([false, false, false, false, false]);
});

test("writes signatures in DER's shortest form", () => {
  const raw = new Uint8Array(64);
  raw[31] = 0x7f;
  raw[32] = 0x80;
  const expected = [0x30, 0x26, 0x02, 0x01, 0x7f, 0x02, 0x21, 0x00, 0x80, ...new Uint8Array(31)];
  expect([...derSignature(raw)]).toEqual(expected);
});
