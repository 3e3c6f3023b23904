import { describe, expect, it } from "vitest";
import type { FailureKind } from "../result/failure-kind.ts";
import type { FailedResult, SentResult } from "../result/send-result.ts";
import type { Notifier, NotifierOptions } from "./config.ts";
import { fake, keyed, never, outcomes, refused, scriptedFetch, secret, sms } from "./fixtures/scripted.ts";
import { createNotifier } from "./notifier.ts";

type Script = Parameters<typeof scriptedFetch>;
type Providers = Parameters<typeof fake>[0][];

/** A clock that only sleeping moves, and jitter at its middle. */
function setup(
  providers: Providers,
  script: Script,
  options: NotifierOptions = {},
): ReturnType<typeof scriptedFetch> & { readonly slept: number[]; send: Notifier<"sms">["send"] } {
  const slept: number[] = [];
  let nowMs = Date.parse("2026-11-23T20:00:00Z");
  const scripted = scriptedFetch(...script);
  const notifier = createNotifier({
    sms: providers.map((provider) => fake(provider)),
    fetch: scripted.fetch,
    now: () => new Date(nowMs),
    random: (length) => new Uint8Array(length).fill(128),
    sleep: async (ms) => {
      slept.push(ms);
      nowMs += ms;
    },
    ...options,
  });
  return { ...scripted, slept, send: notifier.send };
}

const two: Providers = [{ id: "first" }, { id: "second" }];
const keyedTwo: Providers = [
  { id: "first", ...keyed },
  { id: "second", ...keyed },
];
const hosts = (sent: readonly { readonly url: string }[]): string[] =>
  sent.map(({ url }) => new URL(url).hostname.split(".")[0] as string);

describe("send", () => {
  it("hands the message to the first provider and says who took it", async () => {
    const { send, sent, slept } = setup(two, []);
    const result = await send(sms(), { messageId: "msg_1", idempotencyKey: "key 1" });
    expect(result).toEqual({
      ok: true,
      outcome: "sent",
      messageId: "msg_1",
      channel: "sms",
      provider: "first",
      account: "default",
      providerMessageId: "p-0",
      possibleDuplicate: false,
      attempts: [
        {
          provider: "first",
          account: "default",
          startedAt: new Date("2026-11-23T20:00:00Z"),
          durationMs: 0,
          outcome: "accepted",
          requestKey: "key 1",
          batchSize: 1,
          status: 200,
          providerMessageId: "p-0",
        },
      ],
    });
    expect(sent).toMatchObject([{ key: "key 1", ids: ["msg_1"] }]);
    expect(slept).toEqual([]);
  });

  it("makes an id, and the key of the id", async () => {
    const { send, sent } = setup([{}], []);
    const { messageId } = await send(sms());
    expect(messageId).toMatch(/^msg_[0-9a-f-]{36}$/);
    expect(sent[0]).toMatchObject({ key: messageId, ids: [messageId] });
  });

  it("hashes a key that is longer than the provider takes, the same at every try", async () => {
    const idempotency = { maxKeyLength: 40, windowSeconds: 3600 };
    const { send, sent } = setup([{ idempotency }], [refused("unavailable")]);
    const result = await send(sms(), { idempotencyKey: "k".repeat(41) });
    expect(sent.map(({ key }) => key)).toEqual(result.attempts.map(({ requestKey }) => requestKey));
    expect(sent[0]?.key).toMatch(/^[0-9a-f]{40}$/);
    expect(sent[1]?.key).toBe(sent[0]?.key);
    const short = setup([{ idempotency }], []);
    await short.send(sms(), { idempotencyKey: "k".repeat(40) });
    expect(short.sent[0]?.key).toBe("k".repeat(40));
  });
});

