import { afterEach, describe, expect, it, vi } from "vitest";
import type { OutboundRequest } from "../provider/request.ts";
import { perform, type PerformOptions } from "./perform.ts";
import { userAgent } from "./user-agent.ts";

const request: OutboundRequest = {
  method: "POST",
  url: "https://api.example.com/v1/send//x%2Fy?a=b",
  headers: { "content-type": "application/json", authorization: "Bearer hush-hush" },
  body: "{}",
  secrets: ["hush-hush"],
};

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

type Answer = (call: Call) => Response | Promise<Response>;

function setup(answer: Answer): { calls: Call[]; run(options?: Partial<PerformOptions>): ReturnType<typeof perform> } {
  const calls: Call[] = [];
  const fetch: PerformOptions["fetch"] = async (url, init) => {
    calls.push({ url, init });
    return answer({ url, init });
  };
  return { calls, run: (options) => perform(request, { fetch, timeoutMs: 1000, ...options }) };
}

/** A body that gives the parts and then ends, breaks or hangs. */
function body(parts: readonly string[], then: "end" | "break" | "hang", onCancel = (): void => {}): ReadableStream {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      const part = parts[index++];
      if (part !== undefined) controller.enqueue(new TextEncoder().encode(part));
      else if (then === "end") controller.close();
      else if (then === "break") controller.error(new Error(`socket of ${request.url} hung up`));
      else return new Promise(() => {});
      return undefined;
    },
    cancel: onCancel,
  });
}

const never = (): Promise<Response> => new Promise(() => {});

afterEach(() => void vi.restoreAllMocks());

