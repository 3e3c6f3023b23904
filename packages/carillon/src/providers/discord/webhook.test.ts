import { expect, test } from "vitest";
import { receiveWebhook, type ReceivedWebhook } from "../../webhook/receive.ts";
import { discordWebhook } from "./webhook.ts";

/** RFC 8032 section 7.1, TEST 1; the signatures are made with npm tweetnacl 1.0.3. */
const publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const ping = {
  timestamp: "1700000001",
  body: '{"version":1,"application_id":"1234560123453231555","type":0}',
  signature:
    "96bf4e1b5f9d42b52be5d5b608df3604ed7dea58f7289c5cd1f654f5085fa1f50e78afa54d9a77814854f2ab5b923de409674dfad7403a46d72bc90784a35103",
};

function receive(more: Partial<typeof ping> = {}): Promise<ReceivedWebhook> {
  const { timestamp, body, signature } = { ...ping, ...more };
  const headers = { "X-Signature-Timestamp": timestamp, "X-Signature-Ed25519": signature };
  const request = new Request("https://app.example.com/v1/webhooks/discord", { method: "POST", headers, body });
  return receiveWebhook(discordWebhook({ publicKey }), request);
}

test("answers Discord's PING as it must be answered for the endpoint to be taken", async () => {
  const { ok, response } = await receive();
  expect(ok).toBe(true);
  expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
    204,
    "application/json",
    "",
  ]);
});

test.each([
  ["changed", { body: `${ping.body} ` }],
  ["of another time", { timestamp: "1700000002" }],
  ["signed by nobody", { signature: "0".repeat(128) }],
  ["with half a signature", { signature: ping.signature.slice(0, 64) }],
])("answers 401 to a PING that is %s, which Discord sends on purpose", async (_, more) => {
  const { ok, response } = await receive(more);
  expect([ok, response.status]).toEqual([false, 401]);
});

test.each([
  ["no key", {}],
  ["half a key", { publicKey: publicKey.slice(32) }],
  ["the application's id instead", { publicKey: "1234560123453231555" }],
  ["an unknown option", { publicKey, secret: "s3cr3t" }],
])("cannot be made with %s", (_, options) => {
  expect(() => discordWebhook(options as never)).toThrow(
    expect.objectContaining({ code: "ERR_CARILLON_CONFIGURATION" }),
  );
  expect(() => discordWebhook(options as never)).not.toThrow("s3cr3t");
});
