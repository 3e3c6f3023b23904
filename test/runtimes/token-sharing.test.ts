import { simulatorCredentials } from "@carillon/simulator";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, Response } from "miniflare";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";

const { folder } = inject("consumer");
const { serviceAccount } = simulatorCredentials.fcm;

/**
 * A Worker whose invocations share an isolate, and in it one notifier. `/leave` begins a send and ends while its token is
 * still on its way; `/naive/...` do the same with a promise that is shared, which is what must not be done.
 */
const worker = `
import { createNotifier } from "carillon";
import { fcm } from "carillon/providers/fcm";

const notifier = createNotifier({ fcm: [fcm({ serviceAccount: ${JSON.stringify(serviceAccount)} })], attempts: 1 });
const send = () => notifier.send({ channel: "fcm", to: { token: "t" }, title: "T" });
let shared;
const hung = () => new Promise((resolve) => setTimeout(resolve, 4000, "hung"));

export default {
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/send":
        return Response.json(await send());
      case "/leave":
        send();
        // Long enough for its request to be under way.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return new Response("left");
      case "/naive/leave":
        shared = fetch("https://oauth2.googleapis.com/token", { method: "POST" }).then(() => "token");
        await new Promise((resolve) => setTimeout(resolve, 50));
        return new Response("left");
      case "/naive/send":
        return new Response(await Promise.race([shared, hung()]));
    }
  },
};`;

let contents: string;
let miniflare: Miniflare | undefined;

beforeAll(async () => {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    stdin: { contents: worker, resolveDir: folder },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
  });
  contents = outputFiles[0]?.text ?? "";
});

afterEach(async () => {
  await miniflare?.dispose();
});

/** Answers each request for a token after so many milliseconds, the last of them again and again. */
function start(
  compatibilityDate: string,
  ...delaysMs: readonly number[]
): {
  readonly call: (path: string) => Promise<string>;
  /** Of requests for a token, and of messages with the token that each carried. */
  readonly seen: { tokens: number; readonly messages: (string | null)[] };
} {
  const seen = { tokens: 0, messages: [] as (string | null)[] };
  const started = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "worker.mjs", contents }],
      compatibilityDate,
      async outboundService(request: { readonly url: string; readonly headers: { get(name: string): string | null } }) {
        if (new URL(request.url).hostname !== "oauth2.googleapis.com") {
          seen.messages.push(request.headers.get("authorization"));
          return Response.json({ name: `projects/p/messages/${seen.messages.length}` });
        }
        const number = ++seen.tokens;
        await new Promise((resolve) => setTimeout(resolve, delaysMs[number - 1] ?? delaysMs.at(-1)));
        return Response.json({ access_token: `ya29.${number}`, expires_in: 3599, token_type: "Bearer" });
      },
    }),
  );
  miniflare = started;
  const call = async (path: string): Promise<string> =>
    (await started.dispatchFetch(`https://app.example${path}`)).text();
  return { call, seen };
}

const ok = expect.objectContaining({ ok: true, provider: "fcm" }) as object;

/**
 * What becomes of a promise whose invocation has ended, when another one waits for it: before 2024-10-14 nothing, ever;
 * since then it rejects at once (`handle_cross_request_promise_resolution`).
 */
describe.each([
  ["2024-10-01", "hung"],
  ["2026-08-01", "can never settle"],
])("in workerd of %s, an access token", (date, naive) => {
  it("that an invocation began to get, and did not wait for, holds up nobody else", async () => {
    const { call, seen } = start(date, 20_000, 0);
    expect(await call("/leave")).toBe("left");
    const startedAt = performance.now();
    expect(JSON.parse(await call("/send"))).toEqual(ok);
    // Two seconds at most are waited for the other's, and then it gets one of its own.
    expect(performance.now() - startedAt).toBeLessThan(3500);
    expect(seen).toEqual({ tokens: 2, messages: ["Bearer ya29.2"] });
    expect(JSON.parse(await call("/send"))).toEqual(ok);
    expect(seen).toEqual({ tokens: 2, messages: ["Bearer ya29.2", "Bearer ya29.2"] });
  });

  it("is got once for invocations that run at a time, and kept for those that come later", async () => {
    const { call, seen } = start(date, 300);
    const results = await Promise.all(Array.from({ length: 8 }, () => call("/send")));
    expect(results.map((text) => JSON.parse(text) as unknown)).toEqual(Array(8).fill(ok));
    expect(seen.tokens).toBe(1);
    expect(JSON.parse(await call("/send"))).toEqual(ok);
    expect(seen).toEqual({ tokens: 1, messages: Array(9).fill("Bearer ya29.1") });
  });

  it("does not come where its promise is shared", async () => {
    const { call } = start(date, 500);
    expect(await call("/naive/leave")).toBe("left");
    expect(await call("/naive/send")).toContain(naive);
  });
});
