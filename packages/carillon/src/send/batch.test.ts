import { describe, expect, it } from "vitest";
import type { Outcome } from "../provider/contract.ts";
import type { FailedResult, SendResult } from "../result/send-result.ts";
import type { NotifierOptions } from "./config.ts";
import { accepted, fake, keyed, never, outcomes, refused, scriptedFetch, secret, sms } from "./fixtures/scripted.ts";
import { createNotifier } from "./notifier.ts";

type Script = Parameters<typeof scriptedFetch>;

interface Setup extends ReturnType<typeof scriptedFetch> {
  readonly slept: number[];
  batch(...texts: (number | string)[]): Promise<readonly SendResult[]>;
}

function setup(providers: Parameters<typeof fake>[0][], script: Script, options: NotifierOptions = {}): Setup {
  const slept: number[] = [];
  const scripted = scriptedFetch(...script);
  const notifier = createNotifier({
    sms: providers.map((provider) => fake(provider)),
    fetch: scripted.fetch,
    random: (length) => new Uint8Array(length).fill(128),
    sleep: async (ms) => void slept.push(ms),
    ...options,
  });
  const entry = (text: number | string): { message: ReturnType<typeof sms>; messageId: string } => ({
    message:
      text === "bad"
        ? { ...sms(), to: "nobody" }
        : { ...sms(1), text: typeof text === "number" ? `text ${text}` : text },
    messageId: `m-${text}`.replaceAll(" ", "-"),
  });
  return { ...scripted, slept, batch: (...texts) => notifier.sendBatch(texts.map(entry)) };
}

const ok: Outcome = { ok: true, providerMessageId: "p" };
const fails = (kind: "rate-limited" | "recipient-gone" | "unavailable" | "invalid-message"): Outcome => ({
  ok: false,
  kind,
  detail: `said ${kind}`,
});

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("sendBatch", () => {
  it("sends what a provider takes together in one request, and answers in order", async () => {
    const { batch, sent } = setup([{ maxMessages: 10 }], []);
    const results = await batch(1, 2, 3);
    expect(sent).toMatchObject([{ ids: ["m-1", "m-2", "m-3"] }]);
    const requestKey = await sha256("m-1\nm-2\nm-3");
    expect(sent[0]?.key).toBe(requestKey);
    expect(results).toMatchObject(
      [1, 2, 3].map((number, index) => ({
        ok: true,
        messageId: `m-${number}`,
        providerMessageId: `p-${index}`,
        attempts: [{ outcome: "accepted", batchSize: 3, requestKey, providerMessageId: `p-${index}` }],
      })),
    );
  });

  it("groups by the provider's key in order, in chunks, and sends alone what has none", async () => {
    const { batch, sent } = setup([{ maxMessages: 2 }], [], { concurrency: 1 });
    const results = await batch("a 1", "b 1", "alone 1", "a 2", "a 3", "b 2");
    const requests = sent.map(({ texts }) => texts.join()).sort();
    expect(requests).toEqual(["a 1,a 2", "a 3", "alone 1", "b 1,b 2"]);
    expect(results.map(({ messageId }) => messageId)).toEqual([
      "m-a-1",
      "m-b-1",
      "m-alone-1",
      "m-a-2",
      "m-a-3",
      "m-b-2",
    ]);
    expect(results[4]?.attempts).toMatchObject([{ batchSize: 1, requestKey: "m-a-3" }]);
    expect(sent.find(({ texts }) => texts[0] === "a 3")?.key).toBe("m-a-3");
  });

  it("does not take a message that goes alone for one whose key says undefined", async () => {
    const { batch, sent } = setup([{ maxMessages: 9 }], [], { concurrency: 1 });
    await batch("alone 1", "undefined 1", "undefined 2");
    expect(sent.map(({ texts }) => texts.join()).sort()).toEqual(["alone 1", "undefined 1,undefined 2"]);
  });

  it("sends singly to a provider without batches, with a bounded number in flight", async () => {
    let inFlight = 0;
    let most = 0;
    const slow = async (): Promise<Response> => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 3));
      inFlight--;
      return accepted();
    };
    const { batch, sent } = setup(
      [{}],
      Array.from({ length: 20 }, () => slow),
      { concurrency: 4 },
    );
    const results = await batch(...Array.from({ length: 20 }, (_, index) => index));
    expect(results.every(({ ok: sentOk }) => sentOk)).toBe(true);
    expect(most).toBe(4);
    expect(sent.map(({ ids }) => ids[0])).toEqual(results.map(({ messageId }) => messageId));
  });

  it("fails an invalid message alone", async () => {
    const { batch, sent } = setup([{ maxMessages: 10 }], []);
    const results = await batch(1, "bad", 2);
    expect(results.map(({ ok: sentOk }) => sentOk)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({ kind: "invalid-message", field: "to", mayHaveBeenSent: false, attempts: [] });
    expect(sent).toMatchObject([{ ids: ["m-1", "m-2"] }]);
  });

  it("answers nothing to nothing", async () => {
    const { batch, sent } = setup([{ maxMessages: 10 }], []);
    expect(await batch()).toEqual([]);
    expect(sent).toEqual([]);
  });
});

