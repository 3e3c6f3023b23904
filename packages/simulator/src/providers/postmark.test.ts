import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator } from "../simulator.ts";
import { credentials, post, receiver, send } from "../test/calls.ts";

const url = "https://api.postmarkapp.com/email";
const headers = credentials.postmark;
const email = { From: "Ada <ada@example.com>", To: "bob@example.com", Subject: "Hi", TextBody: "x" };
const people = (count: number): string =>
  Array.from({ length: count }, (_, index) => `r${index}@example.com`).join(",");

describe("what Postmark refuses", () => {
  test.each([
    ["another token", { ...headers, "x-postmark-server-token": "other" }, email, 401, 10],
    ["an Accept header without JSON", { ...headers, accept: "text/html" }, email, 422, 409],
    ["broken JSON", headers, "{", 422, 402],
    ["an unknown field", headers, { ...email, Html: "x" }, 422, 403],
    ["a field of the wrong type", headers, { ...email, Subject: 1 }, 422, 403],
    ["no sender", headers, { ...email, From: undefined }, 422, 300],
    ["no recipient", headers, { ...email, To: "" }, 422, 300],
    ["a recipient that is no address", headers, { ...email, To: "bob" }, 422, 300],
    ["51 recipients", headers, { ...email, To: people(30), Cc: people(21) }, 422, 300],
    ["no content", headers, { ...email, TextBody: "" }, 422, 300],
    ["a header name with a colon", headers, { ...email, Headers: [{ Name: "X:", Value: "y" }] }, 422, 300],
    ["a subject with a line break", headers, { ...email, Subject: "a\r\nBcc: x" }, 422, 300],
    [
      "a forbidden file",
      headers,
      { ...email, Attachments: [{ Name: "a.exe", Content: "eA==", ContentType: "x/y" }] },
      422,
      411,
    ],
    ["an unknown stream", headers, { ...email, MessageStream: "No Stream" }, 422, 1235],
    ["only inactive recipients", headers, { ...email, To: "suppressed@simulator.test" }, 422, 406],
  ])("refuses %s", async (_, sent, body, status, code) => {
    const simulator = createSimulator();
    const answer = await post(simulator, url, sent, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ ErrorCode: code, Message: expect.any(String) });
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("refuses a request without a token", async () => {
    const { "x-postmark-server-token": _token, ...others } = headers;
    expect((await post(createSimulator(), url, others, email)).json).toMatchObject({ ErrorCode: 10 });
  });

  test("refuses 501 messages", async () => {
    const answer = await post(
      createSimulator(),
      `${url}/batch`,
      headers,
      Array.from({ length: 501 }, () => email),
    );
    expect(answer.json).toMatchObject({ ErrorCode: 410 });
  });
});

test("answers a batch with 200 and one result an item, in order", async () => {
  const simulator = createSimulator();
  const answer = await post(simulator, `${url}/batch`, headers, [
    { ...email, To: "suppressed@simulator.test" },
    { ...email, Tag: "welcome", Metadata: { carillon_message_id: "msg_1" } },
    { ...email, From: "nobody" },
  ]);
  const [message] = simulator.store.messages({}, 10).items;
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject([
    { ErrorCode: 406 },
    { ErrorCode: 0, MessageID: message?.providerMessageId, To: "bob@example.com" },
    { ErrorCode: 300 },
  ]);
  expect(Object.keys(answer.json[0])).toEqual(["ErrorCode", "Message"]);
  expect(message).toMatchObject({ messageId: "msg_1", tags: ["welcome"] });
});

test("sends to the active recipients and names the others", async () => {
  const simulator = createSimulator();
  const answer = await post(simulator, url, headers, {
    ...email,
    To: '"Doe, J" <a@example.com>, suppressed@simulator.test',
  });
  expect(answer.json.ErrorCode).toBe(0);
  expect(answer.json.Message).toMatch(/these inactive addresses: suppressed@simulator\.test\.$/);
  expect(simulator.store.messages({}, 10).items[0]?.recipients).toEqual(["a@example.com"]);
});

test("validates and keeps nothing with the test token", async () => {
  const simulator = createSimulator();
  const test = { ...headers, "x-postmark-server-token": "POSTMARK_API_TEST" };
  expect((await post(simulator, url, test, email)).json).toMatchObject({ ErrorCode: 0 });
  expect((await post(simulator, url, test, { ...email, To: "x" })).status).toBe(422);
  expect(simulator.store.messages({}, 10).items).toEqual([]);
});

describe("webhooks", () => {
  test("carry Basic credentials, a trace id that stays, and the retries that remain", async () => {
    const { received, deliver } = receiver(500);
    const simulator = createSimulator({ webhookTarget: "http://app", deliver });
    simulator.store.setSettings({ ...simulator.store.settings(), retryDelaysMs: [1, 2, 3] });
    const sent = await send.postmark(simulator, "bounced@simulator.test", { messageId: "msg_1" });
    await simulator.settle();
    const { webhookUsername, webhookPassword } = simulatorCredentials.postmark;
    expect(received).toHaveLength(2);
    expect(received.map(({ headers: got }) => got.get("x-pm-retries-remaining"))).toEqual(["3", "2"]);
    expect(new Set(received.map(({ headers: got }) => got.get("x-pm-webhook-trace-id"))).size).toBe(1);
    expect(received[0]?.headers.get("authorization")).toBe(`Basic ${btoa(`${webhookUsername}:${webhookPassword}`)}`);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({
      RecordType: "Bounce",
      Type: "HardBounce",
      TypeCode: 1,
      Inactive: true,
      Email: "bounced@simulator.test",
      MessageID: sent.json.MessageID,
      Metadata: { carillon_message_id: "msg_1" },
    });
  });

  test("are lost when the receiver answers 401", async () => {
    const { received, deliver } = receiver(401);
    const simulator = createSimulator({ webhookTarget: "http://app", deliver });
    await send.postmark(simulator, "delivered@simulator.test");
    await simulator.settle();
    expect(received).toHaveLength(1);
    expect(simulator.store.webhooks({}, 10).items[0]).toMatchObject({ state: "failed", attempts: [{ status: 401 }] });
  });
});
