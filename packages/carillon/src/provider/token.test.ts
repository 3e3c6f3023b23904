import { afterEach, describe, expect, it, vi } from "vitest";
import type { NotifierOptions } from "../send/config.ts";
import { accepted, fake, refused, type Sent, scriptedFetch, sms } from "../send/fixtures/scripted.ts";
import { createNotifier } from "../send/notifier.ts";
import type { Cache, Provider } from "./contract.ts";
import { createMemory } from "./recall.ts";
import { tokenExchange, type TokenExchange } from "./token.ts";

const exchange: Omit<TokenExchange, "id" | "account"> = {
  key: "scope",
  buildRequest: () => ({
    method: "POST",
    url: "https://token.example/",
    headers: {},
    body: "{}",
    secrets: ["assertion-1"],
  }),
  readResponse: ({ json, status }) =>
    status === 200
      ? (json as { ok: true; token: string; expiresInSeconds: number })
      : { ok: false, kind: status === 401 ? "unauthorized" : "unavailable", detail: "no token for assertion-1" },
};

type Script = Parameters<typeof scriptedFetch>;

function setup(script: Script, options: NotifierOptions = {}, providers: Parameters<typeof fake>[0][] = [{}]) {
  const scripted = scriptedFetch(...script);
  const clock = { nowMs: 0 };
  const notifier = createNotifier({
    sms: providers.map((provider, index) =>
      fake(
        index === 0
          ? { authorize: tokenExchange({ id: provider?.id ?? "fake", account: "default", ...exchange }), ...provider }
          : provider,
      ),
    ),
    fetch: scripted.fetch,
    now: () => new Date(clock.nowMs),
    sleep: async () => {},
    ...options,
  });
  return { ...scripted, clock, notifier };
}

const grant = (token: string, expiresInSeconds = 3600): Response =>
  Response.json({ ok: true, token, expiresInSeconds });
const refusal = async (): Promise<Response> => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return new Response(null, { status: 401 });
};
const tokens = (sent: readonly Sent[]): string[] => sent.map(({ url, token }) => token ?? new URL(url).hostname);

afterEach(() => void vi.useRealTimers());