describe("a batch that is refused as a whole", () => {
  it.each(["invalid-message", "rejected", "recipient-gone"] as const)("as %s is sent one by one", async (kind) => {
    const { batch, sent, slept } = setup(
      [{ maxMessages: 10 }],
      [refused(kind, { status: 422 }), accepted, () => refused(kind, { status: 422 }), accepted],
      { concurrency: 1, attempts: 1 },
    );
    const results = await batch(1, 2, 3);
    expect(sent.map(({ ids }) => ids.join())).toEqual(["m-1,m-2,m-3", "m-1", "m-2", "m-3"]);
    expect(results.map((result) => result.ok)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({ kind, mayHaveBeenSent: false });
    expect(results[0]?.attempts).toMatchObject([
      { outcome: "failed", batchSize: 3, status: 422 },
      { outcome: "accepted", batchSize: 1, requestKey: "m-1" },
    ]);
    expect(slept).toEqual([]);
  });

  it("before it was even sent is sent one by one", async () => {
    const provider = fake({ maxMessages: 10 });
    const scripted = scriptedFetch();
    const notifier = createNotifier({
      sms: [{ ...provider, batch: { ...provider.batch!, buildRequest: () => fails("invalid-message") as never } }],
      fetch: scripted.fetch,
    });
    const results = await notifier.sendBatch([{ message: sms(1) }, { message: sms(2) }]);
    expect(results.map((result) => result.ok)).toEqual([true, true]);
    expect(scripted.sent.map(({ ids }) => ids.length)).toEqual([1, 1]);
  });

  it.each([401, 403])("with %d goes to the next provider as a batch", async (status) => {
    const { batch, sent } = setup(
      [
        { id: "first", maxMessages: 10 },
        { id: "second", maxMessages: 10 },
      ],
      [refused("unauthorized", { status })],
    );
    const results = await batch(1, 2);
    expect(sent.map(({ url, ids }) => [url, ids.length])).toEqual([
      ["https://first.example/send", 2],
      ["https://second.example/send", 2],
    ]);
    expect(results).toMatchObject([{ provider: "second" }, { provider: "second" }]);
  });

  it("about this provider alone goes to the next, which may take them singly only", async () => {
    const { batch, sent } = setup(
      [{ id: "first", maxMessages: 10 }, { id: "second" }],
      [refused("rejected", { tryNext: true, status: 400 })],
    );
    await batch(1, 2);
    expect(sent.map(({ ids }) => ids.length)).toEqual([2, 1, 1]);
  });

  it("for its rate is sent again as it was, after the delay", async () => {
    const { batch, sent, slept } = setup(
      [{ maxMessages: 10 }],
      [refused("rate-limited", { status: 429, headers: { "retry-after": "3" } })],
    );
    const results = await batch(1, 2);
    expect(slept).toEqual([3000]);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ key: sent[0]?.key, ids: ["m-1", "m-2"] });
    expect(results.every((result) => result.ok && result.outcome === "sent" && !result.possibleDuplicate)).toBe(true);
  });
});

