import { describe, expect, it } from "vitest";
import { operation, type Operation, type OperationParts } from "../provider/operation.ts";
import type { Notifier } from "./config.ts";
import { fake, scriptedFetch, secret } from "./fixtures/scripted.ts";
import type { GuardedMessage } from "./guard.ts";
import { createNotifier } from "./notifier.ts";

const number = "+447700900123";

const rename = (more: Partial<OperationParts<{ readonly name: string }>> = {}): Operation<{ readonly name: string }> =>
  operation(fake(), {
    addresses: () => [{ key: number, label: "+44***123", secrets: [number] }],
    buildRequest: () => ({ method: "PATCH", url: "https://api.example/names/1", headers: {}, secrets: [secret] }),
    readResponse: ({ json, text }) =>
      text ? { ok: true, value: json as { name: string } } : { ok: false, kind: "rejected", detail: `no ${number}` },
    ...more,
  });

const notifierOf = (fetch: ReturnType<typeof scriptedFetch>["fetch"], more: object = {}): Notifier<"sms"> =>
  createNotifier({ sms: [fake()], fetch, sleep: async () => {}, ...more });

describe("call", () => {
  it("answers what the provider answered", async () => {
    const { fetch, sent } = scriptedFetch(new Response('{"name":"Ada"}'));
    const result = await notifierOf(fetch).call(rename());
    expect(result).toMatchObject({ ok: true, outcome: "sent", provider: "fake", value: { name: "Ada" } });
    expect(result.messageId).toMatch(/^op_/);
    // Reports go to logs: what the provider answered is for the caller alone.
    expect(result.attempts).toMatchObject([{ outcome: "accepted" }]);
    expect(JSON.stringify(result.attempts)).not.toContain("Ada");
    expect(sent).toHaveLength(1);
  });

  it("tries again what may have been done, because a repeat does no harm", async () => {
    const { fetch, sent } = scriptedFetch(new TypeError("cut"), new Response('{"name":"Ada"}'));
    expect(await notifierOf(fetch).call(rename())).toMatchObject({ ok: true, possibleDuplicate: false });
    expect(sent).toHaveLength(2);
  });

  it("reports a failure without the address", async () => {
    const { fetch } = scriptedFetch(new Response(""));
    const result = await notifierOf(fetch).call(rename());
    expect(result).toMatchObject({ ok: false, kind: "rejected", detail: "no [redacted]" });
  });

  it("shows the guard whom it reaches, and asks nobody when it is captured", async () => {
    const seen: GuardedMessage[] = [];
    const guard = (guarded: GuardedMessage) => {
      seen.push(guarded);
      return { pass: false as const, reason: "not now" };
    };
    const { fetch, sent } = scriptedFetch();
    expect(await notifierOf(fetch, { guard }).call(rename())).toMatchObject({ outcome: "captured", reason: "not now" });
    expect(seen).toMatchObject([{ channel: "sms", message: undefined, addresses: [{ key: number }] }]);
    expect(sent).toHaveLength(0);
  });

  it("is captured by a guard that would redirect it: an operation goes nowhere else", async () => {
    const { fetch, sent } = scriptedFetch();
    const guard = () => ({ redirect: "+447700900999", reason: "staging" });
    expect(await notifierOf(fetch, { guard }).call(rename())).toMatchObject({ outcome: "captured" });
    expect(sent).toHaveLength(0);
  });

  it("is captured when it cannot say whom it reaches", async () => {
    const { fetch, sent } = scriptedFetch();
    const addresses = () => {
      throw new Error("no");
    };
    const guard = () => ({ pass: true as const });
    expect(await notifierOf(fetch, { guard }).call(rename({ addresses }))).toMatchObject({ outcome: "captured" });
    expect(sent).toHaveLength(0);
  });
});
