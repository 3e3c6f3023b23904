import { simulatorCredentials } from "@carillon/simulator";
import { describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { accept, env, message, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { simulator } from "./worker.ts";

const { accountSid, authToken, from } = simulatorCredentials.twilio;

/** What it makes of a text to a number of the simulator, once that is over. */
async function texted(to: string, status: string): Promise<MessageBody> {
  const { messages } = await accept({ channel: "sms", to, content: { text: "Hi" } });
  return untilStatus(messages[0]!.id, status);
}

async function isSuppressed(number: string): Promise<boolean> {
  const query = "SELECT 1 FROM suppression WHERE address_key = ? AND removed_at IS NULL";
  return (await env.DB.prepare(query).bind(number).first()) !== null;
}

/** Over the URL as Twilio called it, and the fields in their order. */
async function signatureOf(url: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(authToken), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(url + sorted.flat().join("")));
  return btoa(String.fromCharCode(...new Uint8Array(mac)));
}

describe("a text message", () => {
  it("is delivered, as Twilio's callbacks say, at the time at which they came", async () => {
    const before = Date.now();
    const { milestones } = await texted("+15005550010", "delivered");
    for (const name of ["sent", "delivered"]) {
      expect(Date.parse(milestones[name] ?? "")).toBeGreaterThanOrEqual(before - 1000);
    }
  });

  it("that no phone can get suppresses the number, one that was not got now does not", async () => {
    await texted("+15005550012", "soft_bounced");
    await texted("+15005550011", "bounced");
    await expect.poll(() => isSuppressed("+15005550011"), { timeout: 5_000 }).toBe(true);
    expect(await isSuppressed("+15005550012")).toBe(false);
    await texted("+15005550011", "suppressed");
  });

  it("that is answered with STOP is the last to the number, and START begins anew", async () => {
    const number = "+15005550014";
    await texted(number, "delivered");
    await expect.poll(() => isSuppressed(number), { timeout: 5_000 }).toBe(true);
    const { messages } = await accept({ channel: "sms", to: number, content: { text: "Hi" } });
    const { timeline } = await untilStatus(messages[0]!.id, "suppressed");
    expect(timeline.at(-1)).toMatchObject({ rule: "suppression", reason: "unsubscribed", scope: "all" });
    const url = "https://carillon.test/v1/webhooks/twilio";
    const fields = {
      MessageSid: `SM${"1".repeat(32)}`,
      SmsStatus: "received",
      OptOutType: "START",
      From: number,
      To: from,
    };
    const headers = { "x-twilio-signature": await signatureOf(url, fields) };
    const body = new URLSearchParams(fields);
    expect((await app.request(url, { method: "POST", headers, body }, env)).status).toBe(200);
    await expect.poll(() => isSuppressed(number), { timeout: 5_000 }).toBe(false);
  });

  it("to somebody who has opted out at Twilio is refused, and suppresses the number", async () => {
    await texted("+15005550004", "suppressed");
    await expect.poll(() => isSuppressed("+15005550004"), { timeout: 5_000 }).toBe(true);
  });
});

describe("a callback behind a proxy", () => {
  /** Signed for the URL that Twilio called, and handed on to another one, with the query as it was. */
  async function answerOf(signed: string, variables: Readonly<Record<string, string>>, id: string): Promise<number> {
    const query = `?carillon-environment=development&carillon_message_id=${id}`;
    const fields = {
      AccountSid: accountSid,
      From: from,
      MessageSid: `SM${"0".repeat(32)}`,
      MessageStatus: "delivered",
    };
    const response = await app.request(
      `http://10.0.0.7:8080/v1/webhooks/twilio${query}`,
      {
        method: "POST",
        headers: { "x-twilio-signature": await signatureOf(signed + query, fields) },
        body: new URLSearchParams(fields),
      },
      { ...env, TWILIO_STATUS_CALLBACK: undefined, ...variables },
    );
    return response.status;
  }

  /** Refused by its provider for good, so that nothing but a callback speaks for it. */
  async function failed(): Promise<string> {
    return (await texted("+15005550009", "failed")).id;
  }

  it.each([
    ["the public URL is said", "https://hooks.example/sms", { TWILIO_WEBHOOK_PUBLIC_URL: "https://hooks.example/sms" }],
    [
      "its origin is said, and the path is the same",
      "https://hooks.example/v1/webhooks/twilio",
      { TWILIO_WEBHOOK_PUBLIC_URL: "https://hooks.example" },
    ],
    ["it is what messages name", "https://hooks.example/sms", { TWILIO_STATUS_CALLBACK: "https://hooks.example/sms" }],
    ["nothing is said, and nothing differs", "http://10.0.0.7:8080/v1/webhooks/twilio", {}],
  ])("is taken when %s", async (_what, signed, variables) => {
    const id = await failed();
    expect(await answerOf(signed, variables as Record<string, string>, id)).toBe(200);
    expect((await message(id)).status).toBe("delivered");
  });

  it("is refused when nothing says where Twilio called", async () => {
    const id = await failed();
    expect(await answerOf("https://hooks.example/sms", {}, id)).toBe(401);
    const other = { TWILIO_WEBHOOK_PUBLIC_URL: "https://other.example/sms" };
    expect(await answerOf("https://hooks.example/sms", other, id)).toBe(401);
    expect((await message(id)).status).toBe("failed");
  });
});

it("tells the simulator's inbox what a text looks like on its way", async () => {
  const { messages } = await accept({ channel: "sms", to: "+15005550010", content: { text: "é".repeat(161) } });
  await untilStatus(messages[0]!.id, "delivered");
  const [summary] = simulator.store.messages({ messageId: messages[0]!.id }, 1).items;
  expect(simulator.store.message(summary?.id ?? "")?.content).toMatchObject({ kind: "sms", segments: { length: 2 } });
});
