import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import type { RecordedMessage, SmsContent } from "../message.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { type Called, post, type ReceivedWebhook, receiver } from "../test/calls.ts";
import { cutIntoSegments } from "./twilio/segments.ts";

const { accountSid, authToken, apiKey, apiKeySecret, from, messagingServiceSid } = simulatorCredentials.twilio;
const url = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json`;
const headers = {
  authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`,
  "content-type": "application/x-www-form-urlencoded",
};
const sms = { To: "+447700900123", From: from, Body: "Hi" };

type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

function encode(form: Form): string {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => [name, each as string]),
  );
  return new URLSearchParams(pairs).toString();
}

function send(simulator: Simulator, form: Form, sent: Readonly<Record<string, string>> = headers): Promise<Called> {
  return post(simulator, url, sent, encode(form));
}

function only(simulator: Simulator): RecordedMessage & { readonly content: SmsContent } {
  const [summary] = simulator.store.messages({}, 10).items;
  return simulator.store.message(summary?.id ?? "") as RecordedMessage & { readonly content: SmsContent };
}

describe("what Twilio refuses", () => {
  test.each([
    ["a wrong token", sms, { ...headers, authorization: `Basic ${btoa(`${accountSid}:other`)}` }, 401, 20003],
    ["a bearer token", sms, { ...headers, authorization: `Bearer ${authToken}` }, 401, 20003],
    ["JSON, of which it reads nothing", sms, { ...headers, "content-type": "application/json" }, 400, 21604],
    ["an unknown parameter", { ...sms, Text: "Hi" }, headers, 400, 20001],
    ["a parameter of another case", { ...sms, body: "Hi" }, headers, 400, 20001],
    ["two recipients", { ...sms, To: ["+447700900123", "+447700900124"] }, headers, 400, 20001],
    ["a flag that is none", { ...sms, SmartEncoded: "yes" }, headers, 400, 20001],
    ["no recipient", { ...sms, To: undefined }, headers, 400, 21604],
    ["a recipient that is no number", { ...sms, To: "447700900123" }, headers, 400, 21211],
    ["itself as the recipient", { ...sms, To: from }, headers, 400, 21266],
    ["the invalid number", { ...sms, To: "+15005550001" }, headers, 400, 21211],
    ["the number without a route", { ...sms, To: "+15005550002" }, headers, 400, 21612],
    ["the number of a region that is off", { ...sms, To: "+15005550003" }, headers, 400, 21408],
    ["the number that has opted out", { ...sms, To: "+15005550004" }, headers, 400, 21610],
    ["the number that is no mobile", { ...sms, To: "+15005550009" }, headers, 400, 21614],
    ["no sender", { ...sms, From: undefined }, headers, 400, 21603],
    ["the invalid sender", { ...sms, From: "+15005550001" }, headers, 400, 21212],
    ["a sender that is nothing", { ...sms, From: "a-b" }, headers, 400, 21212],
    ["the sender whose queue is full", { ...sms, From: "+15005550008" }, headers, 400, 21611],
    ["another account's number", { ...sms, From: "+15005550007" }, headers, 400, 21606],
    ["another account's service", { ...sms, MessagingServiceSid: `MG${"0".repeat(32)}` }, headers, 400, 21701],
    [
      "a number that is not the service's",
      { ...sms, From: "+15005550007", MessagingServiceSid: messagingServiceSid },
      headers,
      400,
      21711,
    ],
    ["no content", { ...sms, Body: "" }, headers, 400, 21602],
    ["1,601 characters", { ...sms, Body: "a".repeat(1601) }, headers, 400, 21617],
    [
      "eleven media",
      { ...sms, MediaUrl: Array.from({ length: 11 }, () => "https://a.example/a.png") },
      headers,
      400,
      21623,
    ],
    ["a medium that is no URL", { ...sms, MediaUrl: "a.png" }, headers, 400, 21620],
    ["a callback that is no URL", { ...sms, StatusCallback: "/hook" }, headers, 400, 21609],
    ["a callback's host with _", { ...sms, StatusCallback: "https://a_b.example" }, headers, 400, 21609],
    [
      "a callback of 4,001 characters",
      { ...sms, StatusCallback: `https://a.example/${"a".repeat(3983)}` },
      headers,
      400,
      21609,
    ],
    ["a validity of no time", { ...sms, ValidityPeriod: "0" }, headers, 400, 21624],
    ["a validity of over ten hours", { ...sms, ValidityPeriod: "36001" }, headers, 400, 21624],
  ])("%s", async (_what, form: Form, sent, status, code) => {
    const simulator = createSimulator();
    const answer = await send(simulator, form, sent);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      code,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      status,
    });
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test.each([
    ["another account's path", url.replace(accountSid, `AC${"0".repeat(32)}`), 401, 20003],
    ["another resource", url.replace("Messages", "Calls"), 404, 20404],
    ["another version", url.replace("2010-04-01", "v1"), 404, 20404],
  ])("%s", async (_what, address, status, code) => {
    const answer = await post(createSimulator(), address, headers, encode(sms));
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  test("a list of messages, which is not simulated", async () => {
    const response = await createSimulator().fetch(url, { headers });
    expect(response.status).toBe(405);
  });

  test.each([
    ["rate-limit", 429, 20429],
    ["unavailable", 503, 503],
  ] as const)("everything under the fault %s", async (kind, status, code) => {
    const simulator = createSimulator();
    simulator.store.addFault({ kind, provider: "twilio" });
    const answer = await send(simulator, sms);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.headers.get("retry-after")).toBe(kind === "rate-limit" ? "1" : null);
  });
});

describe("what Twilio takes", () => {
  test("a text, by the account's token, or by a key that stands for the account", async () => {
    const byKey = { ...headers, authorization: `Basic ${btoa(`${apiKey}:${apiKeySecret}`)}` };
    for (const sent of [headers, byKey]) {
      const simulator = createSimulator({ now: () => new Date("2026-01-02T03:04:05Z") });
      const answer = await send(simulator, { ...sms, Body: "x".repeat(161) }, sent);
      expect(answer.status).toBe(201);
      expect(answer.json).toMatchObject({
        sid: only(simulator).providerMessageId,
        status: "queued",
        num_segments: "2",
        num_media: "0",
        error_code: null,
        date_created: "Fri, 02 Jan 2026 03:04:05 +0000",
        from,
      });
      expect(only(simulator).content).toMatchObject({ kind: "sms", encoding: "GSM-7", segments: { length: 2 } });
    }
  });

  test("a service instead of a number, which it has not chosen when it answers", async () => {
    const simulator = createSimulator();
    const { json } = await send(simulator, { ...sms, From: undefined, MessagingServiceSid: messagingServiceSid });
    expect(json).toMatchObject({ status: "accepted", from: null, messaging_service_sid: messagingServiceSid });
    expect(only(simulator).content.from).toBe(from);
  });

  test("media, as a message of another kind, and without a text", async () => {
    const simulator = createSimulator();
    const media = ["https://a.example/a.png", "https://a.example/b.png?x=1&y=2"];
    const { json } = await send(simulator, { ...sms, Body: undefined, MediaUrl: media });
    expect(json).toMatchObject({ sid: expect.stringMatching(/^MM[\da-f]{32}$/), num_media: "2", body: "" });
    expect(only(simulator).content.mediaUrls).toEqual(media);
  });

  test("a callback, whose query says which message it is", async () => {
    const simulator = createSimulator();
    await send(simulator, { ...sms, StatusCallback: "https://a.example/h?order=a%20b&carillon_message_id=msg_1" });
    expect(only(simulator)).toMatchObject({ messageId: "msg_1", metadata: { order: "a b" } });
  });

  test("calls by a path prefix, and of another region", async () => {
    for (const origin of ["http://localhost/api.twilio.com", "https://api.dublin.ie1.twilio.com"]) {
      expect(
        (await post(createSimulator(), url.replace("https://api.twilio.com", origin), headers, encode(sms))).status,
      ).toBe(201);
    }
  });

  test("and shows no credential in what it keeps", async () => {
    const simulator = createSimulator();
    await send(simulator, sms);
    const { request } = simulator.store.message(only(simulator).id) ?? {};
    expect(request?.body).toContain("Body=Hi");
    expect(JSON.stringify(request)).not.toContain(headers.authorization.slice("Basic ".length));
  });
});

describe("status callbacks", () => {
  const target = "https://app.example";
  const hook = `${target}/v1/webhooks/twilio?carillon_message_id=msg_1`;

  async function reported(form: Form, statuses: readonly number[] = []): Promise<readonly ReceivedWebhook[]> {
    const { received, deliver } = receiver(...statuses);
    const simulator = createSimulator({ webhookTarget: target, deliver });
    await send(simulator, { ...sms, StatusCallback: hook, ...form });
    await simulator.settle();
    return received;
  }

  const fieldsOf = ({ body }: ReceivedWebhook): Readonly<Record<string, string>> =>
    Object.fromEntries(new URLSearchParams(body));

  test.each([
    ["+15005550010", ["sent", "delivered"]],
    ["+447700900123", ["sent", "delivered"]],
    ["+15005550011", ["sent", "undelivered 30005"]],
    ["+15005550012", ["sent", "undelivered 30003"]],
    ["+15005550013", ["sent", "delivered"]],
    ["+15005550014", ["sent", "delivered", "received STOP"]],
    ["+15005550015", ["failed 21610"]],
    ["+15005550016", ["undelivered 30007"]],
    ["+15005550017", ["failed 30034"]],
  ])("to %s say %j", async (To, expected) => {
    const said = (await reported({ To })).map(fieldsOf);
    expect(said.map((f) => [f["SmsStatus"], f["ErrorCode"] ?? f["OptOutType"]].filter(Boolean).join(" "))).toEqual(
      expected,
    );
    for (const f of said) expect(f[f["SmsStatus"] === "received" ? "From" : "To"]).toBe(To);
  });

  test("go to the URL of the message, signed with it", async () => {
    const [first] = await reported({ StatusCallback: `${hook}#rc=2` });
    expect(first?.url.split("#")[0]).toBe(hook);
    const key = await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(authToken),
      { name: "HMAC", hash: "SHA-1" },
      false,
      ["sign"],
    );
    const f = fieldsOf(first!);
    const text = Object.keys(f)
      .sort()
      .reduce((all, name) => `${all}${name}${f[name]}`, hook);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
    expect(first?.headers.get("x-twilio-signature")).toBe(btoa(String.fromCharCode(...mac)));
    expect(first?.headers.get("content-type")).toMatch(/^application\/x-www-form-urlencoded/);
  });

  test("name the service", async () => {
    const [first] = await reported({ MessagingServiceSid: messagingServiceSid });
    expect(fieldsOf(first!)["MessagingServiceSid"]).toBe(messagingServiceSid);
  });

  test("are not sent where none was asked for", async () => {
    expect(await reported({ StatusCallback: undefined })).toEqual([]);
  });

  test("are not repeated after an answer, however bad", async () => {
    expect(await reported({ To: "+15005550017" }, [503, 200])).toHaveLength(1);
  });
});

describe("segments", () => {
  test.each([
    ["", "GSM-7", 0],
    ["a".repeat(160), "GSM-7", 1],
    ["a".repeat(161), "GSM-7", 2],
    ["€".repeat(80), "GSM-7", 1],
    ["€".repeat(81), "GSM-7", 2],
    [`${"a".repeat(152)}€${"a".repeat(152)}`, "GSM-7", 3],
    ["ж".repeat(70), "UCS-2", 1],
    ["ж".repeat(71), "UCS-2", 2],
    ["🙂".repeat(35), "UCS-2", 1],
    ["🙂".repeat(67), "UCS-2", 3],
  ])("of %j", (text, encoding, count) => {
    const cut = cutIntoSegments(text);
    expect(cut).toMatchObject({ encoding, segments: { length: count } });
    expect(cut.segments.join("")).toBe(text);
  });
});