describe("perform", () => {
  it("performs the request and reads the answer", async () => {
    const { calls, run } = setup(() => new Response('{"id":"1"}', { status: 202, headers: { "x-a": "b" } }));
    const performed = await run();
    expect(performed).toMatchObject({
      ok: true,
      response: { status: 202, text: '{"id":"1"}', json: { id: "1" }, truncated: false },
    });
    expect(performed.ok && performed.response.headers.get("x-a")).toBe("b");
    const { url, init } = calls[0] as Call;
    expect(url).toBe(request.url);
    expect(init).toMatchObject({
      method: "POST",
      body: "{}",
      redirect: "manual",
      headers: { ...request.headers, "user-agent": userAgent },
    });
  });

  it("keeps a user agent that the provider sets", async () => {
    const { calls, run } = setup(() => new Response());
    await run();
    await perform(
      { ...request, headers: { "user-agent": "own/1" } },
      { timeoutMs: 1000, fetch: async (url, init) => (calls.push({ url, init }), new Response()) },
    );
    expect((calls[1] as Call).init.headers).toEqual({ "user-agent": "own/1" });
  });

  it("calls fetch without a this", async () => {
    const seen: unknown[] = [];
    await perform(request, {
      timeoutMs: 1000,
      fetch: async function (this: unknown) {
        seen.push(this);
        return new Response();
      },
    });
    expect(seen).toEqual([undefined]);
  });

  it.each([
    ["http://localhost:8025", "http://localhost:8025/v1/send//x%2Fy?a=b"],
    ["http://localhost:8025/", "http://localhost:8025/v1/send//x%2Fy?a=b"],
    ["https://sim.example/resend/", "https://sim.example/resend/v1/send//x%2Fy?a=b"],
    ["https://sim.example/$&", "https://sim.example/$&/v1/send//x%2Fy?a=b"],
  ])("puts the base URL %s in place of the origin alone", async (baseUrl, expected) => {
    const { calls, run } = setup(() => new Response());
    await run({ baseUrl });
    expect(calls[0]?.url).toBe(expected);
  });

  it.each([204, 304])("reads a %d, which has no body", async (status) => {
    const { run } = setup(() => new Response(null, { status }));
    expect(await run()).toMatchObject({ ok: true, response: { status, text: "", json: undefined, truncated: false } });
  });

  it.each(["ok", "<html>", "nope", "{", ""])("gives no JSON for %j", async (text) => {
    const { run } = setup(() => new Response(text));
    expect(await run()).toMatchObject({ ok: true, response: { text, json: undefined } });
  });

  it("gives a redirect as it is, and does not follow it", async () => {
    const { calls, run } = setup(
      () => new Response(null, { status: 302, headers: { location: "https://evil.example" } }),
    );
    expect(await run()).toMatchObject({ ok: true, response: { status: 302 } });
    expect(calls).toHaveLength(1);
  });

  it("decodes characters that are split between parts", async () => {
    const bytes = new TextEncoder().encode('"é🔔"');
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const { run } = setup(() => new Response(stream));
    expect(await run()).toMatchObject({ ok: true, response: { json: "é🔔" } });
  });

  it("reads no more than the limit and cancels the rest", async () => {
    const cancelled = vi.fn();
    const { run } = setup(() => new Response(body(['["aaaa"', ',"bbbb"]'], "hang", cancelled)));
    expect(await run({ maxResponseBytes: 9 })).toEqual({
      ok: true,
      response: expect.objectContaining({ text: '["aaaa","', json: undefined, truncated: true }),
    });
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("takes a body of exactly the limit as whole", async () => {
    const { run } = setup(() => new Response("[1,2]"));
    expect(await run({ maxResponseBytes: 5 })).toMatchObject({ response: { json: [1, 2], truncated: false } });
    expect(await run({ maxResponseBytes: 4 })).toMatchObject({ response: { text: "[1,2", truncated: true } });
  });

  it("limits to 256 kB by default", async () => {
    const { run } = setup(() => new Response("x".repeat(300_000)));
    const performed = await run();
    expect(performed.ok && performed.response.text.length).toBe(256_000);
  });
});

describe("a failure of perform", () => {
  it("is network when the connection fails, in our words", async () => {
    const { run } = setup(() => Promise.reject(new TypeError(`error sending request for url (${request.url})`)));
    const performed = await run();
    expect(performed).toMatchObject({ ok: false, kind: "network", notAccepted: undefined });
    expect(JSON.stringify(performed)).not.toContain("api.example.com");
  });

  it.each([
    { ...request, url: "not a url" },
    { ...request, headers: { authorization: "line\nbreak" } },
  ])("was never in flight when the platform does not take the request", async (wrong) => {
    const fetch: PerformOptions["fetch"] = async (url, init) => (new Request(url, init), new Response());
    expect(await perform(wrong, { fetch, timeoutMs: 1000 })).toMatchObject({
      ok: false,
      kind: "network",
      notAccepted: true,
    });
  });

  it("is a time-out when no answer comes, and stops the request", async () => {
    const { calls, run } = setup(never);
    expect(await run({ timeoutMs: 20 })).toMatchObject({ ok: false, kind: "timeout", notAccepted: undefined });
    expect((calls[0] as Call).init.signal?.aborted).toBe(true);
  });

  it("is a time-out when a good answer's body does not end", async () => {
    const { run } = setup(() => new Response(body(['{"id":'], "hang")));
    expect(await run({ timeoutMs: 20 })).toMatchObject({
      ok: false,
      kind: "timeout",
      notAccepted: undefined,
      status: 200,
    });
  });

  it.each(["hang", "break"] as const)(
    "is none when a refusal's body does %s: the status has been said",
    async (how) => {
      const { run } = setup(() => new Response(body(["{"], how), { status: 422 }));
      expect(await run({ timeoutMs: 20 })).toMatchObject({
        ok: true,
        response: { status: 422, text: "{", json: undefined, truncated: true },
      });
    },
  );

  it("is an unexpected response when a good answer breaks off: it may have been sent", async () => {
    const { run } = setup(() => new Response(body(['{"id":'], "break")));
    expect(await run()).toMatchObject({ ok: false, kind: "unexpected-response", notAccepted: undefined, status: 200 });
  });

  it("is aborted, and not in flight, when the caller had aborted before", async () => {
    const { calls, run } = setup(never);
    expect(await run({ signal: AbortSignal.abort() })).toMatchObject({ ok: false, kind: "aborted", notAccepted: true });
    expect(calls).toHaveLength(0);
  });

  it.each([
    ["before the answer", never],
    ["in the body", () => new Response(body(["{"], "hang"))],
  ])("is aborted, and in flight, when the caller aborts %s", async (_, answer) => {
    const { calls, run } = setup(answer);
    const controller = new AbortController();
    const running = run({ signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    expect(await running).toMatchObject({ ok: false, kind: "aborted", notAccepted: undefined });
    expect((calls[0] as Call).init.signal?.aborted).toBe(true);
  });

  it("leaves no timer and no listener behind", async () => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const set = vi.spyOn(globalThis, "setTimeout");
    const cleared = vi.spyOn(globalThis, "clearTimeout");
    const { run } = setup(() => new Response("{}"));
    await run({ signal: controller.signal });
    expect(added.mock.calls.map(([, listener]) => listener)).toEqual(
      removed.mock.calls.map(([, listener]) => listener),
    );
    expect(added).toHaveBeenCalledOnce();
    const timer = set.mock.results[0]?.value as unknown;
    expect(cleared).toHaveBeenCalledWith(timer);
  });
});
