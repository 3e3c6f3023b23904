import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { simulatorCredentials } from "@carillon/simulator";
import { post, recipients, setUp, statuses, until, type Posted, type Rig } from "./rig.ts";

const { resend, postmark } = simulatorCredentials;

describe("garbage sent to the live service", () => {
  let rig: Rig;
  let posted: readonly Posted[];
  let before: unknown;

  beforeAll(async () => {
    rig = await setUp();
    posted = [];
    for (const provider of ["resend", "postmark", "sendgrid"]) {
      posted = [...posted, await post(rig, recipients(3), { provider })];
    }
    await until(
      () => statuses(rig, posted),
      ({ delivered }) => delivered === 9,
      20_000,
    );
    before = await everything();
  });
  afterAll(() => rig.tearDown());

  /** All that the API tells of the messages. */
  async function everything(): Promise<unknown> {
    const ids = posted.flatMap(({ messages }) => messages);
    return {
      messages: await Promise.all(ids.map((id) => rig.service.message(id))),
      suppressing: await rig.service.suppressingMessages(),
    };
  }

  async function send(path: string, init: RequestInit): Promise<number> {
    const response = await fetch(rig.url + path, { method: "POST", redirect: "manual", ...init });
    await response.arrayBuffer();
    return response.status;
  }

  const firstOf = (provider: number): string => posted[provider]?.messages[0] ?? "";

  it("refuses forged webhooks with 401", async () => {
    const bounce = bounceOf(firstOf(0));
    const forged: readonly (readonly [string, Record<string, string>])[] = [
      ["resend", {}],
      ["resend", svix(bounce, "whsec_" + Buffer.from("another secret").toString("base64"))],
      ["resend", { ...svix(bounce, resend.webhookSecret), "svix-id": "msg_other" }],
      ["resend", svix(bounce, resend.webhookSecret, -3_600)],
      ["resend", svix(bounce, resend.webhookSecret, 3_600)],
      ["sendgrid", {}],
      [
        "sendgrid",
        {
          "x-twilio-email-event-webhook-signature": "MEUCIQ==",
          "x-twilio-email-event-webhook-timestamp": "1600112502",
        },
      ],
      ["sendgrid", svix(bounce, resend.webhookSecret)],
      ["postmark", {}],
      ["postmark", basic("simulator", "wrong")],
      ["postmark", { authorization: "Bearer x" }],
    ];
    const answers: unknown[] = [];
    for (const [provider, headers] of forged)
      answers.push([provider, await send(`/v1/webhooks/${provider}`, { headers, body: bounce })]);
    expect(answers).toEqual(forged.map(([provider]) => [provider, 401]));
    expect(await everything()).toEqual(before);
  });

  it("answers a repeated webhook with 200, and nothing changes", async () => {
    for (const [provider] of posted.entries()) {
      const id = firstOf(provider);
      const webhooks = await rig.simulator.webhooksOf(id);
      expect(webhooks.length).toBeGreaterThan(0);
      for (const webhook of webhooks) {
        const answers = await Promise.all([1, 2, 3].map(() => rig.simulator.repeatWebhook(webhook)));
        expect(answers.flat()).toEqual([200, 200, 200]);
      }
    }
    expect(await everything()).toEqual(before);
  });

  it("takes junk that is rightly signed, or refuses it, and never fails over it", async () => {
    const unknown = `msg_00${"0".repeat(32)}`;
    const texts = [
      "",
      " ",
      "null",
      "true",
      "0",
      '""',
      "[]",
      "{}",
      "[null]",
      "[[]]",
      "{",
      "nonsense",
      "\u0000",
      "\ufeff{}",
    ];
    const bodies: readonly (string | Buffer)[] = [
      ...texts,
      ...[1, 100, 10_000].map((length) => randomBytes(length)),
      "[".repeat(20_000),
      '{"type":'.repeat(2_000),
      JSON.stringify({ type: "email.teleported", created_at: "never", data: null }),
      JSON.stringify({
        type: "email.bounced",
        data: { email_id: "nobody knows", tags: { carillon_message_id: unknown } },
      }),
      JSON.stringify({ type: "email.bounced", data: { tags: { carillon_message_id: "msg_ff" + "z".repeat(32) } } }),
      JSON.stringify({ RecordType: "Bounce", MessageID: 7, Metadata: [], Recipient: {} }),
      JSON.stringify({ RecordType: "Delivery", Metadata: { carillon_message_id: unknown }, DeliveredAt: "yesterday" }),
      JSON.stringify({ __proto__: { polluted: true }, constructor: 1 }),
    ];
    const failed: unknown[] = [];
    for (const body of bodies) {
      const attempts = [
        ["resend", svix(body, resend.webhookSecret)],
        ["postmark", basic(postmark.webhookUsername, postmark.webhookPassword)],
        ["sendgrid", {}],
      ] as const;
      for (const [provider, headers] of attempts) {
        const status = await send(`/v1/webhooks/${provider}`, {
          headers,
          body: typeof body === "string" ? body : new Uint8Array(body),
        });
        if (status >= 500) failed.push([provider, status, body.toString("utf8").slice(0, 80)]);
      }
    }
    expect(failed).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  it("refuses bodies over the limit, compressed ones, and methods that are not there", async () => {
    const large = "x".repeat(2_000_000);
    expect(await send("/v1/webhooks/resend", { headers: svix(large, resend.webhookSecret), body: large })).toBe(413);
    const authorization = basic(postmark.webhookUsername, postmark.webhookPassword);
    const compressed = { ...authorization, "content-encoding": "gzip" };
    expect(await send("/v1/webhooks/postmark", { headers: compressed, body: "{}" })).toBeLessThan(500);
    expect(await send("/v1/webhooks/nobody", { body: "{}" })).toBe(404);
    expect(await send("/v1/webhooks/resend", { method: "DELETE" })).toBe(404);
    expect(await everything()).toEqual(before);
  });

  it("refuses junk posted to the API, and writes nothing", async () => {
    const headers = {
      authorization: "Bearer crl_local_development_only_admin_key",
      "content-type": "application/json",
    };
    const messages = await rig.service.messages(100);
    const bodies = [
      "",
      "null",
      "[]",
      "{}",
      "{",
      '{"channel":"email"}',
      '{"channel":"pigeon","to":"x","content":{}}',
      "[".repeat(50_000),
      "\u0000",
    ];
    for (const path of ["/v1/notifications", "/v1/notifications/batch"]) {
      for (const body of bodies) {
        const status = await send(path, { headers, body });
        expect([400, 422], `${path} ${body.slice(0, 40)}`).toContain(status);
      }
      expect(await send(path, { headers: { "content-type": "application/json" }, body: "{}" })).toBe(401);
      expect(await send(path, { headers: { ...headers, authorization: "Bearer crl_nonsense" }, body: "{}" })).toBe(401);
    }
    expect(await rig.service.messages(100)).toEqual(messages);
    expect(await everything()).toEqual(before);
  });

  it("is as well as before, and takes what is rightly signed and makes sense", async () => {
    expect((await rig.service.health()).ok).toBe(true);
    const bounce = bounceOf(firstOf(0));
    expect(await send("/v1/webhooks/resend", { headers: svix(bounce, resend.webhookSecret), body: bounce })).toBe(200);
    expect(await rig.service.message(firstOf(0))).toMatchObject({ status: "bounced" });
    expect(await everything()).not.toEqual(before);
  });
});

function bounceOf(messageId: string): string {
  const bounce = { type: "Permanent", subType: "General", message: "No such user." };
  const data = { email_id: "b", to: ["delivered@simulator.test"], tags: { carillon_message_id: messageId }, bounce };
  return JSON.stringify({ type: "email.bounced", created_at: new Date().toISOString(), data });
}

/** Headers of a webhook in Svix's scheme, https://docs.svix.com/receiving/verifying-payloads/how-manual, as of `ageSeconds` from now. */
function svix(body: string | Buffer, secret: string, ageSeconds = 0): Record<string, string> {
  const id = `msg_${randomBytes(8).toString("hex")}`;
  const timestamp = String(Math.floor(Date.now() / 1000) + ageSeconds);
  const signature = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest("base64");
  return { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` };
}

function basic(username: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}
