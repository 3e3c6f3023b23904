import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input, type Provider, receiveWebhook, smsSegments } from "carillon";
import { twilio, twilioWebhook } from "carillon/providers/twilio";
import * as fc from "fast-check";
import official from "twilio";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

type TheirMessage = Parameters<official.Twilio["messages"]["create"]>[0];

const { accountSid, authToken, apiKey, apiKeySecret, from, messagingServiceSid } = simulatorCredentials.twilio;
const statusCallback = "https://app.example/v1/webhooks/twilio";
const { rig, same, unused } = createParity({
  allowed: [{ field: "header.accept-charset", reason: "the SDK names the one charset there is" }],
});

const client = official(accountSid, authToken);
const notifierOf = (provider: Provider<"sms">) => createNotifier({ sms: [provider], fetch: rig.fetch, attempts: 1 });
const notifier = notifierOf(twilio({ accountSid, authToken, from }));
const to = "+447700900123";

const messages: readonly {
  name: string;
  theirs: Omit<TheirMessage, "to">;
  ours: Omit<Input<"sms">, "channel" | "to">;
}[] = [
  { name: "text alone", theirs: { from, body: "Hi" }, ours: { text: "Hi" } },
  {
    name: "every character that a form writes in a way of its own",
    theirs: { from, body: "a b+c%20&d=e~*-._!'()\n€“é漢🙂\0" },
    ours: { text: "a b+c%20&d=e~*-._!'()\n€“é漢🙂\0" },
  },
  {
    name: "a sender's name, media, validity",
    theirs: {
      from: "Carillon",
      body: "Hi",
      mediaUrl: ["https://example.com/a.png?x=1&y=2", "https://example.com/b.png"],
      validityPeriod: 600,
    },
    ours: {
      from: "Carillon",
      text: "Hi",
      mediaUrls: ["https://example.com/a.png?x=1&y=2", "https://example.com/b.png"],
      validitySeconds: 600,
    },
  },
  {
    name: "options of Twilio alone",
    theirs: {
      from,
      body: "Hi",
      messagingServiceSid,
      smartEncoded: true,
      shortenUrls: false,
      sendAsMms: true,
      contentRetention: "discard",
      addressRetention: "obfuscate",
      riskCheck: "disable",
    },
    ours: {
      text: "Hi",
      providerOptions: {
        twilio: {
          messagingServiceSid,
          smartEncoded: true,
          shortenUrls: false,
          sendAsMms: true,
          contentRetention: "discard",
          addressRetention: "obfuscate",
          riskCheck: "disable",
        },
      },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => client.messages.create({ to, ...theirs }),
    () => notifier.send({ channel: "sms", to, ...ours }),
  );
});

test("a service alone, by an API key, with a callback", async () => {
  const byKey = official(apiKey, apiKeySecret, { accountSid });
  const provider = twilio({ accountSid, apiKey, apiKeySecret, messagingServiceSid, statusCallback });
  await same(
    () =>
      byKey.messages.create({
        to,
        body: "Hi",
        messagingServiceSid,
        statusCallback: `${statusCallback}?order=4%202&carillon_message_id=msg_1`,
      }),
    () =>
      notifierOf(provider).send({ channel: "sms", to, text: "Hi", metadata: { order: "4 2" } }, { messageId: "msg_1" }),
  );
});

