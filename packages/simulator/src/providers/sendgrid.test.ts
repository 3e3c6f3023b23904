import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator } from "../simulator.ts";
import { credentials, post, receiver, send } from "../test/calls.ts";
import { fromBase64, utf8 } from "../wire/bytes.ts";

const url = "https://api.sendgrid.com/v3/mail/send";
const headers = credentials.sendgrid;
const mail = {
  personalizations: [{ to: [{ email: "bob@example.com" }] }],
  from: { email: "ada@example.com", name: "Ada" },
  subject: "Hi",
  content: [{ type: "text/plain", value: "x" }],
};
const people = (count: number): { email: string }[] =>
  Array.from({ length: count }, (_, index) => ({ email: `r${index}@example.com` }));

describe("what SendGrid refuses", () => {
  test.each([
    ["no authorization", { ...headers, authorization: "" }, mail, 401, null],
    ["another key", { ...headers, authorization: "Bearer SG.other" }, mail, 401, null],
    ["another content type", { ...headers, "content-type": "text/plain" }, mail, 415, null],
    ["broken JSON", headers, "{", 400, null],
    ["an unknown field", headers, { ...mail, personalisations: [] }, 400, "personalisations"],
    ["no personalization", headers, { ...mail, personalizations: [] }, 400, "personalizations"],
    [
      "a wrong address",
      headers,
      { ...mail, personalizations: [{ to: [{ email: "x" }] }] },
      400,
      "personalizations.0.to.0.email",
    ],
    ["1001 recipients", headers, { ...mail, personalizations: [{ to: people(1001) }] }, 400, "personalizations"],
    [
      "an address twice",
      headers,
      { ...mail, personalizations: [{ to: people(1), cc: people(1) }] },
      400,
      "personalizations.0",
    ],
    ["no subject", headers, { ...mail, subject: undefined }, 400, "subject"],
    [
      "HTML before text",
      headers,
      {
        ...mail,
        content: [
          { type: "text/html", value: "x" },
          { type: "text/plain", value: "x" },
        ],
      },
      400,
      "content",
    ],
    ["an empty text", headers, { ...mail, content: [{ type: "text/plain", value: "" }] }, 400, "content.0.value"],
    ["a reserved header", headers, { ...mail, headers: { "Reply-To": "x" } }, 400, "headers.Reply-To"],
    ["a header with a line break", headers, { ...mail, headers: { "X-Y": "a\nb" } }, 400, "headers.X-Y"],
    [
      "both kinds of reply address",
      headers,
      { ...mail, reply_to: people(1)[0], reply_to_list: people(1) },
      400,
      "reply_to",
    ],
    ["11 categories", headers, { ...mail, categories: Array.from({ length: 11 }, String) }, 400, "categories"],
    ["a custom arg that is no string", headers, { ...mail, custom_args: { a: 1 } }, 400, "custom_args.a"],
    [
      "custom args of 10,000 bytes",
      headers,
      { ...mail, custom_args: { a: "x".repeat(10_000) } },
      400,
      "personalizations.0.custom_args",
    ],
    ["sending in four days", headers, { ...mail, send_at: 4 * 86_400 }, 400, "send_at"],
  ])("refuses %s", async (_, sent, body, status, field) => {
    const simulator = createSimulator({ now: () => new Date(0) });
    const answer = await post(simulator, url, sent, body);
    expect(answer.status).toBe(status);
    expect(answer.json.errors[0]).toMatchObject({ field, message: expect.any(String) });
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("says everything that is wrong with a request", async () => {
    const answer = await post(createSimulator(), url, headers, { ...mail, from: {}, subject: 1 });
    expect(answer.json.errors.map((error: { field: string }) => error.field)).toEqual(["from.email", "subject"]);
  });
});

test("answers 202 without a body, with one id for all personalizations", async () => {
  const simulator = createSimulator();
  const answer = await post(simulator, url, headers, {
    ...mail,
    personalizations: people(2).map((to, index) => ({
      to: [to],
      custom_args: { carillon_message_id: `msg_${index}` },
    })),
  });
  expect(answer.status).toBe(202);
  expect(answer.json).toBeUndefined();
  const messages = simulator.store.messages({}, 10).items;
  expect(messages.map(({ messageId }) => messageId)).toEqual(["msg_1", "msg_0"]);
  expect(new Set(messages.map(({ providerMessageId }) => providerMessageId))).toEqual(
    new Set([answer.headers.get("x-message-id")]),
  );
});

test("answers 200 in sandbox mode and sends nothing", async () => {
  const simulator = createSimulator();
  const answer = await post(simulator, url, headers, { ...mail, mail_settings: { sandbox_mode: { enable: true } } });
  expect(answer.status).toBe(200);
  expect(simulator.store.messages({}, 10).items).toEqual([]);
});

test("sends events as one array, with CRLF between and after them, signed in DER over timestamp and body", async () => {
  const { received, deliver } = receiver();
  const simulator = createSimulator({ webhookTarget: "http://app", deliver, now: () => new Date(1_700_000_000_000) });
  const sent = await send.sendgrid(simulator, "bounced@simulator.test", { messageId: "msg_1" });
  await simulator.settle();
  expect(received).toHaveLength(1);
  const [{ body, headers: got } = { body: "", headers: new Headers() }] = received;
  expect(body).toMatch(/^\[\{[^\r]*\},\r\n\{[^\r]*\}\]\r\n$/);
  const events = JSON.parse(body);
  expect(events.map(({ event }: { event: string }) => event)).toEqual(["processed", "bounce"]);
  expect(events[1]).toMatchObject({ carillon_message_id: "msg_1", email: "bounced@simulator.test", type: "bounce" });
  expect(events[1].sg_message_id.startsWith(`${sent.headers.get("x-message-id")}.`)).toBe(true);

  const key = await crypto.subtle.importKey(
    "spki",
    fromBase64(simulatorCredentials.sendgrid.webhookPublicKey),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["verify"],
  );
  const der = fromBase64(got.get("x-twilio-email-event-webhook-signature") ?? "");
  const rLength = der[3] ?? 0;
  const half = (bytes: Uint8Array): number[] => [...new Uint8Array(32), ...bytes].slice(-32);
  const raw = Uint8Array.from([...half(der.subarray(4, 4 + rLength)), ...half(der.subarray(6 + rLength))]);
  const signed = utf8(`${got.get("x-twilio-email-event-webhook-timestamp")}${body}`);
  expect(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, signed)).toBe(true);
});

test("never puts the same event twice into one array", async () => {
  const { received, deliver } = receiver();
  const simulator = createSimulator({ webhookTarget: "http://app", deliver });
  simulator.store.setSettings({ ...simulator.store.settings(), duplicate: true });
  await send.sendgrid(simulator, "delivered@simulator.test");
  await simulator.settle();
  const ids = received.map(
    ({ body }) => JSON.parse(body).map((event: { sg_event_id: string }) => event.sg_event_id) as string[],
  );
  expect(ids).toHaveLength(2);
  expect(ids[0]).toEqual(ids[1]);
  expect(new Set(ids[0]).size).toBe(2);
});
