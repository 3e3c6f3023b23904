import { expect, test } from "vitest";
import { concatBytes, fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, toHex, utf8 } from "./bytes.ts";

/** RFC 4648 section 10. */
const rfc4648 = [
  ["", "", ""],
  ["f", "Zg==", "66"],
  ["fo", "Zm8=", "666f"],
  ["foo", "Zm9v", "666f6f"],
  ["foob", "Zm9vYg==", "666f6f62"],
  ["fooba", "Zm9vYmE=", "666f6f6261"],
  ["foobar", "Zm9vYmFy", "666f6f626172"],
] as const;

test.each(rfc4648)("codes %j as RFC 4648 does", (text, base64, hex) => {
  const bytes = utf8(text);
  const base64Url = base64.replaceAll("=", "");
  expect([toBase64(bytes), toBase64Url(bytes), toHex(bytes)]).toEqual([base64, base64Url, hex]);
  expect([fromBase64(base64), fromBase64Url(base64Url), fromHex(hex)]).toEqual([bytes, bytes, bytes]);
});

test("codes every byte, and more bytes than one call takes arguments", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256);
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
  expect(fromHex(toHex(bytes))).toEqual(bytes);
  expect(toBase64(Uint8Array.of(0xfb, 0xff))).toBe("+/8=");
  expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe("-_8");
});

test.each([
  ["no padding", "Zg"],
  ["half of the padding", "Zg="],
  ["too much padding", "Zm9v="],
  ["trailing bits that are not zero", "Zh=="],
  ["trailing bits that are not zero", "Zm9="],
  ["a line break at the end", "Zm9v\n"],
  ["a space within", "Zm 9v"],
  ["the URL-safe alphabet", "-_8="],
  ["a character of no alphabet", "Zm9*"],
  ["a character beyond ASCII", "Zm9\u017f"],
])("reads no base64 with %s", (_, text) => {
  expect(fromBase64(text)).toBeUndefined();
});

test.each([
  ["padding", "Zg=="],
  ["trailing bits that are not zero", "Zh"],
  ["the standard alphabet", "+/8"],
  ["an impossible length", "Zm9vY"],
  ["white space", "Zm9v "],
])("reads no base64url with %s", (_, text) => {
  expect(fromBase64Url(text)).toBeUndefined();
});

test.each([
  ["an odd length", "abc"],
  ["upper case", "AB"],
  ["no digits", "0x"],
  ["a sign", "+1"],
])("reads no hexadecimal with %s", (_, text) => {
  expect(fromHex(text)).toBeUndefined();
});

test("joins parts in order, none too", () => {
  expect(concatBytes(utf8("a"), new Uint8Array(), utf8("bc"))).toEqual(utf8("abc"));
  expect(concatBytes()).toEqual(new Uint8Array());
});