/** Requests by provider that each failure leads to, when every answer is that failure. */
const paths: readonly (readonly [FailureKind, "hold" | "resend", "keyed" | "bare", string, boolean])[] = (
  [
    ["invalid-message", "1", "1", "1", "1", false],
    ["unauthorized", "12", "12", "12", "12", false],
    ["recipient-gone", "1", "1", "1", "1", false],
    ["rejected", "1", "1", "1", "1", false],
    ["rate-limited", "111222", "111222", "111222", "111222", false],
    ["unavailable", "1", "111", "111222", "111222", true],
    ["timeout", "1", "111", "111222", "111222", true],
    ["network", "1", "111", "111222", "111222", true],
    ["unexpected-response", "1", "1", "1", "1", true],
  ] as const
).flatMap(
  ([kind, bareHold, keyedHold, bareResend, keyedResend, unknown]) =>
    [
      [kind, "hold", "bare", bareHold, unknown],
      [kind, "hold", "keyed", keyedHold, unknown],
      [kind, "resend", "bare", bareResend, unknown],
      [kind, "resend", "keyed", keyedResend, unknown],
    ] as const,
);

describe("failover", () => {
  it.each(paths)("after %s, under %s and with %s providers, asks %s", async (kind, onUnknown, keys, path, unknown) => {
    const answers = Array.from({ length: 9 }, () => refused(kind, { status: 499 }));
    const { send, sent } = setup(keys === "keyed" ? keyedTwo : two, answers, { onUnknown });
    const result = (await send(sms())) as FailedResult;
    expect(
      hosts(sent)
        .map((host) => (host === "first" ? 1 : 2))
        .join(""),
    ).toBe(path);
    expect(result).toMatchObject({ ok: false, kind, mayHaveBeenSent: unknown, status: 499, detail: `said ${kind}` });
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual(sent.map(() => (unknown ? "unknown" : "failed")));
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

  it("retries what was not accepted whatever the policy says of unknown outcomes", async () => {
    const { send, sent } = setup(two, [refused("unavailable", { notAccepted: true })]);
    expect(await send(sms())).toMatchObject({ ok: true, provider: "first", possibleDuplicate: false });
    expect(sent).toHaveLength(2);
  });

  it("asks the next provider after a rejection that is about this one", async () => {
    const { send } = setup(two, [refused("rejected", { tryNext: true, status: 403 })]);
    expect(await send(sms())).toMatchObject({ ok: true, provider: "second", possibleDuplicate: false });
  });

  it("marks a message as a possible duplicate when no key protected the second try", async () => {
    const bare = setup(two, [refused("timeout")], { onUnknown: "resend" });
    expect(await bare.send(sms())).toMatchObject({ ok: true, provider: "first", possibleDuplicate: true });
    const withKey = setup(keyedTwo, [refused("timeout")], { onUnknown: "resend" });
    expect(await withKey.send(sms())).toMatchObject({ ok: true, provider: "first", possibleDuplicate: false });
    const next = setup(keyedTwo, [refused("timeout")], { onUnknown: "resend", attempts: 1 });
    expect(await next.send(sms())).toMatchObject({ ok: true, provider: "second", possibleDuplicate: true });
  });

  it("does not go on to the next provider when an earlier try may have been sent", async () => {
    const { send, sent } = setup(keyedTwo, [refused("timeout"), refused("unauthorized", { status: 401 })]);
    expect(await send(sms())).toMatchObject({ ok: false, kind: "unauthorized", mayHaveBeenSent: true });
    expect(hosts(sent)).toEqual(["first", "first"]);
  });

  it("does not count on a key whose window would close before the retry", async () => {
    const shortly = { idempotency: { maxKeyLength: 100, windowSeconds: 5 } };
    const inTime = setup([shortly], [refused("unavailable", { retryAfterMs: 4000 })]);
    expect(await inTime.send(sms())).toMatchObject({ ok: true });
    const late = setup([shortly], [refused("unavailable", { retryAfterMs: 5000 })]);
    expect(await late.send(sms())).toMatchObject({ ok: false, mayHaveBeenSent: true });
  });

  it("waits longer before each retry", async () => {
    const { send, slept } = setup(
      [{}],
      Array.from({ length: 9 }, () => refused("rate-limited")),
      { attempts: 6 },
    );
    await send(sms());
    expect(slept).toEqual([251, 502, 1004, 2008, 4016]);
  });

  it.each([
    ["in seconds", "7"],
    ["as a date", "Mon, 23 Nov 2026 20:00:07 GMT"],
  ])("waits as long as Retry-After says %s", async (_, value) => {
    const { send, slept } = setup([{}], [refused("rate-limited", { status: 429, headers: { "retry-after": value } })]);
    const result = await send(sms());
    expect(result.ok).toBe(true);
    expect(slept).toEqual([7000]);
    expect(result.attempts[0]).toMatchObject({ kind: "rate-limited", status: 429, retryAfterMs: 7000 });
  });

  it("believes the provider's own delay before the header", async () => {
    const { send, slept } = setup(
      [{}],
      [refused("rate-limited", { retryAfterMs: 1200.5, headers: { "retry-after": "9" } })],
    );
    await send(sms());
    expect(slept).toEqual([1201]);
  });

  it("asks the next provider when the wait is too long, and else gives the result back", async () => {
    const tooLong = (): Response => refused("rate-limited", { headers: { "retry-after": "11" } });
    const withNext = setup(two, [tooLong()]);
    expect(await withNext.send(sms())).toMatchObject({ ok: true, provider: "second" });
    expect(withNext.slept).toEqual([]);
    const alone = setup([{}], [tooLong()]);
    expect(await alone.send(sms())).toMatchObject({ ok: false, kind: "rate-limited", retryAfterMs: 11_000 });
    expect(alone.slept).toEqual([]);
  });
});

describe("what happens on the wire", () => {
  it("is returned when the connection fails, and says nothing of the request", async () => {
    const { send } = setup([{}], [new TypeError(`could not reach https://fake.example/send?${secret}`)]);
    const result = await send(sms());
    expect(result).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: true });
    expect(JSON.stringify(result)).not.toMatch(/fake\.example|hush/);
  });

  it("is a time-out after the given time", async () => {
    const { send } = setup([{}], [never], { timeoutMs: 15, attempts: 1 });
    expect(await send(sms())).toMatchObject({ ok: false, kind: "timeout", mayHaveBeenSent: true });
  });

  it("is an unexpected response when it is a redirect, although the provider would take it", async () => {
    const { send, sent } = setup(two, [
      Response.json([{ ok: true }], { status: 302, headers: { location: "https://x.example" } }),
    ]);
    expect(await send(sms())).toMatchObject({
      ok: false,
      kind: "unexpected-response",
      status: 302,
      mayHaveBeenSent: true,
    });
    expect(sent).toHaveLength(1);
  });

  it("is an unexpected response when the provider's code throws on it, or makes nothing of it", async () => {
    const throws = setup(
      [
        {
          readResponse: () => {
            throw new Error(secret);
          },
        },
      ],
      [],
    );
    const threw = await throws.send(sms());
    expect(threw).toMatchObject({ ok: false, kind: "unexpected-response", status: 200, mayHaveBeenSent: true });
    expect(JSON.stringify(threw)).not.toContain("hush");
    for (const junk of [undefined, null, { ok: false, kind: "no-such-kind", detail: "x" }]) {
      const { send } = setup([{ readResponse: () => junk as never }], []);
      expect(await send(sms())).toMatchObject({ ok: false, kind: "unexpected-response", mayHaveBeenSent: true });
    }
  });

  it("was never sent when the request cannot be built", async () => {
    const cannot = {
      id: "first",
      buildRequest: () => {
        throw new Error(secret);
      },
    };
    const { send, sent } = setup([cannot, { id: "second" }], []);
    const result = (await send(sms())) as SentResult;
    expect(result).toMatchObject({ ok: true, provider: "second", possibleDuplicate: false });
    expect(result.attempts.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["unavailable", "failed"],
      ["unavailable", "failed"],
      ["unavailable", "failed"],
      [undefined, "accepted"],
    ]);
    expect(JSON.stringify(result)).not.toContain("hush");
    expect(sent).toHaveLength(1);
  });

  it("is what the provider says of a message that it does not even send", async () => {
    const failure = { ok: false, kind: "invalid-message", field: "from", detail: "no sender" } as const;
    const { send, sent } = setup([{ buildRequest: () => failure }], []);
    expect(await send(sms())).toMatchObject({
      ok: false,
      kind: "invalid-message",
      field: "from",
      mayHaveBeenSent: false,
    });
    expect(sent).toEqual([]);
  });

  it("never shows a secret or an address, wherever the provider repeats them", async () => {
    const echo = `${secret} ${encodeURIComponent(secret)} ${btoa(secret)} +15005551001 other@example.com`;
    const failure = { detail: echo, field: echo, providerCode: echo, status: 422 };
    const told: unknown[] = [];
    const onAttempt = (report: unknown): void => void told.push(report);
    const bad = setup([{}], [refused("invalid-message", failure)], { onAttempt });
    const good = setup([{}], [outcomes({ ok: true, providerMessageId: `id-${secret}` })], { onAttempt });
    const text = JSON.stringify([await bad.send(sms()), await good.send(sms()), told]);
    expect(told).toHaveLength(2);
    expect(text).toContain("[redacted]");
    expect(text).not.toMatch(/hush|aHVzaC|\+1500555|other@example/);
    expect(text).not.toContain(btoa(secret).slice(0, 16));
  });

  it("cuts long details", async () => {
    const { send } = setup([{}], [refused("rejected", { detail: "x".repeat(5000) })]);
    expect(((await send(sms())) as FailedResult).detail).toHaveLength(500);
  });
});

