import { describe, expect, it } from "vitest";
import type { OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { fake, sms } from "../send/fixtures/scripted.ts";
import { createNotifier } from "../send/notifier.ts";
import { type Carry, transport } from "./transport.ts";

const request: OutboundRequest = { method: "MAIL", url: "smtp://mail.example.com:587", headers: {}, secrets: [] };
const answer: ProviderResponse = { status: 250, headers: new Headers(), text: "", json: undefined, truncated: false };
const never = (): Promise<never> => new Promise(() => {});

/** What is told of an exchange that ends so, before it hands the message over and after that. */
function bothWays(end: Carry): readonly [before: Carry, after: Carry] {
  return [
    end,
    (request, signal, handedOver) => {
      handedOver();
      return end(request, signal, handedOver);
    },
  ];
}

describe("transport", () => {
  it("hands the request to what carries it, and its answer or refusal on", async () => {
    const seen: unknown[] = [];
    const carry: Carry = async (given) => (seen.push(given), answer);
    expect(await transport(carry)(request, { timeoutMs: 1000 })).toEqual({ ok: true, response: answer });
    expect(seen).toEqual([request]);
    const refusal = { ok: false, kind: "rejected", detail: "no TLS", tryNext: true } as const;
    expect(await transport(async () => refusal)(request, { timeoutMs: 1000 })).toBe(refusal);
  });

  it.each(["rejects", "throws"])(
    "takes it for a connection that failed when it %s, and drops the text",
    async (how) => {
      const fail: Carry = () => {
        const error = new Error("connect to ada:hush@mail.example.com");
        if (how === "throws") throw error;
        return Promise.reject(error);
      };
      const [before, after] = bothWays(fail);
      const failed = { ok: false, kind: "network", detail: "The connection failed", status: undefined };
      expect(await transport(before)(request, { timeoutMs: 1000 })).toEqual({ ...failed, notAccepted: true });
      expect(await transport(after)(request, { timeoutMs: 1000 })).toEqual({ ...failed, notAccepted: undefined });
    },
  );

  it("gives up in time, tells it to stop, and knows whether the message had been handed over", async () => {
    const signals: AbortSignal[] = [];
    const [before, after] = bothWays((_, signal) => (signals.push(signal), never()));
    const failed = { ok: false, kind: "timeout", detail: "No full answer within 20 ms", status: undefined };
    expect(await transport(before)(request, { timeoutMs: 20 })).toEqual({ ...failed, notAccepted: true });
    expect(await transport(after)(request, { timeoutMs: 20 })).toEqual({ ...failed, notAccepted: undefined });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it("stops when the caller aborts, and does not begin when he already has", async () => {
    const controller = new AbortController();
    let begun = 0;
    const [before, after] = bothWays(() => (begun++, never()));
    const options = { timeoutMs: 1000, signal: controller.signal };
    const both = Promise.all([transport(before)(request, options), transport(after)(request, options)]);
    controller.abort();
    const aborted = { ok: false, kind: "aborted", detail: "Aborted by the caller", status: undefined };
    expect(await both).toEqual([
      { ...aborted, notAccepted: true },
      { ...aborted, notAccepted: undefined },
    ]);
    expect(await transport(after)(request, options)).toEqual({ ...aborted, notAccepted: true });
    expect(begun).toBe(2);
  });

  it("takes the place of fetch in a notifier, with the core's retries and redaction around it", async () => {
    let tries = 0;
    const carry: Carry = async ({ secrets }) => {
      if (++tries === 1) return { ok: false, kind: "unavailable", detail: `busy ${secrets[0]}`, notAccepted: true };
      return { ...answer, status: 200, json: [{ ok: true, providerMessageId: "1" }] };
    };
    const notifier = createNotifier({
      sms: [{ ...fake({ id: "first" }), perform: transport(carry) }],
      fetch: () => Promise.reject(new Error("not by HTTP")),
      sleep: async () => {},
    });
    const result = await notifier.send(sms());
    expect(result).toMatchObject({ ok: true, outcome: "sent", possibleDuplicate: false });
    expect(result.attempts).toMatchObject([
      { outcome: "failed", kind: "unavailable", detail: "busy [redacted]" },
      { outcome: "accepted" },
    ]);
  });
});