describe("the official SDK understands the simulator", () => {
  test("success", async () => {
    const text = "€".repeat(81);
    const message = await rig.official(() => client.messages.create({ to, from, body: text }));
    expect(message).toMatchObject({
      accountSid,
      to,
      from,
      body: text,
      status: "queued",
      numSegments: `${smsSegments(text).segments.length}`,
      numMedia: "0",
      direction: "outbound-api",
      errorCode: null,
    });
    expect(message.sid).toMatch(/^SM[\da-f]{32}$/);
    expect(Math.abs(Date.now() - message.dateCreated.getTime())).toBeLessThan(60_000);
  });

  test.each([
    ["another token", official(accountSid, "other"), {}, 401, 20003, "unauthorized"],
    ["an invalid number", client, { to: "+15005550001" }, 400, 21211, "invalid-message"],
    ["a number without a route", client, { to: "+15005550002" }, 400, 21612, "rejected"],
    ["a region that is off", client, { to: "+15005550003" }, 400, 21408, "rejected"],
    ["a number that has opted out", client, { to: "+15005550004" }, 400, 21610, "recipient-gone"],
    ["a number that is no mobile", client, { to: "+15005550009" }, 400, 21614, "invalid-message"],
    ["another's number", client, { from: "+15005550007" }, 400, 21606, "rejected"],
    ["a queue that is full", client, { from: "+15005550008" }, 400, 21611, "rate-limited"],
  ])("%s, and Carillon says %s", async (_what, theirClient, more, status, code, kind) => {
    const message = { to, from, body: "Hi", ...more };
    const error: unknown = await rig.official(() => theirClient.messages.create(message).catch((e: unknown) => e));
    expect(error).toBeInstanceOf(official.RestException);
    expect(error).toMatchObject({ status, code, moreInfo: `https://www.twilio.com/docs/errors/${code}` });
    const ours = notifierOf(twilio({ accountSid, authToken: theirClient === client ? authToken : "other", from }));
    const result = await ours.send({ channel: "sms", to: message.to, from: message.from, text: "Hi" });
    expect(result).toMatchObject({ ok: false, kind, status, providerCode: `${code}`, mayHaveBeenSent: false });
    expect(JSON.stringify(result)).not.toContain(message.to.slice(1));
  });

  test("a limit of requests, and the time to wait", async () => {
    rig.simulator.store.addFault({ kind: "rate-limit", retryAfterSeconds: 7, times: 2 });
    const error: unknown = await rig.official(() =>
      client.messages.create({ to, from, body: "Hi" }).catch((e: unknown) => e),
    );
    expect(error).toMatchObject({ status: 429, code: 20429 });
    const result = await notifier.send({ channel: "sms", to, text: "Hi" });
    expect(result).toMatchObject({ kind: "rate-limited", providerCode: "20429", retryAfterMs: 7000 });
  });
});