describe("aborting", () => {
  it("before the send starts nothing", async () => {
    const { send, sent } = setup(two, []);
    const result = await send(sms(), { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ ok: false, kind: "aborted", mayHaveBeenSent: false, attempts: [] });
    expect(sent).toEqual([]);
  });

  it("in flight leaves it open whether it was sent, and tries nothing more", async () => {
    const controller = new AbortController();
    const { send, sent } = setup(keyedTwo, [() => (controller.abort(), never())], { onUnknown: "resend" });
    const result = await send(sms(), { signal: controller.signal });
    expect(result).toMatchObject({ ok: false, kind: "aborted", mayHaveBeenSent: true });
    expect(result.attempts).toMatchObject([{ outcome: "unknown", kind: "aborted" }]);
    expect(sent).toHaveLength(1);
  });

  it.each([
    ["ends", async () => {}],
    ["rejects", () => Promise.reject(new Error("aborted"))],
  ])("in a wait that then %s ends with what is known", async (_, sleep) => {
    const controller = new AbortController();
    const { send, sent } = setup([{}], [() => refused("rate-limited")], {
      sleep: () => (controller.abort(), sleep()),
    });
    const result = await send(sms(), { signal: controller.signal });
    expect(result).toMatchObject({ ok: false, kind: "aborted", mayHaveBeenSent: false });
    expect(sent).toHaveLength(1);
  });

  it("in the default wait ends it at once", async () => {
    const controller = new AbortController();
    const { send } = setup([{}], [refused("rate-limited", { retryAfterMs: 9000 })], { sleep: undefined });
    setTimeout(() => controller.abort(), 20);
    const started = Date.now();
    expect(await send(sms(), { signal: controller.signal })).toMatchObject({ kind: "aborted" });
    expect(Date.now() - started).toBeLessThan(3000);
  });
});

describe("onAttempt", () => {
  const listeners: Record<string, () => unknown> = {
    throws: () => {
      throw new Error("listener");
    },
    // An unhandled rejection would end the process, and fails the test run.
    rejects: () => Promise.reject(new Error("listener")),
  };
  it.each(Object.entries(listeners))("is told of every attempt, also when it %s", async (_, listener) => {
    // No `vi.fn`: it handles the rejections of what it wraps.
    const told: unknown[] = [];
    const onAttempt = (report: unknown): unknown => {
      told.push(report);
      return listener();
    };
    const { send } = setup([{}], [refused("rate-limited")], { onAttempt });
    const result = await send(sms(), { messageId: "m" });
    expect(result.ok).toBe(true);
    expect(told).toEqual(result.attempts.map((report) => ({ ...report, messageId: "m" })));
  });
});
