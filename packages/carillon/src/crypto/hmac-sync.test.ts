import { expect, test } from "vitest";
import { toHex, utf8 } from "./bytes.ts";
import { hmacSha256 } from "./hmac-sync.ts";
import { signHmac } from "./hmac.ts";

/** https://www.rfc-editor.org/rfc/rfc4231 sections 4.2, 4.3 and 4.4 (read 2026-11-23). */
test.each([
  [new Uint8Array(20).fill(0x0b), utf8("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
  [
    utf8("Jefe"),
    utf8("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
])("signs as RFC 4231 prints", (key, message, expected) => {
  expect(toHex(hmacSha256(key)(message))).toBe(expected);
});

test("signs as WebCrypto does, whatever the lengths of key and message", async () => {
  const random = crypto.getRandomValues(new Uint8Array(400));
  for (let length = 1; length <= 260; length++) {
    const key = random.slice(0, 1 + (length % 64));
    const message = random.subarray(400 - length);
    const sign = hmacSha256(key);
    expect(sign(message)).toEqual(await signHmac("SHA-256", key, message.slice()));
    expect(sign(message)).toEqual(sign(message));
  }
});
