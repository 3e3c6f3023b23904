import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { ProviderFailure } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { receiveWebhook } from "../../webhook/receive.ts";
import type { TwilioOptions } from "./options.ts";
import { twilio } from "./provider.ts";
import { settings } from "./settings.ts";
import { twilioWebhook } from "./webhook.ts";

const accountSid = "AC00000000000000000000000000000001";
const apiKey = "SK00000000000000000000000000000002";
const messagingServiceSid = "MG00000000000000000000000000000003";
const account = { accountSid, authToken: "token" };
const from = "+15005550006";

async function build(options: TwilioOptions, more: object = {}): Promise<OutboundRequest | ProviderFailure> {
  const provider = twilio(options);
  const message = messageOf(provider, { channel: "sms", to: "+447700900123", text: "Hi", ...more });
  return provider.buildRequest(message, fixtureContext);
}

async function formOf(options: TwilioOptions, more?: object): Promise<Readonly<Record<string, string>>> {
  const { body } = (await build(options, more)) as OutboundRequest;
  return Object.fromEntries(new URLSearchParams(body as string));
}

describe("the credential", () => {
  test("is the account's token, or a key that stands for the account of the URL", async () => {
    const byToken = (await build({ ...account, from })) as OutboundRequest;
    const byKey = (await build({ accountSid, apiKey, apiKeySecret: "secret", from })) as OutboundRequest;
    expect(byToken.headers["authorization"]).toBe(`Basic ${btoa(`${accountSid}:token`)}`);
    expect(byKey.headers["authorization"]).toBe(`Basic ${btoa(`${apiKey}:secret`)}`);
    expect(byKey.url).toBe(byToken.url);
    expect(byKey.secrets).toEqual(["secret", btoa(`${apiKey}:secret`)]);
  });

  test("is the token where a key is named and not given", async () => {
    const request = await build({ ...account, from, apiKey: undefined, apiKeySecret: undefined });
    expect(request).toMatchObject({ secrets: ["token", btoa(`${accountSid}:token`)] });
  });

  test("is asked for anew for each request", async () => {
    let asked = 0;
    const options = { accountSid, authToken: async () => `token${(asked += 1)}`, from };
    await build(options);
    expect(((await build(options)) as OutboundRequest).secrets[0]).toMatch(/^token\d$/);
    expect(asked).toBe(2);
  });

  test("is refused when it could not stand in a header", async () => {
    expect(await build({ accountSid, authToken: async () => "token\n", from })).toMatchObject({ kind: "unauthorized" });
  });
});

describe("the sender", () => {
  test("is the message's own, else the factory's", async () => {
    expect((await formOf({ ...account, from }))["From"]).toBe(from);
    expect((await formOf({ ...account, from }, { from: "Carillon" }))["From"]).toBe("Carillon");
  });

  test("is chosen by the messaging service, unless one is named", async () => {
    const chosen = await formOf({ ...account, messagingServiceSid });
    expect(chosen).toMatchObject({ MessagingServiceSid: messagingServiceSid });
    expect(chosen).not.toHaveProperty("From");
    const absent = { providerOptions: { twilio: { messagingServiceSid: undefined } } };
    expect(await formOf({ ...account, messagingServiceSid }, absent)).toEqual(chosen);
    const other = "MG00000000000000000000000000000004";
    const own = { providerOptions: { twilio: { messagingServiceSid: other } }, from: "12345" };
    expect(await formOf({ ...account, messagingServiceSid }, own)).toMatchObject({
      MessagingServiceSid: other,
      From: "12345",
    });
  });
});

describe("the status callback", () => {
  test("is left out when there is none", async () => {
    expect(await formOf({ ...account, from })).not.toHaveProperty("StatusCallback");
  });

  test.each([
    ["https://a.example/hook", "https://a.example/hook?order=42&carillon_message_id=msg_0001"],
    ["https://a.example/hook?key=1", "https://a.example/hook?key=1&order=42&carillon_message_id=msg_0001"],
    ["https://a.example/hook#rc=2&rp=5xx", "https://a.example/hook?order=42&carillon_message_id=msg_0001#rc=2&rp=5xx"],
  ])("%s keeps what it has", async (statusCallback, expected) => {
    const form = await formOf({ ...account, from, statusCallback }, { metadata: { order: "42" } });
    expect(form["StatusCallback"]).toBe(expected);
  });

  test("comes back from any URL parser as it was", async () => {
    const value = Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code)).join("") + "é漢🙂";
    const form = await formOf(
      { ...account, from, statusCallback: "https://a.example/hook" },
      { metadata: { odd: value } },
    );
    const url = form["StatusCallback"] ?? "";
    expect(new URL(url).href).toBe(url);
    expect(new URL(url).searchParams.get("odd")).toBe(value);
  });
});