test("what Carillon counts and where it cuts, the simulator does, too", async () => {
  const character = fc.oneof(
    fc.constantFrom(..."aé€^{[~|\n@Ωç🙂漢"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  );
  const texts = fc.sample(fc.array(character, { minLength: 1, maxLength: 500 }), { numRuns: 200, seed: 42 });
  for (const text of texts.map((characters) => `-${characters.join("")}`)) {
    if (text.length > 1600) continue;
    rig.simulator.store.clear();
    expect((await notifier.send({ channel: "sms", to, text })).ok).toBe(true);
    const [summary] = rig.simulator.store.messages({}, 1).items;
    const { encoding, segments } = smsSegments(text);
    expect(rig.simulator.store.message(summary?.id ?? "")?.content).toMatchObject({ text, encoding, segments });
  }
});

describe("official validators and ours agree", () => {
  const token = "12345";
  const accepted = async (url: string, body: string, signature: string, publicUrl?: string): Promise<boolean> => {
    const headers = { "x-twilio-signature": signature };
    const source = twilioWebhook({ authToken: token, publicUrl });
    return (await receiveWebhook(source, { method: "POST", url, headers, body })).ok;
  };

  const host = fc.constantFrom("a.example", "A.Example", "[::1]", "10.0.0.1");
  const port = fc.constantFrom("", ":80", ":443", ":8080");
  const path = fc.constantFrom("", "/", "/hook", "/a%20b/", "/a'b");
  const value = fc.string({ unit: fc.constantFrom(..."ab+ &=%'~()é漢🙂\n?/#A1"), maxLength: 8 });
  const query = fc
    .array(fc.tuple(fc.constantFrom("a", "b", "a'"), value), { maxLength: 3 })
    .map((pairs) => (pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ""));
  const url = fc
    .tuple(fc.constantFrom("https", "http"), host, port, path, query)
    .map(([scheme, ...rest]) => `${scheme}://${rest.join("")}`);
  const fields = fc.array(fc.tuple(fc.constantFrom("Body", "From", "To", "a", "B", "10", "9"), value), {
    maxLength: 6,
  });
  const paramsOf = (pairs: readonly (readonly [string, string])[]): Record<string, string | string[]> => {
    const params: Record<string, string | string[]> = {};
    for (const [name, values] of Map.groupBy(pairs, ([name]) => name)) {
      params[name] = values.length > 1 ? values.map(([, each]) => each) : (values[0]?.[1] ?? "");
    }
    return params;
  };

  test("on any URL and form, as signed, with another port, and with another secret", async () => {
    await fc.assert(
      fc.asyncProperty(
        url,
        url,
        fields,
        fc.boolean(),
        fc.boolean(),
        async (called, other, pairs, isOther, isForged) => {
          const params = paramsOf(pairs);
          const secret = isForged ? "other" : token;
          const signature = official.getExpectedTwilioSignature(secret, called, params);
          const seen = isOther ? other : called;
          const theirs = official.validateRequest(token, signature, seen, params);
          const body = `${new URLSearchParams(pairs.map(([name, text]): [string, string] => [name, text]))}`;
          expect(await accepted(seen, body, signature)).toBe(theirs);
          if (!isOther) expect(theirs).toBe(!isForged);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("on the same URL with and without the scheme's port", async () => {
    for (const [scheme, standard] of [
      ["https", ":443"],
      ["http", ":80"],
    ] as const) {
      for (const [signed, seen] of [
        ["", standard],
        [standard, ""],
        ["", ":8080"],
        [":8080", ""],
      ] as const) {
        const address = (at: string): string => `${scheme}://a.example${at}/hook?x=1`;
        const signature = official.getExpectedTwilioSignature(token, address(signed), { a: "b" });
        const theirs = official.validateRequest(token, signature, address(seen), { a: "b" });
        expect(await accepted(address(seen), "a=b", signature)).toBe(theirs);
        expect(theirs).toBe(signed !== ":8080");
      }
    }
  });

  test("on a body with its hash in the URL", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.constantFrom("", " ", "x"), async (body, tail) => {
        const address = `https://a.example/hook?a=1&bodySHA256=${official.getExpectedBodyHash(body)}`;
        const signature = official.getExpectedTwilioSignature(token, address, {});
        const theirs = official.validateRequestWithBody(token, signature, address, body + tail);
        expect(await accepted(address, body + tail, signature)).toBe(theirs);
        expect(theirs).toBe(tail === "");
      }),
    );
  });

  test("on what the simulator signs, of which Carillon knows the message", async () => {
    const target = "https://app.example";
    const delivered: { url: string; headers: Headers; body: string }[] = [];
    const { rig: told } = createParity({
      allowed: [],
      simulator: {
        webhookTarget: target,
        async deliver(url, init) {
          delivered.push({ url, headers: new Headers(init.headers), body: init.body as string });
          return new Response(null, { status: 204 });
        },
      },
    });
    const notifier = createNotifier({
      sms: [twilio({ accountSid, authToken, from, statusCallback: `${target}/hook` })],
      fetch: told.fetch,
    });
    const metadata = { "carillon-environment": "staging", odd: "a b'+%&=#é" };
    const result = await notifier.send(
      { channel: "sms", to: "+15005550011", text: "Hi", metadata },
      { messageId: "msg_1" },
    );
    await told.simulator.settle();
    const types: string[] = [];
    for (const { url, headers, body } of delivered) {
      const params = Object.fromEntries(new URLSearchParams(body));
      expect(official.validateRequest(authToken, headers.get("x-twilio-signature") ?? "", url, params)).toBe(true);
      const received = await receiveWebhook(twilioWebhook({ authToken }), { method: "POST", url, headers, body });
      if (!received.ok) throw new Error(received.reason);
      expect(received.events).toMatchObject([
        {
          messageId: "msg_1",
          metadata,
          address: "+15005550011",
          providerMessageId: result.ok && "providerMessageId" in result ? result.providerMessageId : "",
        },
      ]);
      types.push(...received.events.map(({ type }) => type));
    }
    expect(types).toEqual(["sent", "bounced"]);
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
