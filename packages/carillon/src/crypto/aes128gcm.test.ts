import { expect, test } from "vitest";
import { encryptAes128Gcm } from "./aes128gcm.ts";
import { fromBase64Url, toBase64Url, utf8 } from "./bytes.ts";

/** https://www.rfc-editor.org/rfc/rfc8188#section-3.1 (read 2026-11-23). */
const rfc8188 = {
  secret: fromBase64Url("yqdlZ-tYemfogSmv7Ws5PQ") as Uint8Array,
  salt: fromBase64Url("I1BsxtFttlv3u_Oo94xnmw") as Uint8Array,
  body: "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg",
};

test("makes the body of RFC 8188, section 3.1", async () => {
  const { secret, salt, body } = rfc8188;
  const made = await encryptAes128Gcm(secret, salt, new Uint8Array(), utf8("I am the walrus"));
  expect(toBase64Url(made)).toBe(body);
});

test("names its key, and pads with zeros after the delimiter, never cutting", async () => {
  const { secret, salt, body } = rfc8188;
  const head = 21 + 2;
  const text = utf8("I am the walrus");
  for (const [paddedBytes, length] of [
    [0, 15],
    [15, 15],
    [16, 16],
    [100, 100],
  ] as const) {
    const made = await encryptAes128Gcm(secret, salt, utf8("a1"), text, paddedBytes);
    expect([...made.subarray(16, head)]).toEqual([0, 0, 16, 0, 2, 0x61, 0x31]);
    expect(made).toHaveLength(head + length + 1 + 16);
    // The key stream is that of the RFC's example, so the beginning is, too.
    expect(made.slice(head, head + 16)).toEqual((fromBase64Url(body) as Uint8Array).slice(21, 37));
  }
});
