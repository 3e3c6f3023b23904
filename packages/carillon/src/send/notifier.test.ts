import { describe, expect, it, vi } from "vitest";
import { CallError, ConfigurationError } from "../error/errors.ts";
import type { Provider } from "../provider/contract.ts";
import type { Notifier } from "./config.ts";
import type { GuardedMessage } from "./guard.ts";
import { fake, scriptedFetch, secret, sms } from "./fixtures/scripted.ts";
import { createNotifier } from "./notifier.ts";

const make = (config: object): Notifier<"sms"> =>
  createNotifier(config as { readonly sms: readonly Provider<"sms">[] });

function problemsOf(config: object): readonly string[] {
  try {
    make(config);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe("createNotifier", () => {
  it("names every problem at once", () => {
    const config = {
      emial: [fake()],
      sms: [fake(), fake(), 7],
      slack: [],
      discord: fake(),
      retries: 3,
      attempts: 0,
      maxWaitMs: -1,
      timeoutMs: 2 ** 31,
      onUnknown: "maybe",
      concurrency: 1.5,
      guard: "off",
      cache: "memory",
      fetch: secret,
      defaults: 7,
    };
    expect(problemsOf(config)).toEqual([
      "emial.0: expected a provider for emial",
      "sms.1: expected another account than fake:default",
      "sms.2: expected a provider for sms",
      "slack: expected a list of providers",
      "discord: expected a list of providers",
      "retries: expected no field of this name",
      "attempts: expected a whole number from 1 to 100",
      "maxWaitMs: expected a whole number from 0 to 2147483647",
      "timeoutMs: expected a whole number from 1 to 2147483647",
      "onUnknown: expected hold, resend",
      "concurrency: expected a whole number from 1 to 10000",
      'guard: expected "live" or a function',
      "cache: expected an object",
      "fetch: expected a function",
      "defaults: expected an object",
    ]);
    expect(() => make(config)).toThrow(/^createNotifier: emial\.0: expected/);
  });

  it("wants at least one channel, and an object", () => {
    const none = ["createNotifier: expected a list of providers for a channel"];
    expect(problemsOf({})).toEqual(none);
    expect(problemsOf({ sms: undefined })).toEqual(none);
    expect(problemsOf([])).toEqual(none);
  });

  it("takes one provider twice under two accounts, and options that are undefined", () => {
    expect(problemsOf({ sms: [fake(), fake({ account: "b" })], attempts: undefined, email: undefined })).toEqual([]);
  });

  it("takes no option by the name of something that objects inherit", () => {
    expect(problemsOf({ sms: [fake()], toString: 1 })).toHaveLength(1);
  });
});

describe("a wrong call", () => {
  const { fetch, sent } = scriptedFetch();
  const notifier = make({ sms: [fake()], fetch });

  it.each([null, undefined, 7, {}, { channel: "email" }, { channel: "toString" }])(
    "rejects for the message %j, whose channel has no provider",
    async (message) => {
      await expect(notifier.send(message as never)).rejects.toThrow(CallError);
      await expect(notifier.sendBatch([{ message: sms() }, { message: message as never }])).rejects.toThrow(/entry 1/);
    },
  );

  it.each(["", " ", "a\nb", "é", " a", "a ", 7, null])("rejects for the key %j", async (idempotencyKey) => {
    const options = { idempotencyKey: idempotencyKey as string };
    await expect(notifier.send(sms(), options)).rejects.toThrow(CallError);
    await expect(notifier.sendBatch([{ message: sms(), ...options }])).rejects.toThrow(CallError);
  });

  it.each(["", "a b", "a/b", "x".repeat(129), 7])("rejects for the message id %j", async (messageId) => {
    await expect(notifier.send(sms(), { messageId: messageId as string })).rejects.toThrow(CallError);
  });

  it("rejects for entries that share a key or an id, or are none", async () => {
    const twice = { message: sms(), idempotencyKey: "a" };
    await expect(notifier.sendBatch([twice, twice])).rejects.toThrow("two entries have the same idempotencyKey");
    await expect(notifier.sendBatch([null as never])).rejects.toThrow(CallError);
    await expect(notifier.sendBatch({} as never)).rejects.toThrow(CallError);
  });

  it("sends nothing", () => {
    expect(sent).toEqual([]);
  });

  it("does not repeat what was given", async () => {
    await expect(notifier.send(sms(), { idempotencyKey: `${secret}\n` })).rejects.not.toThrow(/hush/);
  });
});

describe("a message", () => {
  it("that is not valid is a result that names the field", async () => {
    const { fetch, sent } = scriptedFetch();
    const result = await make({ sms: [fake()], fetch }).send({ ...sms(), to: "nobody" } as never);
    expect(result).toMatchObject({
      ok: false,
      kind: "invalid-message",
      field: "to",
      mayHaveBeenSent: false,
      attempts: [],
    });
    expect(sent).toEqual([]);
  });

  it("that throws when it is read is not valid", async () => {
    const hostile = {
      channel: "sms",
      get to(): string {
        throw new Error(secret);
      },
    };
    const result = await make({ sms: [fake()] }).send(hostile as never);
    expect(result).toMatchObject({ ok: false, kind: "invalid-message" });
    expect(JSON.stringify(result)).not.toContain("hush");
  });

  it("has the defaults of its channel for what it leaves out", async () => {
    const { fetch, sent } = scriptedFetch();
    const notifier = make({ sms: [fake()], fetch, defaults: { sms: { text: "default", from: "+1" } } });
    const { text: _, ...bare } = sms();
    await notifier.send(bare as never);
    await notifier.send({ ...bare, text: undefined } as never);
    await notifier.send({ ...bare, text: "own" });
    expect(sent.map(({ texts }) => texts[0])).toEqual(["default", "default", "own"]);
    expect(Object.keys(bare)).toEqual(["channel", "to"]);
  });
});

describe("the guard", () => {
  const setup = (
    guard: unknown,
  ): { send: ReturnType<typeof make>["send"]; sent: unknown[]; all: ReturnType<typeof make> } => {
    const { fetch, sent } = scriptedFetch();
    const all = make({ sms: [fake({ maxMessages: 9 })], fetch, guard });
    return { send: all.send, sent, all };
  };

  it("is shown the message and everyone whom it would reach", async () => {
    const guard = vi.fn<(guarded: GuardedMessage) => unknown>(() => ({ pass: true }));
    const { send, sent } = setup(guard);
    expect(await send(sms())).toMatchObject({ ok: true, outcome: "sent" });
    expect(guard.mock.calls).toMatchObject([
      [{ channel: "sms", message: { to: "+15005551001" }, addresses: [{ key: "+15005551001" }] }],
    ]);
    expect(sent).toHaveLength(1);
  });

  it("captures: nothing is sent, and the reason shows no address", async () => {
    const { send, sent } = setup(({ addresses }: GuardedMessage) => ({
      pass: false,
      reason: `${addresses[0]?.key} is not listed`,
    }));
    const result = await send(sms(), { messageId: "m" });
    expect(result).toMatchObject({ ok: true, outcome: "captured", messageId: "m", channel: "sms", attempts: [] });
    expect(JSON.stringify(result)).not.toContain("1500555");
    expect(sent).toEqual([]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("guard");
      },
    ],
    ["rejects", () => Promise.reject(new Error("guard"))],
    ["answers nothing", () => undefined],
    ["redirects to where the message cannot go", () => ({ redirect: "nowhere", reason: "r" })],
  ])("captures when it %s", async (_, guard) => {
    const { send, sent } = setup(guard);
    expect(await send(sms())).toMatchObject({ ok: true, outcome: "captured", reason: expect.stringMatching(/./) });
    expect(sent).toEqual([]);
  });

  it("redirects to another recipient", async () => {
    const buildRequest = vi.fn(fake().buildRequest);
    const { fetch } = scriptedFetch();
    const guard = () => ({ redirect: "+15005550000", reason: "staging" });
    const result = await make({ sms: [fake({ buildRequest })], fetch, guard }).send(sms());
    expect(result).toMatchObject({ ok: true, outcome: "sent" });
    expect(buildRequest.mock.calls[0]?.[0].to).toBe("+15005550000");
  });

  it("decides for each message of a batch", async () => {
    const { all, sent } = setup(({ message }: { message: { text: string } }) =>
      message.text === "text 2" ? { pass: false, reason: "no" } : { pass: true },
    );
    const results = await all.sendBatch(
      [1, 2, 3].map((number) => ({ message: sms(number), messageId: `m-${number}` })),
    );
    expect(results.map((result) => result.ok && result.outcome)).toEqual(["sent", "captured", "sent"]);
    expect(sent).toMatchObject([{ ids: ["m-1", "m-3"] }]);
  });
});

it("looks the platform's fetch up when it is called", async () => {
  const notifier = make({ sms: [fake()] });
  const { fetch, sent } = scriptedFetch();
  vi.stubGlobal("fetch", fetch);
  try {
    expect(await notifier.send(sms())).toMatchObject({ ok: true });
  } finally {
    vi.unstubAllGlobals();
  }
  expect(sent).toHaveLength(1);
});
