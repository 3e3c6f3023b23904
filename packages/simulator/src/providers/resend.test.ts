import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator } from "../simulator.ts";
import { credentials, post, receiver, send } from "../test/calls.ts";
import { fromBase64, utf8 } from "../wire/bytes.ts";

const emails = "https://api.resend.com/emails";
const headers = credentials.resend;
const email = { from: "Ada <ada@example.com>", to: ["bob@example.com"], subject: "Hi", html: "<p>x</p>" };
const many = (count: number, make: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe("what Resend refuses", () => {
  test.each([
    ["no API key", { ...headers, authorization: "" }, email, 401, "missing_api_key"],
    ["another API key", { ...headers, authorization: "Bearer re_other" }, email, 403, "invalid_api_key"],
    ["broken JSON", headers, "{", 400, "validation_error"],
    ["a missing field", headers, { ...email, from: undefined }, 422, "missing_required_field"],
    ["no content", headers, { ...email, html: undefined }, 422, "missing_required_field"],
    ["an unknown field", headers, { ...email, replyTo: "x@example.com" }, 422, "validation_error"],
    ["a from that is no address", headers, { ...email, from: "Ada" }, 422, "invalid_from_address"],
    [
      "a from with a line break",
      headers,
      { ...email, from: "A\r\nBcc: x <a@example.com>" },
      422,
      "invalid_from_address",
    ],
    ["a recipient that is no address", headers, { ...email, to: ["nope"] }, 422, "validation_error"],
    ["51 recipients", headers, { ...email, to: many(51, (i) => `r${i}@example.com`) }, 422, "validation_error"],
    ["a header name with a space", headers, { ...email, headers: { "X Y": "z" } }, 422, "validation_error"],
    ["a header value with a line break", headers, { ...email, headers: { "X-Y": "a\r\nb" } }, 422, "validation_error"],
    ["a tag with a dot", headers, { ...email, tags: [{ name: "a.b", value: "c" }] }, 422, "validation_error"],
    [
      "an attachment that is not base64",
      headers,
      { ...email, attachments: [{ filename: "a", content: "???" }] },
      422,
      "invalid_attachment",
    ],
    [
      "a long idempotency key",
      { ...headers, "idempotency-key": "k".repeat(257) },
      email,
      400,
      "invalid_idempotency_key",
    ],
  ])("refuses %s", async (_, sent, body, status, name) => {
    const simulator = createSimulator();
    const answer = await post(simulator, emails, sent, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ statusCode: status, name });
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("refuses another path and another method", async () => {
    const simulator = createSimulator();
    expect((await post(simulator, "https://api.resend.com/mails", headers, email)).json).toMatchObject({
      name: "not_found",
    });
    expect((await post(simulator, emails, headers, email, { method: "PUT" })).status).toBe(405);
  });
});

describe("batches", () => {
  const batch = `${emails}/batch`;

  test("answers with the ids in order, and drops what a batch does not carry", async () => {
    const simulator = createSimulator();
    const attachments = [{ filename: "a.txt", content: "eA==" }];
    const answer = await post(simulator, batch, headers, [
      { ...email, attachments },
      { ...email, to: "c@example.com" },
    ]);
    const [second, first] = simulator.store.messages({}, 10).items;
    expect(answer.json).toEqual({ data: [{ id: first?.providerMessageId }, { id: second?.providerMessageId }] });
    expect(first?.attachmentCount).toBe(0);
    expect(second?.recipients).toEqual(["c@example.com"]);
  });

  test("fails whole for one bad email, unless it is permissive", async () => {
    const simulator = createSimulator();
    const items = [email, { ...email, to: "nope" }];
    expect((await post(simulator, batch, headers, items)).json).toMatchObject({
      statusCode: 422,
      name: "validation_error",
    });
    expect(simulator.store.messages({}, 10).items).toHaveLength(0);
    const permissive = await post(simulator, batch, { ...headers, "x-batch-validation": "permissive" }, items);
    expect(permissive.json).toMatchObject({ data: [{}], errors: [{ index: 1 }] });
    expect(simulator.store.messages({}, 10).items).toHaveLength(1);
  });

  test("refuses 101 emails", async () => {
    expect(
      (
        await post(
          createSimulator(),
          batch,
          headers,
          many(101, () => email),
        )
      ).status,
    ).toBe(422);
  });
});

describe("idempotency keys", () => {
  test("answer the same request again, refuse another one, and are forgotten after 24 hours", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const simulator = createSimulator({ now: () => new Date(now) });
    const first = await send.resend(simulator, "a@example.com", { key: "k", messageId: "m" });
    expect((await send.resend(simulator, "a@example.com", { key: "k", messageId: "m" })).json).toEqual(first.json);
    expect((await send.resend(simulator, "b@example.com", { key: "k", messageId: "m" })).json).toMatchObject({
      statusCode: 409,
      name: "invalid_idempotent_request",
    });
    expect(simulator.store.witness()).toMatchObject({ messages: 1, accepted: 1, duplicates: 0 });
    now += 24 * 3_600_000;
    expect((await send.resend(simulator, "a@example.com", { key: "k", messageId: "m" })).json).not.toEqual(first.json);
    expect(simulator.store.witness()).toMatchObject({ messages: 1, accepted: 2, duplicates: 1 });
  });

  test("refuse a second request while the first is still running", async () => {
    let release = (): void => undefined;
    const slept = new Promise<void>((resolve) => (release = resolve));
    const simulator = createSimulator({ sleep: () => slept });
    simulator.store.addFault({ kind: "slow", delayMs: 1000, times: 1 });
    const first = send.resend(simulator, "a@example.com", { key: "k" });
    const second = await send.resend(simulator, "a@example.com", { key: "k" });
    expect(second.json).toMatchObject({ statusCode: 409, name: "concurrent_idempotent_requests" });
    release();
    expect((await first).status).toBe(200);
  });

  test("do not remember a request that was refused", async () => {
    const simulator = createSimulator();
    expect((await send.resend(simulator, "nope", { key: "k" })).status).toBe(422);
    expect((await send.resend(simulator, "a@example.com", { key: "k" })).status).toBe(200);
  });
});

describe("webhooks", () => {
  test("carry a Svix signature over id, timestamp and body, and tags as an object", async () => {
    const { received, deliver } = receiver();
    const simulator = createSimulator({ webhookTarget: "http://app", deliver, now: () => new Date(1_700_000_000_000) });
    const answer = await send.resend(simulator, "bounced@simulator.test", { messageId: "msg_1" });
    await simulator.settle();
    const bounced = received[1];
    expect(received.map(({ url }) => url)).toEqual(["http://app/v1/webhooks/resend", "http://app/v1/webhooks/resend"]);
    expect(JSON.parse(bounced?.body ?? "")).toMatchObject({
      type: "email.bounced",
      data: {
        email_id: answer.json.id,
        to: ["bounced@simulator.test"],
        tags: { carillon_message_id: "msg_1" },
        bounce: { type: "Permanent" },
      },
    });
    const secret = fromBase64(simulatorCredentials.resend.webhookSecret.replace("whsec_", ""));
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    const signature = fromBase64(bounced?.headers.get("svix-signature")?.slice("v1,".length) ?? "");
    const signed = utf8(`${bounced?.headers.get("svix-id")}.1700000000.${bounced?.body}`);
    expect(bounced?.headers.get("svix-timestamp")).toBe("1700000000");
    expect(await crypto.subtle.verify("HMAC", key, signature, signed)).toBe(true);
  });

  test("wait for the time that the message is scheduled for", async () => {
    const { received, deliver } = receiver();
    let now = Date.parse("2026-01-01T00:00:00Z");
    const simulator = createSimulator({ webhookTarget: "http://app", deliver, now: () => new Date(now) });
    await post(simulator, emails, headers, { ...email, scheduled_at: "2026-01-01T01:00:00Z" });
    await simulator.flush();
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(["email.scheduled"]);
    now += 3_600_100;
    await simulator.flush();
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual([
      "email.scheduled",
      "email.sent",
      "email.delivered",
    ]);
  });
});