describe("a provider that needs a token", () => {
  it("gets one, and keeps it until shortly before its end", async () => {
    const { notifier, sent, clock } = setup([grant("t1"), accepted, accepted, grant("t2"), accepted]);
    await notifier.send(sms());
    clock.nowMs = 3_539_000;
    await notifier.send(sms());
    clock.nowMs = 3_540_000;
    await notifier.send(sms());
    expect(tokens(sent)).toEqual(["token.example", "t1", "t1", "token.example", "t2"]);
  });

  it("gets a new one after a 401, and tries once more within the same attempt", async () => {
    const unauthorized = (): Response => refused("unauthorized", { status: 401 });
    const { notifier, sent } = setup([grant("t1"), accepted, unauthorized, grant("t2"), accepted]);
    await notifier.send(sms());
    const again = await notifier.send(sms());
    expect(again).toMatchObject({ ok: true, attempts: [{ outcome: "accepted", status: 200 }] });
    expect(tokens(sent)).toEqual(["token.example", "t1", "t1", "token.example", "t2"]);
  });

  it("gives up after the second 401", async () => {
    const unauthorized = (): Response => refused("unauthorized", { status: 401 });
    const { notifier, sent } = setup([grant("t1"), unauthorized, grant("t2"), unauthorized]);
    const result = await notifier.send(sms());
    expect(result).toMatchObject({ ok: false, kind: "unauthorized", mayHaveBeenSent: false });
    expect(result.attempts).toHaveLength(1);
    expect(tokens(sent)).toEqual(["token.example", "t1", "token.example", "t2"]);
  });

  it.each([
    ["answers 503", (): Response => new Response("", { status: 503 })],
    ["breaks", new Error("cut")],
    ["makes no sense", (): Response => new Response("{}", { status: 200 })],
  ])("has sent nothing when the exchange %s", async (_, answer) => {
    const script = [answer, answer, answer];
    const { notifier, sent } = setup(script, {}, [{ id: "first" }, { id: "second" }]);
    const result = await notifier.send(sms());
    expect(result.attempts.every(({ outcome }) => outcome !== "unknown")).toBe(true);
    expect(sent.some(({ url }) => url.startsWith("https://first"))).toBe(false);
    expect(JSON.stringify(result)).not.toContain("assertion-1");
    if (result.ok) expect(result).toMatchObject({ provider: "second", possibleDuplicate: false });
    else expect(result.mayHaveBeenSent).toBe(false);
  });

  it("asks once for many sends at a time", async () => {
    const { notifier, sent } = setup([
      async () => (await new Promise((resolve) => setTimeout(resolve, 10)), grant("t1")),
    ]);
    await Promise.all([1, 2, 3, 4].map((number) => notifier.send(sms(number))));
    expect(tokens(sent)).toEqual(["token.example", "t1", "t1", "t1", "t1"]);
  });

  it("waits two seconds on another send's exchange, and then makes its own", async () => {
    vi.useFakeTimers();
    const { notifier, sent } = setup([() => new Promise(() => {}), grant("t2"), accepted]);
    void notifier.send(sms(1));
    const second = notifier.send(sms(2));
    await vi.advanceTimersByTimeAsync(1999);
    expect(tokens(sent)).toEqual(["token.example"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await second).toMatchObject({ ok: true });
    expect(tokens(sent)).toEqual(["token.example", "token.example", "t2"]);
  });

  it("does not suffer from another send's abort", async () => {
    const controller = new AbortController();
    const { notifier } = setup([() => new Promise(() => {}), grant("t2")]);
    const first = notifier.send(sms(1), { signal: controller.signal });
    const second = notifier.send(sms(2));
    setTimeout(() => controller.abort(), 5);
    expect(await first).toMatchObject({ kind: "aborted", mayHaveBeenSent: false });
    expect(await second).toMatchObject({ ok: true });
  });

  it("tells a waiter that another send's exchange failed, without what only that one could redact", async () => {
    const { notifier, sent } = setup([refusal, accepted], { attempts: 1 });
    const results = await Promise.all([1, 2, 3].map((number) => notifier.send(sms(number))));
    expect(tokens(sent)).toEqual(["token.example"]);
    for (const result of results) expect(result).toMatchObject({ kind: "unauthorized", mayHaveBeenSent: false });
    expect(JSON.stringify(results)).not.toContain("assertion-1");
  });

  it("takes the token from a given cache, keeps values there, and lives without it", async () => {
    const entries = new Map<string, { value: unknown; expiresAtMs: number }>();
    const cache: Cache = {
      get: async (key) => entries.get(key),
      set: async (key, value, expiresAtMs) => void entries.set(key, { value, expiresAtMs }),
    };
    await setup([grant("t1")], { cache }).notifier.send(sms());
    expect([...entries]).toEqual([["fake:default:token:scope", { value: "t1", expiresAtMs: 3_540_000 }]]);
    const other = setup([], { cache });
    await other.notifier.send(sms());
    expect(tokens(other.sent)).toEqual(["t1"]);
    const broken: Cache = {
      get: () => Promise.reject(new Error("down")),
      set: () => {
        throw new Error("down");
      },
    };
    const without = setup([grant("t1"), accepted, grant("t2"), accepted], { cache: broken });
    expect(await without.notifier.send(sms())).toMatchObject({ ok: true });
    expect(await without.notifier.send(sms())).toMatchObject({ ok: true });
    expect(tokens(without.sent)).toEqual(["token.example", "t1", "token.example", "t2"]);
  });
});

describe("createMemory", () => {
  it("makes a value once until it expires, for each account apart", async () => {
    const made: string[] = [];
    const clock = { nowMs: 0 };
    const provider = (account: string): Provider<"sms"> => {
      const base = fake({ account });
      const remember = createMemory(base);
      return {
        ...base,
        async buildRequest(message, context) {
          await remember(context, "vapid", new Date(1000), () => made.push(account));
          return base.buildRequest(message, context);
        },
      };
    };
    const { fetch } = scriptedFetch(refused("unauthorized"), accepted, refused("unauthorized"));
    const notifier = createNotifier({ sms: [provider("a"), provider("b")], fetch, now: () => new Date(clock.nowMs) });
    await notifier.send(sms());
    await notifier.send(sms());
    expect(made).toEqual(["a", "b"]);
    clock.nowMs = 1000;
    await notifier.send(sms());
    expect(made).toEqual(["a", "b", "a"]);
  });
});
