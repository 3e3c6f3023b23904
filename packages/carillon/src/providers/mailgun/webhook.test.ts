import { expect, test } from "vitest";
import { toHex, utf8 } from "../../crypto/bytes.ts";
import { signHmac } from "../../crypto/hmac.ts";
import { receiveWebhook, type ReceivedWebhook, type ReceiveOptions } from "../../webhook/receive.ts";
import type { MailgunWebhookOptions } from "./options.ts";
import { mailgunWebhook } from "./webhook.ts";

const now = new Date("2026-01-02T03:04:05Z");
const seconds = Math.floor(now.getTime() / 1000);
const token = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123";
const event = { event: "delivered", id: "a", timestamp: seconds, recipient: "ada@example.com" };

const sign = async (text: string, key = "key"): Promise<string> =>
  toHex(await signHmac("SHA-256", utf8(key), utf8(text)));

async function receive(
  signature: object,
  options: Partial<MailgunWebhookOptions> = {},
  more: ReceiveOptions = {},
): Promise<ReceivedWebhook> {
  const body = JSON.stringify({ signature, "event-data": event });
  const request = { method: "POST", url: "https://example.com/", headers: {}, body };
  return receiveWebhook(mailgunWebhook({ signingKey: "key", ...options }), request, { now: () => now, ...more });
}

const reason = (received: ReceivedWebhook): string => (received.ok ? "accepted" : received.reason);

test("takes the timestamp as a text and as a number, and as nothing else", async () => {
  const signature = await sign(`${seconds}${token}`);
  for (const [timestamp, expected] of [
    [`${seconds}`, "accepted"],
    [seconds, "accepted"],
    [seconds + 0.5, "signature-mismatch"],
    [[seconds], "signature-mismatch"],
    [null, "signature-mismatch"],
    [` ${seconds}`, "signature-mismatch"],
  ] as const) {
    expect(reason(await receive({ timestamp, token, signature }))).toBe(expected);
  }
});

test("does not let the timestamp's last digits become the token's first ones", async () => {
  const signature = await sign(`${seconds}${token}`);
  for (const digits of [1, 5, 9]) {
    const timestamp = `${seconds}`.slice(0, -digits);
    const longer = `${seconds}`.slice(-digits) + token;
    expect(reason(await receive({ timestamp, token: longer, signature }))).toBe("signature-mismatch");
  }
});

test("takes what the parent account signed for its subaccount, and no other name of a signature", async () => {
  const [theirs, ours] = await Promise.all([sign(`${seconds}${token}`, "sub"), sign(`${seconds}${token}`)]);
  const signed = { timestamp: seconds, token, signature: theirs };
  expect(reason(await receive(signed))).toBe("signature-mismatch");
  expect(reason(await receive({ ...signed, "parent-signature": ours }))).toBe("accepted");
  expect(reason(await receive({ ...signed, "parent-signature": theirs }))).toBe("signature-mismatch");
  expect(reason(await receive({ ...signed, "other-signature": ours }))).toBe("signature-mismatch");
});

test("takes a webhook that Mailgun sent again for 8 hours, unless it is told another tolerance", async () => {
  const old = seconds - 8 * 3600 - 300;
  const signed = { timestamp: `${old}`, token, signature: await sign(`${old}${token}`) };
  expect(reason(await receive(signed))).toBe("accepted");
  expect(reason(await receive(signed, { toleranceSeconds: 600 }))).toBe("stale");
  expect(() => mailgunWebhook({ signingKey: "key", toleranceSeconds: 0 })).toThrow(/toleranceSeconds/);
});

test("asks whether the token was seen, only once the signature held", async () => {
  const asked: unknown[] = [];
  const seen = (...question: unknown[]): boolean => asked.push(question) > 1;
  const signed = { timestamp: `${seconds}`, token, signature: await sign(`${seconds}${token}`) };
  expect(reason(await receive({ ...signed, token: "other" }, {}, { seen }))).toBe("signature-mismatch");
  expect(asked).toEqual([]);
  expect(reason(await receive(signed, {}, { seen }))).toBe("accepted");
  expect(reason(await receive(signed, {}, { seen }))).toBe("replayed");
  expect(asked[0]).toEqual([`mailgun:${token}`, 2 * 32_400]);
});

test("keeps the event as it arrived, without the signature, which would vouch for others", async () => {
  const received = await receive({ timestamp: seconds, token, signature: await sign(`${seconds}${token}`) });
  expect(received.ok && received.events.map(({ raw }) => raw)).toEqual([event]);
});
