import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../error/errors.ts";
import { receiveWebhook } from "../receive.ts";
import { ed25519OverTimestampAndBodyScheme } from "./signed-timestamp-ed25519.ts";

/** RFC 8032 section 7.1, TEST 1; the signature is made with npm tweetnacl 1.0.3. */
const signed = {
  publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  timestamp: "1700000000",
  body: '{"type":1}',
  signature:
    "1695961a47c91a1ec033b819b7e87e3dbc583dd0cee6d1fd0216f58ac87b6228ae531ddbf91fb7bc28d7edf7f08604da16f54624f38a6bc0614e4dc13cd47f0f",
};
const otherKey = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

async function reasonFor(more: Partial<typeof signed>, publicKeys = [signed.publicKey], toleranceSeconds?: number) {
  const { timestamp, body, signature } = { ...signed, ...more };
  const options = { publicKeys, signatureHeader: "x-signature", timestampHeader: "x-timestamp", toleranceSeconds };
  const source = {
    id: "acme",
    scheme: ed25519OverTimestampAndBodyScheme(options),
    parse: () => ({ events: [] }),
  };
  const headers = { "x-signature": signature, "x-timestamp": timestamp };
  const request = { method: "POST", url: "https://example.com/hook", headers, body };
  const received = await receiveWebhook(source, request, { now: () => new Date("2026-01-02T03:04:05Z") });
  return received.ok ? "accepted" : received.reason;
}

test("accepts the signature of any of its keys, at any time unless it is given a tolerance", async () => {
  expect(await reasonFor({})).toBe("accepted");
  expect(await reasonFor({}, [otherKey, signed.publicKey])).toBe("accepted");
  expect(await reasonFor({}, [otherKey])).toBe("signature-mismatch");
  expect(await reasonFor({}, [signed.publicKey], 300)).toBe("stale");
  expect(await reasonFor({}, [signed.publicKey], 1_000_000_000)).toBe("accepted");
});

test.each<[string, Partial<typeof signed>]>([
  ["another time", { timestamp: "1700000001" }],
  ["another body", { body: '{"type":1} ' }],
  ["a signature of 63 bytes", { signature: signed.signature.slice(0, -2) }],
  ["a signature of 65 bytes", { signature: `${signed.signature}00` }],
  ["a signature in upper case", { signature: signed.signature.toUpperCase() }],
  ["a signature in base64", { signature: "FpWWGkfJGh7AM7gZt+h+PbxYPdDO5tH9Ahb1ishLYiiuUx3b" }],
  ["digits of the time in the body", { timestamp: "17000000", body: `00${signed.body}` }],
  ["the first of the body in the time", { timestamp: "1700000000{", body: '"type":1}' }],
])("rejects %s", async (_, more) => {
  expect(await reasonFor(more)).toBe("signature-mismatch");
});

/** RFC 8032 section 5.1.7 wants S below the group's order L: S + L would be a second signature of the same message. */
test("rejects the other spelling of a signature, whose S is larger by the order of the group", async () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const littleEndian = (hex: string): string => (hex.match(/../g) ?? []).toReversed().join("");
  const s = BigInt(`0x${littleEndian(signed.signature.slice(64))}`);
  const larger = littleEndian((s + order).toString(16).padStart(64, "0"));
  expect(await reasonFor({ signature: signed.signature.slice(0, 64) + larger })).toBe("signature-mismatch");
});

describe("keys", () => {
  test.each([
    ["none", []],
    ["an empty one", [""]],
    ["one of 31 bytes", [signed.publicKey.slice(2)]],
    ["one of 33 bytes", [`${signed.publicKey}00`]],
    ["one in upper case", [signed.publicKey.toUpperCase()]],
    ["a bad one beside a good one", [signed.publicKey, "s3cr3t"]],
    ["one with a stray newline", [`${signed.publicKey}\n`]],
  ])("are refused: %s", (_, publicKeys) => {
    const make = (): unknown =>
      ed25519OverTimestampAndBodyScheme({ publicKeys, signatureHeader: "x-signature", timestampHeader: "x-timestamp" });
    expect(make).toThrow(ConfigurationError);
    expect(make).not.toThrow("s3cr3t");
  });
});