test("takes a text of 1,600 characters", async () => {
  expect("url" in (await build({ ...account, from }, { text: "a".repeat(1600) }))).toBe(true);
});

describe("options", () => {
  test.each([
    ["nothing", {}, ["accountSid", "authToken", "from"]],
    ["an account's sid that is none", { ...account, from, accountSid: "AC1" }, ["accountSid"]],
    ["both a token and a key", { ...account, from, apiKey, apiKeySecret: "s" }, ["authToken"]],
    ["a key without its secret", { accountSid, from, apiKey }, ["apiKeySecret"]],
    ["a secret without its key", { accountSid, from, apiKeySecret: "s" }, ["apiKey"]],
    ["a key's sid that is none", { accountSid, from, apiKey: accountSid, apiKeySecret: "s" }, ["apiKey"]],
    ["a sender that is none", { ...account, from: "+0" }, ["from"]],
    ["a service that is none", { ...account, messagingServiceSid: accountSid }, ["messagingServiceSid"]],
    ["a callback that is no URL", { ...account, from, statusCallback: "/hook" }, ["statusCallback"]],
    ["a callback's host with _", { ...account, from, statusCallback: "https://a_b.example/" }, ["statusCallback"]],
    ["an option of another name", { ...account, from, statusCallbackUrl: "https://a.example" }, ["statusCallbackUrl"]],
  ])("%s are refused by name", (_what, options, names) => {
    let problems = "";
    try {
      twilio(options as unknown as TwilioOptions);
    } catch (error) {
      problems = (error as Error).message;
    }
    for (const name of names) expect(problems).toContain(`${name}: expected`);
    expect(problems.match(/: expected/g)).toHaveLength(names.length);
  });

  test.each([
    { authToken: "" },
    { authToken: "t", publicUrl: "/hook" },
    { authToken: "t", publicURL: "https://a.example" },
  ])("of the receiver are refused: %j", (options) => {
    expect(() => twilioWebhook(options)).toThrow(/expected/);
  });
});

describe("the variables", () => {
  test("prefer a key, and need the token for webhooks alone", async () => {
    const provider = settings.send.create({
      TWILIO_ACCOUNT_SID: accountSid,
      TWILIO_AUTH_TOKEN: "token",
      TWILIO_API_KEY: apiKey,
      TWILIO_API_KEY_SECRET: "secret",
      TWILIO_MESSAGING_SERVICE_SID: messagingServiceSid,
    });
    const request = await provider.buildRequest(
      messageOf(provider, { channel: "sms", to: "+447700900123", text: "Hi" }),
      fixtureContext,
    );
    expect(request).toMatchObject({ secrets: ["secret", btoa(`${apiKey}:secret`)] });
  });

  test("say what is missing", () => {
    expect(() => settings.send.create({ TWILIO_ACCOUNT_SID: accountSid })).toThrow(/authToken.*from|from.*authToken/s);
  });

  // twilio-node: getExpectedTwilioSignature("token", "https://notify.example.com/hook?id=1", { a: "b" })
  const signature = "hpDWvl6ynHmC31hZ5sr1QqzIkLY=";
  test.each([
    ["the public URL", { TWILIO_WEBHOOK_PUBLIC_URL: "https://notify.example.com/hook" }, "http://internal:8080/x?id=1"],
    ["its origin", { TWILIO_WEBHOOK_PUBLIC_URL: "https://notify.example.com" }, "http://internal:8080/hook?id=1"],
    [
      "the callback that is sent",
      { TWILIO_STATUS_CALLBACK: "https://notify.example.com/hook" },
      "http://internal/x?id=1",
    ],
    ["nothing, where nothing changes the URL", {}, "https://notify.example.com/hook?id=1"],
  ])("say where Twilio calls: %s", async (_what, variables, url) => {
    const names = settings.receive?.required.find((set) =>
      set.every((name) => name in { TWILIO_AUTH_TOKEN: "", ...variables }),
    );
    expect(names).toHaveLength(1 + Object.keys(variables).length);
    const source = settings.receive?.create({ TWILIO_AUTH_TOKEN: "token", ...variables });
    const request = { method: "POST", url, headers: { "x-twilio-signature": signature }, body: "a=b" };
    expect((await receiveWebhook(source!, request)).ok).toBe(true);
  });
});