describe("a batch whose outcome is unknown", () => {
  it("is sent again as the same batch with the same key while that is open", async () => {
    const { batch, sent } = setup([{ maxMessages: 10, ...keyed }], [new Error("cut"), refused("unavailable")]);
    const results = await batch(1, 2, 3);
    expect(sent.map(({ ids }) => ids.length)).toEqual([3, 3, 3]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(results).toMatchObject(results.map(() => ({ ok: true, possibleDuplicate: false })));
  });

  it("is held when there is no key", async () => {
    const { batch, sent } = setup(
      [
        { id: "first", maxMessages: 10 },
        { id: "second", maxMessages: 10 },
      ],
      [new Error("cut")],
    );
    const results = await batch(1, 2);
    expect(sent).toHaveLength(1);
    expect(results).toMatchObject(results.map(() => ({ ok: false, kind: "network", mayHaveBeenSent: true })));
  });

  it("goes on, marked, when the caller wants it resent", async () => {
    const providers = [
      { id: "first", maxMessages: 10 },
      { id: "second", maxMessages: 10 },
    ];
    const { batch } = setup(providers, [new Error("cut")], { onUnknown: "resend", attempts: 1 });
    const results = await batch(1, 2);
    expect(results).toMatchObject(results.map(() => ({ ok: true, provider: "second", possibleDuplicate: true })));
  });

  it("is not sent one by one when a later try is refused: the first may have gone out", async () => {
    const script = (): Script => [new Error("cut"), refused("invalid-message", { status: 400 })];
    const hold = setup([{ maxMessages: 10, ...keyed }], script());
    expect(await hold.batch(1, 2)).toMatchObject(
      [1, 2].map(() => ({ kind: "invalid-message", mayHaveBeenSent: true })),
    );
    expect(hold.sent).toHaveLength(2);
    const resend = setup([{ maxMessages: 10, ...keyed }], script(), { onUnknown: "resend" });
    expect(await resend.batch(1, 2)).toMatchObject([1, 2].map(() => ({ ok: true, possibleDuplicate: true })));
    expect(resend.sent.map(({ ids }) => ids.length)).toEqual([2, 2, 1, 1]);
  });

  it.each([
    ["one outcome too few", () => outcomes(ok)],
    ["something else", () => Response.json([null, 1])],
    ["no JSON", () => new Response("<html>")],
  ])("is unexpected when the answer has %s", async (_, answer) => {
    const { batch, sent } = setup([{ maxMessages: 10, ...keyed }], [answer]);
    const results = await batch(1, 2);
    expect(results).toMatchObject([1, 2].map(() => ({ kind: "unexpected-response", mayHaveBeenSent: true })));
    expect(sent).toHaveLength(1);
  });

  it("ends as aborted for each when the caller aborts", async () => {
    const controller = new AbortController();
    const scripted = scriptedFetch(() => (controller.abort(), never()));
    const notifier = createNotifier({ sms: [fake({ maxMessages: 2 })], fetch: scripted.fetch, concurrency: 1 });
    const entries = [1, 2, 3, 4].map((number) => ({ message: sms(`+1500555100${number}`) }));
    const results = await notifier.sendBatch(entries, { signal: controller.signal });
    expect(results).toMatchObject([
      { kind: "aborted", mayHaveBeenSent: true },
      { kind: "aborted", mayHaveBeenSent: true },
      { kind: "aborted", mayHaveBeenSent: false, attempts: [] },
      { kind: "aborted", mayHaveBeenSent: false, attempts: [] },
    ]);
    expect(scripted.sent).toHaveLength(1);
  });
});

describe("the messages of a batch that fail", () => {
  it("end each with its own outcome", async () => {
    const { batch } = setup([{ maxMessages: 10 }], [outcomes(ok, fails("recipient-gone"), fails("unavailable"))]);
    expect(await batch(1, 2, 3)).toMatchObject([
      { ok: true },
      { kind: "recipient-gone", mayHaveBeenSent: false },
      { kind: "unavailable", mayHaveBeenSent: true },
    ]);
  });

  it("are tried again together, as another batch with a key of its own", async () => {
    const { batch, sent, slept } = setup(
      [{ maxMessages: 10, ...keyed }],
      [outcomes(fails("rate-limited"), ok, { ok: false, kind: "rate-limited", detail: "slow", retryAfterMs: 2000 })],
    );
    const results = await batch(1, 2, 3);
    expect(sent.map(({ ids }) => ids.join())).toEqual(["m-1,m-2,m-3", "m-1,m-3"]);
    expect(sent[1]?.key).toBe(await sha256("m-1\nm-3"));
    expect(slept).toEqual([2000]);
    expect(results.map((result) => result.attempts.length)).toEqual([2, 1, 2]);
    expect(results.every((result) => result.ok && result.outcome === "sent" && !result.possibleDuplicate)).toBe(true);
  });

  it("are tried again as singles when only one is left, up to the number of tries", async () => {
    const { batch, sent } = setup(
      [{ maxMessages: 10 }],
      [outcomes(ok, fails("rate-limited")), outcomes(fails("rate-limited")), outcomes(fails("rate-limited"))],
    );
    const results = await batch(1, 2);
    expect(sent.map(({ key }) => key)).toEqual([await sha256("m-1\nm-2"), "m-2", "m-2"]);
    expect(results[1]).toMatchObject({ ok: false, kind: "rate-limited" });
  });

  it("are not tried again when they may have been sent: the new key would not protect them", async () => {
    const script = (): Script => [outcomes(ok, fails("unavailable"), fails("unavailable"))];
    const hold = setup([{ maxMessages: 10, ...keyed }], script());
    expect(await hold.batch(1, 2, 3)).toMatchObject([
      { ok: true },
      { mayHaveBeenSent: true },
      { mayHaveBeenSent: true },
    ]);
    const resend = setup([{ maxMessages: 10, ...keyed }], script(), { onUnknown: "resend" });
    expect(await resend.batch(1, 2, 3)).toMatchObject([
      { ok: true, possibleDuplicate: false },
      { ok: true, possibleDuplicate: true },
      { ok: true, possibleDuplicate: true },
    ]);
  });

  it("have a key of their own from then on, which protects them in its turn", async () => {
    const { batch, sent } = setup(
      [{ maxMessages: 10, ...keyed }],
      [outcomes(fails("rate-limited"), ok, fails("rate-limited")), new Error("cut")],
    );
    const results = await batch(1, 2, 3);
    expect(sent.map(({ ids }) => ids.join())).toEqual(["m-1,m-2,m-3", "m-1,m-3", "m-1,m-3"]);
    expect(sent[2]?.key).toBe(sent[1]?.key);
    expect(results.every((result) => result.ok && result.outcome === "sent" && !result.possibleDuplicate)).toBe(true);
  });

  it("never show a secret or any address of the batch", async () => {
    const detail = `${secret} +15005551001 +15005551002`;
    const failing = [1, 2].map((): Outcome => ({ ok: false, kind: "invalid-message", detail }));
    const scripted = scriptedFetch(outcomes(...failing));
    const notifier = createNotifier({ sms: [fake({ maxMessages: 9 })], fetch: scripted.fetch });
    const results = await notifier.sendBatch([{ message: sms(1) }, { message: sms(2) }]);
    expect((results[0] as FailedResult).detail).toBe("[redacted] [redacted] [redacted]");
    expect(JSON.stringify(results)).not.toMatch(/hush|1500555/);
  });
});

it("decides nothing itself for a caller that gives one provider, one try, and holds", async () => {
  const { batch, sent, slept } = setup(
    [{ maxMessages: 10, ...keyed }],
    [outcomes(ok, fails("rate-limited"), fails("unavailable"))],
    { attempts: 1, onUnknown: "hold" },
  );
  const results = await batch(1, 2, 3);
  expect(sent).toHaveLength(1);
  expect(slept).toEqual([]);
  const requestKey = await sha256("m-1\nm-2\nm-3");
  expect(results.map((result) => result.attempts)).toMatchObject([
    [{ outcome: "accepted", requestKey, batchSize: 3 }],
    [{ outcome: "failed", kind: "rate-limited", requestKey, batchSize: 3 }],
    [{ outcome: "unknown", kind: "unavailable", requestKey, batchSize: 3 }],
  ]);
});
